/** Vectors of Go's golang.org/x/mod/sumdb/{note,tlog}, and those of ours that it has checked: see vectors/README.md. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { utf8 } from "@rempart/kernel";
import { nodePrimitives } from "../src/node-primitives.ts";
import { parseHash } from "../src/note/checkpoint.ts";
import { parseVerifierKey, type VerifierKey } from "../src/note/keys.ts";
import { parseHashes } from "../src/proof/proof-file.ts";
import { judgeCheckpoint } from "../src/proof/verify.ts";
import { consistencyRanges, verifyConsistency } from "../src/tree/consistency.ts";
import { inclusionRanges, verifyInclusion } from "../src/tree/inclusion.ts";
import { treeHashing } from "./log.ts";
import { hashesOf, leafOf, rootAt, sha256Hex, tileAt, type Vectors } from "./vector-log.ts";

function read(name: string): Vectors {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
}

function rootsOf({ heads }: Vectors): ReadonlyMap<number, Uint8Array> {
  return new Map(heads.map(({ size, root }) => [size, parseHash(root) as Uint8Array]));
}

for (const maker of ["go", "rempart"]) {
  const vectors = read(maker);

  test(`heads that ${maker} signed are believed, and their roots are ours`, async () => {
    const key = parseVerifierKey(nodePrimitives.sha256, vectors.key) as VerifierKey;
    const policy = { origin: vectors.origin, logKeys: [key], witnessKeys: [], quorum: 0 };
    for (const { size, root, note } of vectors.heads) {
      const judged = await judgeCheckpoint(nodePrimitives, utf8(note), policy);
      assert.ok(judged.ok && judged.value.size === size);
      assert.equal(Buffer.from(judged.value.root).toString("base64"), root);
      assert.deepEqual(Buffer.from(rootAt(size)), Buffer.from(judged.value.root));
    }
  });

  test(`proofs that ${maker} made hold, and ours are the same`, async () => {
    const roots = rootsOf(vectors);
    for (const { index, size, proof: texts } of vectors.inclusion) {
      const proof = parseHashes(texts) as Uint8Array[];
      const root = roots.get(size) as Uint8Array;
      assert.ok(verifyInclusion(treeHashing, { index, size, leaf: leafOf(index), proof, root }));
      assert.deepEqual(await hashesOf(inclusionRanges(index, size), size).then(buffers), buffers(proof));
    }
    for (const { oldSize, size, proof: texts } of vectors.consistency) {
      const proof = parseHashes(texts) as Uint8Array[];
      const [oldRoot, root] = [roots.get(oldSize) as Uint8Array, roots.get(size) as Uint8Array];
      assert.ok(verifyConsistency(treeHashing, { oldSize, size, oldRoot, root, proof }));
      assert.deepEqual(await hashesOf(consistencyRanges(oldSize, size), size).then(buffers), buffers(proof));
    }
  });

  test(`tiles that ${maker} made are ours`, () => {
    for (const { sha256, ...tile } of vectors.tiles)
      assert.equal(sha256Hex(tileAt(tile)), sha256, JSON.stringify(tile));
  });
}

function buffers(hashes: readonly Uint8Array[]): Buffer[] {
  return hashes.map((hash) => Buffer.from(hash));
}
