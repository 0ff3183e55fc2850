import type { Database, Transaction } from "@rempart/database";
import type { Clock, Random } from "@rempart/kernel";
import type { Envelopes } from "@rempart/keys";
import { AuditError } from "../errors.ts";
import { toBase64 } from "../note/base64.ts";
import type { Checkpoint } from "../note/checkpoint.ts";
import type { ObjectStore } from "../ports.ts";
import type { TreeHash } from "../tree/hash.ts";
import { CHECKPOINT_PATH, logObjects } from "./objects.ts";
import { openTail, rememberedHead, shownHead } from "./opening.ts";
import type { Record as RecordEvent } from "./record.ts";
import { SEQUENCER_LOCK } from "./sequencer.ts";
import { insertSigner, newestSigner } from "./signer.ts";

export interface ContinueOptions {
  readonly database: Database;
  readonly envelopes: Envelopes;
  /** Of the installation. */
  readonly objects: ObjectStore;
  readonly hash: TreeHash;
  readonly record: RecordEvent;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Continued {
  /** The name from now on. Tell it, and the new key, to whoever verifies, and to the witnesses. */
  readonly origin: string;
  /** The last head of the log that ended. */
  readonly after: Checkpoint;
  /** Entries up to the last head that the database remembers: what is beyond them only the old log's files still tell. */
  readonly kept: number;
}

/**
 * After a restore: ends the log whose published head the database cannot honour, and begins another one, under a new name and
 * key, with all that the database has. An `audit.continued` entry names the head that was given up. Its files are made by the
 * next round of a sequencer that is opened with the new signer; those of the old log stay. Throws `AuditError` `not-broken`
 * when the log can go on as it is.
 */
export function continueLog(options: ContinueOptions): Promise<Continued> {
  return options.database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock($1::bigint)", [SEQUENCER_LOCK]);
    const signer = await newestSigner(tx);
    if (signer === undefined) throw new AuditError("not-broken", "no log was begun");
    const { origin, generation } = signer;
    const after = await brokenHead(tx, options, origin, generation);
    const kept = (await rememberedHead(tx, options.hash)).size;
    const next = await unusedGeneration(options.objects, generation + 1);
    const name = nameOf(origin, generation, next);
    await insertSigner(tx, { ...options, origin: name }, next);
    const metadata = { after: after.origin, size: after.size, root: toBase64(after.root), kept };
    const resource = { type: "log", id: name, metadata };
    await options.record(tx, { type: "audit.continued", resource, allow: Object.keys(metadata) });
    return { origin: name, after, kept };
  });
}

async function brokenHead(
  tx: Transaction,
  { objects, hash }: ContinueOptions,
  origin: string,
  generation: number,
): Promise<Checkpoint> {
  const own = logObjects(objects, generation);
  const shown = await shownHead(own);
  if (shown === null) throw new AuditError("not-broken", "nothing was published under this name");
  const head = await rememberedHead(tx, hash);
  try {
    await openTail(tx, { hash, objects: own, earlier: null, origin }, head);
  } catch (error) {
    if (error instanceof AuditError) return shown;
    throw error;
  }
  throw new AuditError("not-broken", `the log of ${shown.size} entries can go on`);
}

/** A database from before an earlier continuation knows nothing of it; its files are there all the same. */
async function unusedGeneration(objects: ObjectStore, first: number): Promise<number> {
  let generation = first;
  while ((await logObjects(objects, generation).get(CHECKPOINT_PATH)) !== null) generation += 1;
  return generation;
}

function nameOf(origin: string, generation: number, next: number): string {
  const first = generation === 1 ? origin : origin.slice(0, origin.lastIndexOf("/"));
  return `${first}/${next}`;
}
