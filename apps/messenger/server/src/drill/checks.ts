import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  directoryStore,
  nodePrimitives,
  type ObjectStore,
  presentLog,
  signerKeys,
  verifyRestored,
} from "@rempart/audit";
import type { Database } from "@rempart/database";
import type { DrillCheck } from "@rempart/database/backup";
import { explain, systemClock } from "@rempart/kernel";
import type { Envelopes } from "@rempart/keys";
import { envelopeSources } from "../storage/envelope-columns.ts";
import { invariantChecks } from "./invariants.ts";

export interface DrillChecksOptions {
  readonly envelopes: Envelopes;
  /** The audit log as the installation has published it. */
  readonly published: ObjectStore;
}

/** What must hold of a restored messenger. */
export function drillChecks({ envelopes, published }: DrillChecksOptions): readonly DrillCheck[] {
  return [
    ...invariantChecks,
    { name: "sealed secrets open", run: (database) => openSecrets(database, envelopes) },
    { name: "audit log", run: (database) => verifyAuditLog(database, published) },
  ];
}

/** Recovery is over when this is answered: the one row that every installation has. */
export async function firstQuery(database: Database): Promise<void> {
  const rows = await database.query("SELECT incarnation FROM server_state");
  if (rows.length !== 1) throw new Error("this is no database of a messenger");
}

/** Of each column: a key that opens these opens the others. */
const OPENED = 100;

async function openSecrets(database: Database, envelopes: Envelopes): Promise<readonly string[]> {
  const { signal } = new AbortController();
  const findings: string[] = [];
  for (const source of envelopeSources(database)) {
    let opened = 0;
    for await (const { envelope, where } of source.rows(undefined, signal)) {
      await envelopes.open(envelope, where).catch((error: unknown) => {
        findings.push(`${source.name} of ${where.row}: ${explain(error)}`);
      });
      opened += 1;
      if (opened === OPENED) break;
    }
  }
  return findings;
}

/**
 * Every entry against the signed tree. The keys come with the database: this proves that the restored log is whole, and
 * `rempart audit verify --key` that nobody forged it.
 */
async function verifyAuditLog(database: Database, published: ObjectStore): Promise<readonly string[]> {
  const logKeys = await signerKeys(database);
  const [newest] = logKeys;
  if (newest === undefined) return [];
  const directory = await mkdtemp(join(tmpdir(), "rempart-drill-audit-"));
  try {
    const { findings } = await verifyRestored({
      database,
      scratch: directoryStore(directory),
      published: await presentLog(database, published),
      primitives: nodePrimitives,
      policy: { origin: newest.name, logKeys, witnessKeys: [], quorum: 0 },
      now: systemClock.now(),
    });
    return findings.map(({ kind, detail, index }) => `${kind} at ${index ?? "the head"}: ${detail}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
