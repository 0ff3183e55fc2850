import type { Database } from "@rempart/database";
import { type Envelopes, type VersionedSecrets, versionedSecrets } from "@rempart/keys";

/** A token lives 12 hours. */
const OVERLAP_MS = 24 * 3_600_000;
/** An operator who retires a version waits this long until no process accepts its tokens. */
const FRESH_MS = 1_000;

/** What tags CSRF tokens, for every process of the installation and for the operator's commands. */
export function csrfSecrets(ports: { database: Database; envelopes: Envelopes }): VersionedSecrets {
  return versionedSecrets({ ...ports, purpose: "csrf", overlapMs: OVERLAP_MS, freshMs: FRESH_MS });
}
