import type { Transaction } from "@rempart/database";
import { type Clock, utf8 } from "@rempart/kernel";
import { AuditError } from "../errors.ts";
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from "../note/checkpoint.ts";
import { type SignEd25519, signNote, type VerifierKey } from "../note/keys.ts";
import { formatNote, parseNote, type SignedNote } from "../note/note.ts";
import type { ObjectStore } from "../ports.ts";
import { rootOf } from "../tree/edge.ts";
import type { TreeHash } from "../tree/hash.ts";
import { entryBytes, leavesFrom, MAX_ENTRIES_PER_HEAD } from "./leaves.ts";
import { CHECKPOINT_PATH, logObjects } from "./objects.ts";
import { openTail, rememberedHead } from "./opening.ts";
import { extend, type Tail } from "./tail.ts";

/** Who the log is. */
export interface LogSigner {
  readonly origin: string;
  /** 1, and one more for each time that the log was continued under a new name. */
  readonly generation: number;
  readonly key: VerifierKey;
  readonly sign: SignEd25519;
}

export interface PublisherOptions {
  readonly hash: TreeHash;
  /** Of the installation: what each of its logs has published. */
  readonly objects: ObjectStore;
  readonly signer: LogSigner;
  readonly clock: Clock;
}

/** A head as it was signed and shown. */
export interface SignedHead extends Checkpoint {
  readonly note: SignedNote;
}

/** Turns placed entries into tiles, bundles and signed heads. Runs under the sequencer's lock: never two at once. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #objects: ObjectStore;
  /** As of the last head; null until it is read, and again after a failure. */
  #tail: Tail | null = null;
  /** The published checkpoint, byte for byte, when it was read or written last. */
  #shown: Uint8Array | null = null;
  /** The head that stood when the log was opened, while it stands. */
  #found: SignedHead | null = null;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#objects = logObjects(options.objects, options.signer.generation);
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

  /** The head that this publisher found and that still stands, once: who made it may have ended before witnesses signed it. */
  takeUp(): SignedHead | null {
    const found = this.#found;
    this.#found = null;
    return found;
  }

  async #publish(tx: Transaction): Promise<SignedHead | null> {
    const tail = await this.#open(tx);
    this.#tail = tail;
    const rows = await leavesFrom(tx, tail.edge.size, MAX_ENTRIES_PER_HEAD);
    if (rows.length === 0) return null;
    const { hash } = this.#options;
    const objects = this.#objects;
    const entries = rows.map((row) => ({
      leaf: row.leaf_hash,
      bytes: row.id === null ? new Uint8Array(0) : entryBytes(row),
    }));
    const extended = extend(hash, tail, entries);
    await Promise.all(extended.objects.map(({ path, content }) => objects.put(path, content)));
    const head = await this.#sign(tx, extended.tail);
    this.#tail = extended.tail;
    this.#found = null;
    await Promise.all(extended.spent.map((folder) => objects.removeBelow(folder)));
    return head;
  }

  /** Another process may have published since: what is kept here is only good for the head it was made for. */
  async #open(tx: Transaction): Promise<Tail> {
    const { hash, objects, signer } = this.#options;
    const head = await rememberedHead(tx, hash);
    if (this.#tail?.edge.size === head.size) return this.#tail;
    // Before it is compared: whatever replaces it from here on is not overwritten.
    this.#shown = await this.#objects.get(CHECKPOINT_PATH);
    const { origin, generation } = signer;
    const earlier = generation === 1 ? null : logObjects(objects, generation - 1);
    const tail = await openTail(tx, { hash, objects: this.#objects, earlier, origin }, head);
    this.#found = this.#shown && signedHeadIn(this.#shown);
    return tail;
  }

  async #sign(tx: Transaction, { edge }: Tail): Promise<SignedHead> {
    const { hash, signer, clock } = this.#options;
    const checkpoint = { origin: signer.origin, size: edge.size, root: rootOf(hash, edge), extensions: [] };
    const text = formatCheckpoint(checkpoint);
    const note = { text, signatures: [await signNote(text, signer.key, signer.sign)] };
    await tx.query("INSERT INTO audit_checkpoints (size, root, note, created_at) VALUES ($1, $2, $3, $4)", [
      checkpoint.size,
      Buffer.from(checkpoint.root),
      formatNote(note),
      new Date(clock.now()),
    ]);
    if (!(await this.#show(note)))
      throw new AuditError("overtaken", "another process published meanwhile, and its head stands");
    return { ...checkpoint, note };
  }

  /** False: another process has shown a head since. */
  async #show(note: SignedNote): Promise<boolean> {
    const bytes = utf8(formatNote(note));
    const shown = await this.#objects.replace(CHECKPOINT_PATH, bytes, this.#shown);
    if (shown) this.#shown = bytes;
    return shown;
  }

  /** Shows a head again, with what witnesses have signed of it; not when there is a newer one. */
  async showCosigned(tx: Transaction, { size, note }: SignedHead): Promise<void> {
    const last = await rememberedHead(tx, this.#options.hash);
    if (last.size === size) await this.#show(note);
  }
}

function signedHeadIn(bytes: Uint8Array): SignedHead | null {
  const note = parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  return checkpoint && { ...checkpoint, note };
}
