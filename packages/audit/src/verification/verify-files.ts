import { equalBytes } from "@rempart/kernel";
import { unpackEntries } from "../log/bundle.ts";
import { CHECKPOINT_PATH } from "../log/objects.ts";
import type { ObjectStore } from "../ports.ts";
import {
  judgeCheckpoint,
  type Primitives,
  type TrustedCheckpoint,
  type TrustPolicy,
} from "../proof/verify.ts";
import { append, type Edge, EMPTY_EDGE, edgeTiles, rootOf } from "../tree/edge.ts";
import { HASH_BYTES, type TreeHash, treeHash } from "../tree/hash.ts";
import { entriesPath, TILE_WIDTH, type TileId, tilePath, tileWidth } from "../tree/tiles.ts";
import { checkpointFinding, type Finding, reportOf, type VerificationReport } from "./finding.ts";

export interface VerifyFilesOptions {
  /** Of one log: a mirror of what it has published will do. */
  readonly objects: ObjectStore;
  readonly primitives: Primitives;
  /** Whose signatures to believe. From a place that whoever may have changed the log cannot write to. */
  readonly policy: TrustPolicy;
  /** False leaves the entries' own bytes out, and checks that the hashes make the signed tree: faster. */
  readonly entries?: boolean;
  readonly onProgress?: (checked: number, size: number) => void;
}

/** Blocks that are read at once. */
const READ_AHEAD = 32;

/** Verifies a log from its published files alone, without the database. Throws only for what fails around it. */
export async function verifyFiles(options: VerifyFilesOptions): Promise<VerificationReport> {
  const { objects, primitives, policy } = options;
  const note = await objects.get(CHECKPOINT_PATH);
  if (note === null) return reportOf([checkpointFinding("there is no published head")], NOTHING);
  const judged = await judgeCheckpoint(primitives, note, policy);
  if (!judged.ok)
    return reportOf(
      [checkpointFinding(`the published head is not to be believed: ${judged.reason}`)],
      NOTHING,
    );
  const walk = new Walk(options, treeHash(primitives.sha256), judged.value);
  const findings = await walk.run();
  return reportOf(findings, { checked: judged.value.size, pruned: 0, size: judged.value.size });
}

const NOTHING = { checked: 0, pruned: 0, size: 0 };

class Walk {
  readonly #options: VerifyFilesOptions;
  readonly #hash: TreeHash;
  readonly #head: TrustedCheckpoint;
  readonly #findings: Finding[] = [];
  #edge: Edge = EMPTY_EDGE;

  constructor(options: VerifyFilesOptions, hash: TreeHash, head: TrustedCheckpoint) {
    this.#options = options;
    this.#hash = hash;
    this.#head = head;
  }

  async run(): Promise<readonly Finding[]> {
    const { size, root } = this.#head;
    const blocks = Math.ceil(size / TILE_WIDTH);
    for (let start = 0; start < blocks; start += READ_AHEAD) {
      const count = Math.min(READ_AHEAD, blocks - start);
      const read = await Promise.all(Array.from({ length: count }, (_, i) => this.#read(start + i)));
      for (const [i, block] of read.entries()) await this.#block(start + i, block);
      this.#options.onProgress?.(Math.min(size, (start + count) * TILE_WIDTH), size);
    }
    await this.#end();
    if (!equalBytes(rootOf(this.#hash, this.#edge), root))
      this.#findings.push(checkpointFinding("the tiles do not add up to the published head"));
    return this.#findings;
  }

  async #read(index: number): Promise<{ tile: Uint8Array | null; bundle: Uint8Array | null }> {
    const width = tileWidth(0, index, this.#head.size);
    const { objects, entries = true } = this.#options;
    const [tile, bundle] = await Promise.all([
      objects.get(tilePath({ level: 0, index, width })),
      entries ? objects.get(entriesPath(index, width)) : null,
    ]);
    return { tile: tile?.length === width * HASH_BYTES ? tile : null, bundle };
  }

  /** One tile: its entries, its place in the tree, and the tiles above that it fills. */
  async #block(
    index: number,
    { tile, bundle }: { tile: Uint8Array | null; bundle: Uint8Array | null },
  ): Promise<void> {
    const start = index * TILE_WIDTH;
    const width = tileWidth(0, index, this.#head.size);
    if (tile === null) this.#tell("tile-altered", start, `tile 0/${index} is missing or not whole`);
    const leaves = hashesIn(tile ?? new Uint8Array(width * HASH_BYTES));
    if (this.#options.entries !== false) this.#compare(start, leaves, bundle);
    const grown = append(this.#hash, this.#edge, leaves);
    this.#edge = grown.edge;
    for (const { hashes, ...above } of grown.tiles)
      if (above.level > 0 && above.width === TILE_WIDTH) await this.#compareAbove(above, hashes);
  }

  /** The partial tiles above the first level, which the log ends in. */
  async #end(): Promise<void> {
    for (const tile of edgeTiles(this.#head.size))
      if (tile.level > 0 && tile.width > 0)
        await this.#compareAbove(tile, this.#edge.tiles[tile.level] as Uint8Array);
  }

  async #compareAbove(tile: TileId, hashes: Uint8Array): Promise<void> {
    const kept = await this.#options.objects.get(tilePath(tile));
    if (kept !== null && equalBytes(kept, hashes)) return;
    const start = tile.index * TILE_WIDTH ** (tile.level + 1);
    this.#tell("tile-altered", start, `tile ${tile.level}/${tile.index} is not what stands below it`);
  }

  #compare(start: number, leaves: readonly Uint8Array[], bundle: Uint8Array | null): void {
    const entries = bundle === null ? null : unpackEntries(bundle);
    for (const [i, leaf] of leaves.entries()) {
      const entry = entries?.[i];
      if (entry === undefined || !equalBytes(this.#hash.leaf(entry), leaf))
        this.#tell("bundle-altered", start + i, "the published entry is not the one that was signed");
    }
  }

  #tell(kind: Finding["kind"], index: number, detail: string): void {
    this.#findings.push({ kind, index, entryId: null, detail });
  }
}

function hashesIn(tile: Uint8Array): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < tile.length; at += HASH_BYTES) hashes.push(tile.subarray(at, at + HASH_BYTES));
  return hashes;
}
