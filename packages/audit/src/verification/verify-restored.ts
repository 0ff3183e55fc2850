import { CHECKPOINT_PATH } from "../log/objects.ts";
import { rebuild } from "../log/rebuild.ts";
import type { ObjectStore } from "../ports.ts";
import { treeHash } from "../tree/hash.ts";
import { reportOf, type VerificationReport } from "./finding.ts";
import { type VerifyOptions, verifyLog } from "./verify-log.ts";

export interface VerifyRestoredOptions extends Omit<VerifyOptions, "objects"> {
  /** Empty: the files that belong to the database are made here. */
  readonly scratch: ObjectStore;
  /** The published files, where entries stand whose rows were pruned. */
  readonly published: ObjectStore;
}

/**
 * Verifies a database that came from a backup, which may be older than what was published since: against the newest head that
 * it remembers itself. Witnesses sign what is published; their signatures are not asked for here.
 */
export async function verifyRestored(options: VerifyRestoredOptions): Promise<VerificationReport> {
  const { scratch, published, ...rest } = options;
  const { database, primitives, policy } = options;
  const [head] = await database.query<{ size: number; note: string }>(
    "SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1",
  );
  if (head === undefined) return reportOf([], { checked: 0, pruned: 0, size: 0 });
  const hash = treeHash(primitives.sha256);
  await rebuild(database, { hash, objects: scratch, earlier: published }, head.size);
  await scratch.put(CHECKPOINT_PATH, Buffer.from(head.note));
  // A log that was continued may remember no head under its new name yet.
  const named = policy.logKeys.find(({ name }) => head.note.startsWith(`${name}\n`));
  const origin = named?.name ?? policy.origin;
  return verifyLog({ ...rest, objects: scratch, policy: { ...policy, origin, quorum: 0 } });
}
