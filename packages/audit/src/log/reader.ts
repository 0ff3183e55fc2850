import { AuditError } from "../errors.ts";
import { type Checkpoint, parseCheckpoint } from "../note/checkpoint.ts";
import { parseNote } from "../note/note.ts";
import type { ObjectStore } from "../ports.ts";
import { formatProofFile } from "../proof/proof-file.ts";
import { consistencyRanges } from "../tree/consistency.ts";
import type { TreeHash } from "../tree/hash.ts";
import { inclusionRanges } from "../tree/inclusion.ts";
import type { LeafRange } from "../tree/subtrees.ts";
import { entriesPath, rangeHashes, TILE_WIDTH, type TileId, tilePath, tileWidth } from "../tree/tiles.ts";
import { unpackEntries } from "./bundle.ts";
import { CHECKPOINT_PATH } from "./objects.ts";
import { readObject } from "./tail.ts";

export interface PublishedHead extends Checkpoint {
  /** The signed note, byte for byte. */
  readonly note: Uint8Array;
}

/** What was published, read back: heads, entries and proofs. Believes the files; whoever is handed a proof need not. */
export class LogReader {
  readonly #objects: ObjectStore;
  readonly #hash: TreeHash;

  constructor(objects: ObjectStore, hash: TreeHash) {
    this.#objects = objects;
    this.#hash = hash;
  }

  /** Null before anything was published. Throws `AuditError` `log-diverged` for a file that is not a checkpoint. */
  async head(): Promise<PublishedHead | null> {
    const note = await this.#objects.get(CHECKPOINT_PATH);
    if (note === null) return null;
    const parsed = parseNote(note);
    const checkpoint = parsed && parseCheckpoint(parsed.text);
    if (!checkpoint) throw new AuditError("log-diverged", "the published checkpoint is not a checkpoint");
    return { ...checkpoint, note };
  }

  /** The entry's bytes, whose hash stands at this place of a log of `size` entries. */
  async entry(index: number, size: number): Promise<Uint8Array> {
    const bundle = Math.floor(index / TILE_WIDTH);
    const path = entriesPath(bundle, tileWidth(0, bundle, size));
    const entry = unpackEntries(await readObject(this.#objects, path))?.[index % TILE_WIDTH];
    if (entry === undefined) throw new AuditError("missing-tile", `${path} has no entry ${index}`);
    return entry;
  }

  /** Throws `TypeError` when a log of `size` entries has no such place. */
  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return this.#hashes(inclusionRanges(index, size), size);
  }

  /** Empty when there is nothing to prove: from no entries, or from as many. */
  async consistency(oldSize: number, size: number): Promise<Uint8Array[]> {
    if (oldSize === 0 || oldSize === size) return [];
    return this.#hashes(consistencyRanges(oldSize, size), size);
  }

  /** A proof that needs no network, under the published head. */
  async proofFile(index: number, head: PublishedHead, extra: Uint8Array | null = null): Promise<string> {
    const proof = await this.inclusion(index, head.size);
    return formatProofFile({ index, proof, checkpoint: head.note, extra });
  }

  #hashes(ranges: readonly LeafRange[], size: number): Promise<Uint8Array[]> {
    const read = (tile: TileId): Promise<Uint8Array> => readObject(this.#objects, tilePath(tile));
    return rangeHashes(this.#hash, read, ranges, size);
  }
}
