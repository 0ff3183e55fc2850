import type { Database } from "@rempart/database";
import { type EnvelopeColumn, envelopeColumn, type RewrapSource } from "@rempart/keys";

/** Every column that holds envelopes. */
export const ENVELOPE_COLUMNS: readonly EnvelopeColumn[] = [
  { table: "totp_factors", column: "seed" },
  { table: "audit_signers", column: "sealed_key" },
  { table: "audit_subjects", column: "sealed_key", key: "subject", keyType: "text" },
  { table: "mail_outbox", column: "sealed_values" },
  { table: "signing_keys", column: "private_key" },
  { table: "secret_versions", column: "secret", key: "(purpose || '/' || id)", keyType: "text" },
];

export function envelopeSources(database: Database): RewrapSource[] {
  return ENVELOPE_COLUMNS.map((column) => envelopeColumn(database, column));
}
