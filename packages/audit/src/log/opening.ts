/** Going on with a log: its end as published, believed only after it was compared with what the database remembers. */
import type { Queryable } from "@rempart/database";
import { equalBytes } from "@rempart/kernel";
import { AuditError } from "../errors.ts";
import { type Checkpoint, parseCheckpoint } from "../note/checkpoint.ts";
import { parseNote } from "../note/note.ts";
import type { ObjectStore } from "../ports.ts";
import { append, rootOf } from "../tree/edge.ts";
import type { TreeHash } from "../tree/hash.ts";
import { leavesFrom, MAX_ENTRIES_PER_HEAD } from "./leaves.ts";
import { CHECKPOINT_PATH } from "./objects.ts";
import { rebuild } from "./rebuild.ts";
import { EMPTY_TAIL, readTail, type Tail } from "./tail.ts";

export interface OpeningOptions {
  readonly hash: TreeHash;
  /** Of this log. */
  readonly objects: ObjectStore;
  /** Of the log that this one continues; null for the first. */
  readonly earlier: ObjectStore | null;
  readonly origin: string;
}

/** The last head that the database remembers to have signed. */
export interface Remembered {
  /** Null: nothing was ever signed. */
  readonly origin: string | null;
  readonly size: number;
  readonly root: Uint8Array;
}

export async function rememberedHead(db: Queryable, hash: TreeHash): Promise<Remembered> {
  const [row] = await db.query<{ size: number; root: Buffer; note: string }>(
    "SELECT size, root, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1",
  );
  if (row === undefined) return { origin: null, size: 0, root: hash.empty };
  return { origin: row.note.split("\n", 1)[0] ?? null, size: row.size, root: row.root };
}

/** Throws `AuditError` when what was published and what the database says cannot both be true. */
export async function openTail(db: Queryable, options: OpeningOptions, head: Remembered): Promise<Tail> {
  const { hash, objects, origin } = options;
  const shown = await shownHead(objects);
  const continues = shown === null && head.origin !== origin ? options.earlier : null;
  if (continues === null) await compareHeads(db, shown, head);
  const tail = continues
    ? await rebuild(db, { hash, objects, earlier: continues }, head.size)
    : await endOf(options, head);
  if (!equalBytes(rootOf(hash, tail.edge), head.root))
    throw new AuditError("log-diverged", `the tiles do not add up to the head of ${head.size} entries`);
  if (shown !== null && shown.size > head.size) await compareAhead(db, hash, tail, shown);
  return tail;
}

function endOf({ objects }: OpeningOptions, { size }: Remembered): Promise<Tail> | Tail {
  return size === 0 ? EMPTY_TAIL : readTail(objects, size);
}

/** What was published last, whoever signed it; null when nothing was. */
export async function shownHead(objects: ObjectStore): Promise<Checkpoint | null> {
  const bytes = await objects.get(CHECKPOINT_PATH);
  if (bytes === null) return null;
  const note = parseNote(bytes);
  const shown = note && parseCheckpoint(note.text);
  if (!shown) throw new AuditError("log-diverged", "the published checkpoint is not a checkpoint");
  return shown;
}

async function compareHeads(db: Queryable, shown: Checkpoint | null, head: Remembered): Promise<void> {
  if (shown === null) {
    if (head.size > 0) throw new AuditError("missing-tile", "the object store has no checkpoint");
    return;
  }
  const [sequence] = await db.query<{ size: number }>("SELECT size FROM audit_sequence");
  const placed = sequence?.size ?? 0;
  if (shown.size > placed)
    throw new AuditError(
      "log-rolled-back",
      `${shown.size} entries were published, the database has placed ${placed}`,
    );
  const [same] = await db.query<{ root: Buffer }>("SELECT root FROM audit_checkpoints WHERE size = $1", [
    shown.size,
  ]);
  if (same !== undefined && !equalBytes(same.root, shown.root))
    throw new AuditError("log-diverged", `two heads of ${shown.size} entries differ`);
  if (same === undefined && shown.size < head.size)
    throw new AuditError(
      "log-diverged",
      `a head of ${shown.size} entries was published and is not remembered`,
    );
}

/**
 * A head beyond the last remembered one is in order when the process ended between showing it and remembering it: then it
 * is one head ahead, and the places it is over are in the database. Otherwise the database was restored, and has grown since.
 */
async function compareAhead(db: Queryable, hash: TreeHash, { edge }: Tail, shown: Checkpoint): Promise<void> {
  const count = shown.size - edge.size;
  const rows = count > MAX_ENTRIES_PER_HEAD ? [] : await leavesFrom(db, edge.size, count);
  const leaves = rows.map(({ leaf_hash }) => leaf_hash);
  if (!equalBytes(rootOf(hash, append(hash, edge, leaves).edge), shown.root))
    throw new AuditError("log-diverged", `the head of ${shown.size} entries was signed over other entries`);
}
