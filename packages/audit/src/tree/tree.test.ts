import assert from "node:assert/strict";
import { hash as digest } from "node:crypto";
import { test } from "node:test";
import { fromHex, toHex } from "@rempart/kernel";
import fc from "fast-check";
import { consistencyRanges, verifyConsistency } from "./consistency.ts";
import { append, type Edge, EMPTY_EDGE, edgeTiles, rootOf, type Tile } from "./edge.ts";
import { treeHash } from "./hash.ts";
import { inclusionRanges, verifyInclusion } from "./inclusion.ts";
import { splitPoint } from "./subtrees.ts";
import { parseTilePath, rangeHashes, type TileId, tilePath, tileWidth } from "./tiles.ts";

const hash = treeHash((bytes) => digest("sha256", bytes, "buffer"));

/** The definition of RFC 6962, section 2.1, word for word: slow, and the measure of everything else here. */
function definition(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return hash.empty;
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  const k = splitPoint(leaves.length);
  return hash.node(definition(leaves.slice(0, k)), definition(leaves.slice(k)));
}

function leavesUpTo(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => hash.leaf(new TextEncoder().encode(`entry ${i}`)));
}

class Log {
  edge: Edge = EMPTY_EDGE;
  readonly tiles = new Map<string, Tile>();
  readonly leaves: Uint8Array[] = [];

  append(leaves: readonly Uint8Array[]): void {
    const grown = append(hash, this.edge, leaves);
    for (const tile of grown.tiles) this.tiles.set(tilePath(tile), tile);
    this.edge = grown.edge;
    this.leaves.push(...leaves);
  }

  read = async (id: TileId): Promise<Uint8Array> => {
    const tile = this.tiles.get(tilePath(id));
    if (tile === undefined) throw new Error(`no ${tilePath(id)}`);
    return tile.hashes;
  };
}

function grownBy(batches: readonly number[]): Log {
  const log = new Log();
  const leaves = leavesUpTo(batches.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const size of batches) {
    log.append(leaves.slice(at, at + size));
    at += size;
  }
  return log;
}

// Inputs and roots of the test data that Certificate Transparency's implementations share.
const CT_ENTRIES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const CT_ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

test("the roots of the known entries are the known ones", () => {
  const leaves = CT_ENTRIES.map((entry) => hash.leaf(fromHex(entry) as Uint8Array));
  CT_ROOTS.forEach((root, size) => {
    assert.equal(toHex(rootOf(hash, append(hash, EMPTY_EDGE, leaves.slice(0, size)).edge)), root);
  });
});

test("however a log grew, its root is the one of the definition and its tiles are those of its size", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(700), { maxLength: 4 }), async (batches) => {
      const log = grownBy(batches);
      assert.deepEqual(Buffer.from(rootOf(hash, log.edge)), Buffer.from(definition(log.leaves)));
      for (const tile of edgeTiles(log.edge.size).filter(({ width }) => width > 0)) {
        assert.deepEqual(
          Buffer.from(await log.read(tile)),
          Buffer.from(log.edge.tiles[tile.level] as Uint8Array),
        );
      }
    }),
    { numRuns: 20 },
  );
});

test("a log of three tile levels has the root of the definition", () => {
  const log = grownBy([65_536, 300, 1]);
  assert.deepEqual(Buffer.from(rootOf(hash, log.edge)), Buffer.from(definition(log.leaves)));
  assert.equal(log.tiles.get("tile/2/000.p/1")?.hashes.length, 32);
});

test("every leaf of every small tree proves its place, and no other", async () => {
  const log = grownBy(Array.from({ length: 40 }, () => 1));
  for (let size = 1; size <= 40; size += 1) {
    const root = definition(log.leaves.slice(0, size));
    for (let index = 0; index < size; index += 1) {
      const proof = await rangeHashes(hash, log.read, inclusionRanges(index, size), size);
      const leaf = log.leaves[index] as Uint8Array;
      const claim = { index, size, leaf, proof, root };
      assert.ok(verifyInclusion(hash, claim));
      assert.ok(!verifyInclusion(hash, { ...claim, index: (index + 1) % (size + 1) }));
      assert.ok(!verifyInclusion(hash, { ...claim, leaf: hash.empty }));
      assert.ok(!verifyInclusion(hash, { ...claim, proof: [...proof, hash.empty] }));
      if (proof.length > 0) assert.ok(!verifyInclusion(hash, { ...claim, proof: proof.slice(1) }));
    }
  }
});

test("every small tree proves to start with every smaller one, and with no other", async () => {
  const log = grownBy(Array.from({ length: 40 }, () => 1));
  for (let size = 1; size <= 40; size += 1) {
    const root = definition(log.leaves.slice(0, size));
    for (let oldSize = 1; oldSize <= size; oldSize += 1) {
      const proof = await rangeHashes(hash, log.read, consistencyRanges(oldSize, size), size);
      const oldRoot = definition(log.leaves.slice(0, oldSize));
      const claim = { oldSize, size, oldRoot, root, proof };
      assert.ok(verifyConsistency(hash, claim), `${oldSize} to ${size}`);
      assert.ok(!verifyConsistency(hash, { ...claim, oldRoot: hash.empty }));
      assert.ok(!verifyConsistency(hash, { ...claim, root: hash.empty }));
      assert.ok(!verifyConsistency(hash, { ...claim, proof: [...proof, hash.empty] }));
      if (proof.length > 0) assert.ok(!verifyConsistency(hash, { ...claim, proof: proof.slice(1) }));
    }
  }
});

test("proofs across tiles hold, and one changed hash breaks them", async () => {
  const log = grownBy([1_000, 70_000]);
  await fc.assert(
    fc.asyncProperty(fc.nat(70_998), fc.nat(1_000_000), async (index, salt) => {
      const size = log.edge.size;
      const root = rootOf(hash, log.edge);
      const proof = await rangeHashes(hash, log.read, inclusionRanges(index, size), size);
      const claim = { index, size, leaf: log.leaves[index] as Uint8Array, proof, root };
      assert.ok(verifyInclusion(hash, claim));
      const broken = proof.map((bytes) => bytes.slice());
      const victim = broken[salt % broken.length] as Uint8Array;
      victim[salt % 32] = (victim[salt % 32] as number) ^ 1;
      assert.ok(!verifyInclusion(hash, { ...claim, proof: broken }));
    }),
    { numRuns: 100 },
  );
  const old = definition(log.leaves.slice(0, 999));
  const proof = await rangeHashes(hash, log.read, consistencyRanges(999, 71_000), 71_000);
  const root = rootOf(hash, log.edge);
  assert.ok(verifyConsistency(hash, { oldSize: 999, size: 71_000, oldRoot: old, root, proof }));
});

test("a verifier is never made to throw or to loop", () => {
  const hashes = fc.array(fc.uint8Array({ minLength: 31, maxLength: 33 }), { maxLength: 70 });
  const size = fc.oneof(fc.maxSafeNat(), fc.double(), fc.integer());
  fc.assert(
    fc.property(size, size, hashes, (a, b, proof) => {
      const root = hash.empty;
      verifyInclusion(hash, { index: a, size: b, leaf: root, proof, root });
      verifyConsistency(hash, { oldSize: a, size: b, oldRoot: root, root, proof });
    }),
  );
});

test("a tile's path is written one way and read back", () => {
  assert.equal(tilePath({ level: 0, index: 1_234_067, width: 256 }), "tile/0/x001/x234/067");
  assert.equal(tilePath({ level: 3, index: 5, width: 7 }), "tile/3/005.p/7");
  fc.assert(
    fc.property(fc.nat(63), fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (level, index, width) => {
      assert.deepEqual(parseTilePath(tilePath({ level, index, width })), { level, index, width });
    }),
  );
  for (const path of [
    "tile/64/000",
    "tile/00/000",
    "tile/0/0",
    "tile/0/x000/001",
    "tile/0/000.p/256",
    "tile/0/000.p/0",
    "tile/0/../0",
    "tile/0/000/",
  ]) {
    assert.equal(parseTilePath(path), null, path);
  }
});

test("a tree of 70,000 has the tiles that its size says", () => {
  assert.equal(tileWidth(0, 272, 70_000), 256);
  assert.equal(tileWidth(0, 273, 70_000), 112);
  assert.equal(tileWidth(0, 274, 70_000), 0);
  assert.equal(tileWidth(1, 1, 70_000), 17);
  assert.equal(tileWidth(2, 0, 70_000), 1);
});
