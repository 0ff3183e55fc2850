import type { Database } from "@rempart/database";
import { concat, equalBytes } from "@rempart/kernel";
import { unpackEntries } from "../log/bundle.ts";
import { CHECKPOINT_PATH } from "../log/objects.ts";
import type { ObjectStore } from "../ports.ts";
import {
  judgeCheckpoint,
  type Primitives,
  type TrustedCheckpoint,
  type TrustPolicy,
} from "../proof/verify.ts";
import { append, type Edge, EMPTY_EDGE, rootOf } from "../tree/edge.ts";
import { HASH_BYTES, type TreeHash, treeHash } from "../tree/hash.ts";
import { entriesPath, TILE_WIDTH, tilePath, tileWidth } from "../tree/tiles.ts";
import { type CompareOptions, comparePlace } from "./compare.ts";
import { checkpointFinding, type Finding, reportOf, type VerificationReport } from "./finding.ts";
import { Heads, strayFindings } from "./heads.ts";
import { type PlaceRow, readPlaces } from "./rows.ts";
import { truthOf } from "./truth.ts";

export interface VerifyOptions {
  readonly database: Database;
  readonly objects: ObjectStore;
  readonly primitives: Primitives;
  /** Whose signatures to believe. From a place that whoever may have changed the log cannot write to. */
  readonly policy: TrustPolicy;
  /** Compare contents from this place on, and up to, not including, that one. The tree is checked as a whole. */
  readonly from?: number;
  readonly to?: number;
  readonly now: number;
  readonly addressOf?: CompareOptions["addressOf"];
  readonly onProgress?: (checked: number, size: number) => void;
}

/** Places whose rows are read in one query: of 16 tiles. */
const CHUNK = 16 * TILE_WIDTH;

/** Compares the database and the published files with the signed tree, entry by entry. Throws only for what fails around it. */
export async function verifyLog(options: VerifyOptions): Promise<VerificationReport> {
  const head = await publishedHead(options);
  if ("kind" in head) return reportOf([head], { checked: 0, pruned: 0, size: 0 });
  const hash = treeHash(options.primitives.sha256);
  const walk = new Walk(options, hash, head, await Heads.read(options, head));
  await walk.run();
  walk.end();
  walk.findings.push(...(await strayFindings(options.database, head.size)));
  return reportOf(walk.findings, { checked: walk.checked, pruned: walk.pruned, size: head.size });
}

async function publishedHead(options: VerifyOptions): Promise<TrustedCheckpoint | Finding> {
  const bytes = await options.objects.get(CHECKPOINT_PATH);
  if (bytes === null) return checkpointFinding("there is no published head");
  const judged = await judgeCheckpoint(options.primitives, bytes, options.policy);
  return judged.ok
    ? judged.value
    : checkpointFinding(`the published head is not to be believed: ${judged.reason}`);
}

/** One pass over the log: the tree grows as it is read, and every place is compared with it. */
class Walk {
  readonly findings: Finding[] = [];
  checked = 0;
  pruned = 0;
  #edge: Edge = EMPTY_EDGE;
  readonly #options: VerifyOptions;
  readonly #compare: CompareOptions;
  readonly #hash: TreeHash;
  readonly #head: TrustedCheckpoint;
  readonly #heads: Heads;
  #above: { index: number; hashes: Uint8Array | null } = { index: -1, hashes: null };

  constructor(options: VerifyOptions, hash: TreeHash, head: TrustedCheckpoint, heads: Heads) {
    this.#options = options;
    this.#hash = hash;
    this.#head = head;
    this.#heads = heads;
    this.#compare = {
      sha256: options.primitives.sha256,
      hash,
      mayBeGone: (retention, time) => heads.mayBeGone(retention, time, options.now),
      ...(options.addressOf === undefined ? {} : { addressOf: options.addressOf }),
    };
  }

  /** Reads ahead: the database works on the next rows while these are hashed. */
  async run(): Promise<void> {
    let next = this.#read(0);
    for (let start = 0; start < this.#head.size; start += CHUNK) {
      const rows = await next;
      next = this.#read(start + CHUNK);
      next.catch(() => {});
      await this.#chunk(start, rows);
    }
    await next;
  }

  async #read(start: number): Promise<PlaceRow[]> {
    const { size } = this.#head;
    return start >= size ? [] : readPlaces(this.#options.database, start, Math.min(start + CHUNK, size));
  }

  /** The blocks of one query. */
  async #chunk(start: number, rows: readonly PlaceRow[]): Promise<void> {
    const end = Math.min(start + CHUNK, this.#head.size);
    const byIndex = new Map(rows.map((row) => [row.index, row]));
    for (let at = start; at < end; at += TILE_WIDTH)
      await this.#block(at, Math.min(at + TILE_WIDTH, end), byIndex);
    this.#options.onProgress?.(end, this.#head.size);
  }

  async #block(start: number, end: number, rows: ReadonlyMap<number, PlaceRow>): Promise<void> {
    const index = start / TILE_WIDTH;
    const tile = await this.#tile(0, index);
    const above = await this.#blockHash(index);
    const truth = truthOf(this.#hash, { tile, rows: hashesOf(rows, start, end), above });
    if (truth === null || truth.source === "rows") this.findings.push(tileFinding(start, index));
    const hashes = truth?.hashes ?? tile ?? new Uint8Array((end - start) * HASH_BYTES);
    this.#grow(hashes, start);
    const published = await this.#bundle(index, end - start);
    for (let place = start; place < end; place += 1) {
      if (!this.#wanted(place)) continue;
      const at = (place - start) * HASH_BYTES;
      const compared = await comparePlace(this.#compare, {
        index: place,
        truth: hashes.subarray(at, at + HASH_BYTES),
        row: rows.get(place) ?? null,
        published: published?.[place - start] ?? null,
      });
      this.findings.push(...compared.findings);
      this.checked += 1;
      if (compared.pruned) this.pruned += 1;
    }
  }

  #wanted(place: number): boolean {
    const { from = 0, to = Number.POSITIVE_INFINITY } = this.#options;
    return place >= from && place < to;
  }

  /** Grows the tree block by block, stopping at every size that was ever signed. */
  #grow(hashes: Uint8Array, start: number): void {
    let from = 0;
    const width = hashes.length / HASH_BYTES;
    for (const size of this.#heads.sizesWithin(start, start + width)) {
      this.#append(hashes.subarray(from * HASH_BYTES, (size - start) * HASH_BYTES));
      from = size - start;
      const finding = this.#heads.check(size, rootOf(this.#hash, this.#edge));
      if (finding !== null) this.findings.push(finding);
    }
    this.#append(hashes.subarray(from * HASH_BYTES));
  }

  #append(hashes: Uint8Array): void {
    const leaves: Uint8Array[] = [];
    for (let at = 0; at < hashes.length; at += HASH_BYTES) leaves.push(hashes.subarray(at, at + HASH_BYTES));
    if (leaves.length > 0) this.#edge = append(this.#hash, this.#edge, leaves).edge;
  }

  end(): void {
    if (equalBytes(rootOf(this.#hash, this.#edge), this.#head.root)) return;
    this.findings.push(checkpointFinding("the entries do not add up to the published head"));
  }

  async #tile(level: number, index: number): Promise<Uint8Array | null> {
    const width = tileWidth(level, index, this.#head.size);
    const tile = await this.#options.objects.get(tilePath({ level, index, width }));
    return tile?.length === width * HASH_BYTES ? tile : null;
  }

  /** A full block's hash, out of the tile one level above. */
  async #blockHash(index: number): Promise<Uint8Array | null> {
    if (tileWidth(0, index, this.#head.size) < TILE_WIDTH) return null;
    const parent = Math.floor(index / TILE_WIDTH);
    if (this.#above.index !== parent) this.#above = { index: parent, hashes: await this.#tile(1, parent) };
    const at = (index % TILE_WIDTH) * HASH_BYTES;
    return this.#above.hashes?.subarray(at, at + HASH_BYTES) ?? null;
  }

  async #bundle(index: number, width: number): Promise<Uint8Array[] | null> {
    const bundle = await this.#options.objects.get(entriesPath(index, width));
    return bundle === null ? null : unpackEntries(bundle);
  }
}

function hashesOf(rows: ReadonlyMap<number, PlaceRow>, start: number, end: number): Uint8Array | null {
  const hashes: Uint8Array[] = [];
  for (let index = start; index < end; index += 1) {
    const row = rows.get(index);
    if (row === undefined) return null;
    hashes.push(row.hash);
  }
  return concat(...hashes);
}

function tileFinding(start: number, index: number): Finding {
  return {
    kind: "tile-altered",
    index: start,
    entryId: null,
    detail: `tile 0/${index} is not the one that was signed`,
  };
}
