import type { Transaction } from "@rempart/database";
import { type Clock, equalBytes, utf8 } from "@rempart/kernel";
import { AuditError } from "../errors.ts";
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from "../note/checkpoint.ts";
import { type SignEd25519, signNote, type VerifierKey } from "../note/keys.ts";
import { formatNote, parseNote, type SignedNote } from "../note/note.ts";
import type { ObjectStore } from "../ports.ts";
import { rootOf } from "../tree/edge.ts";
import type { TreeHash } from "../tree/hash.ts";
import { type EntryRow, entryBytes } from "./place.ts";
import { EMPTY_TAIL, extend, readTail, type Tail } from "./tail.ts";

export const CHECKPOINT_PATH = "checkpoint";

/** Who the log is. */
export interface LogSigner {
  readonly origin: string;
  readonly key: VerifierKey;
  readonly sign: SignEd25519;
}

export interface PublisherOptions {
  readonly hash: TreeHash;
  readonly objects: ObjectStore;
  readonly signer: LogSigner;
  readonly clock: Clock;
}

interface Head {
  readonly size: number;
  readonly root: Uint8Array;
}

/** A head as it was signed and shown. */
export interface SignedHead extends Checkpoint {
  readonly note: SignedNote;
}

/** The entry's columns are null when somebody removed its row: the tree keeps its place, and verification names it. */
type LeafRow = { leaf_index: number; leaf_hash: Buffer } & (EntryRow | { id: null });

/** Entries that one head may add: bounds memory when a log catches up. */
const MAX_ENTRIES_PER_HEAD = 16_384;

/** Turns placed entries into tiles, bundles and signed heads. Runs under the sequencer's lock: never two at once. */
export class Publisher {
  readonly #options: PublisherOptions;
  /** As of the last head; null until it is read, and again after a failure. */
  #tail: Tail | null = null;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** The new head, or null when nothing was added. Its files are durable before it is. */
  async publish(tx: Transaction): Promise<SignedHead | null> {
    try {
      return await this.#publish(tx);
    } catch (error) {
      this.#tail = null;
      throw error;
    }
  }

  async #publish(tx: Transaction): Promise<SignedHead | null> {
    const signed = await lastHead(tx, this.#options.hash);
    // Another process may have published since: what is remembered here is only good for the head it was made for.
    const tail = this.#tail?.edge.size === signed.size ? this.#tail : await this.#open(tx, signed);
    this.#tail = tail;
    const rows = await leavesFrom(tx, tail.edge.size);
    if (rows.length === 0) return null;
    const { hash, objects } = this.#options;
    const entries = rows.map((row) => ({
      leaf: row.leaf_hash,
      bytes: row.id === null ? new Uint8Array(0) : entryBytes(row),
    }));
    const extended = extend(hash, tail, entries);
    await Promise.all(extended.objects.map(({ path, content }) => objects.put(path, content)));
    const head = await this.#sign(tx, extended.tail);
    this.#tail = extended.tail;
    await Promise.all(extended.spent.map((folder) => objects.removeBelow(folder)));
    return head;
  }

  async #sign(tx: Transaction, { edge }: Tail): Promise<SignedHead> {
    const { hash, objects, signer, clock } = this.#options;
    const checkpoint = { origin: signer.origin, size: edge.size, root: rootOf(hash, edge), extensions: [] };
    const text = formatCheckpoint(checkpoint);
    const note = { text, signatures: [await signNote(text, signer.key, signer.sign)] };
    await tx.query("INSERT INTO audit_checkpoints (size, root, note, created_at) VALUES ($1, $2, $3, $4)", [
      checkpoint.size,
      Buffer.from(checkpoint.root),
      formatNote(note),
      new Date(clock.now()),
    ]);
    await objects.put(CHECKPOINT_PATH, utf8(formatNote(note)));
    return { ...checkpoint, note };
  }

  /** Shows a head again, with what witnesses have signed of it; not when there is a newer one. */
  async showCosigned(tx: Transaction, { size, note }: SignedHead): Promise<void> {
    const { hash, objects } = this.#options;
    const last = await lastHead(tx, hash);
    if (last.size === size) await objects.put(CHECKPOINT_PATH, utf8(formatNote(note)));
  }

  /** The end of the log as published, after checking that it is the database's. */
  async #open(tx: Transaction, signed: Head): Promise<Tail> {
    const { hash, objects } = this.#options;
    await checkPublished(tx, objects, signed);
    const tail = signed.size === 0 ? EMPTY_TAIL : await readTail(objects, signed.size);
    if (!equalBytes(rootOf(hash, tail.edge), signed.root))
      throw new AuditError("log-diverged", `the tiles do not add up to the head of ${signed.size} entries`);
    return tail;
  }
}

async function lastHead(tx: Transaction, hash: TreeHash): Promise<Head> {
  const [row] = await tx.query<{ size: number; root: Buffer }>(
    "SELECT size, root FROM audit_checkpoints ORDER BY size DESC LIMIT 1",
  );
  return row ?? { size: 0, root: hash.empty };
}

/**
 * What the world was shown must be what the database remembers. A head beyond the last remembered one is only in order when
 * the process ended between showing it and remembering it: then its entries are placed, and will be signed the same way.
 */
async function checkPublished(tx: Transaction, objects: ObjectStore, signed: Head): Promise<void> {
  const bytes = await objects.get(CHECKPOINT_PATH);
  if (bytes === null) {
    if (signed.size > 0) throw new AuditError("missing-tile", "the object store has no checkpoint");
    return;
  }
  const note = parseNote(bytes);
  const shown = note && parseCheckpoint(note.text);
  if (!shown) throw new AuditError("log-diverged", "the published checkpoint is not a checkpoint");
  const [placed] = await tx.query<{ size: number }>("SELECT size FROM audit_sequence");
  if (shown.size > (placed?.size ?? 0))
    throw new AuditError(
      "log-rolled-back",
      `${shown.size} entries were published, the database has placed ${placed?.size ?? 0}`,
    );
  const [same] = await tx.query<{ root: Buffer }>("SELECT root FROM audit_checkpoints WHERE size = $1", [
    shown.size,
  ]);
  if (same !== undefined && !equalBytes(same.root, shown.root))
    throw new AuditError("log-diverged", `two heads of ${shown.size} entries differ`);
  if (same === undefined && shown.size < signed.size)
    throw new AuditError(
      "log-diverged",
      `a head of ${shown.size} entries was published and is not remembered`,
    );
}

function leavesFrom(tx: Transaction, size: number): Promise<LeafRow[]> {
  return tx.query<LeafRow>(
    `SELECT l.leaf_index, l.leaf_hash, e.id, e.created_at, e.event_type, e.retention, e.commitment
     FROM audit_leaves l LEFT JOIN audit_entries e ON e.id = l.entry_id
     WHERE l.leaf_index >= $1 ORDER BY l.leaf_index LIMIT $2`,
    [size, MAX_ENTRIES_PER_HEAD],
    { name: "audit-leaves" },
  );
}
