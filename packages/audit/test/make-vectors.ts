/** Writes `vectors/rempart.json`, which Go checks: `node packages/audit/test/make-vectors.ts`. */
import { hash as digest } from "node:crypto";
import { writeFileSync } from "node:fs";
import { toBase64 } from "../src/note/base64.ts";
import { formatCheckpoint } from "../src/note/checkpoint.ts";
import { formatVerifierKey, signNote } from "../src/note/keys.ts";
import { formatNote } from "../src/note/note.ts";
import { consistencyRanges } from "../src/tree/consistency.ts";
import { edgeTiles } from "../src/tree/edge.ts";
import { inclusionRanges } from "../src/tree/inclusion.ts";
import { keyOf } from "./fixtures/settings.ts";
import { hashesOf, rootAt, SIZES, sha256Hex, tileAt, type Vectors } from "./vector-log.ts";

const ORIGIN = "rempart.example/log";
/** An Ed25519 seed as PKCS#8 (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const seed = digest("sha256", "the seed of a key for vectors, and of nothing else", "buffer");
const { key, sign } = keyOf(ORIGIN, "log", Buffer.concat([PKCS8_PREFIX, seed]).toString("base64"));

async function headAt(size: number): Promise<Vectors["heads"][number]> {
  const root = rootAt(size);
  const text = formatCheckpoint({ origin: ORIGIN, size, root, extensions: [] });
  return {
    size,
    root: toBase64(root),
    note: formatNote({ text, signatures: [await signNote(text, key, sign)] }),
  };
}

async function inclusionAt(index: number, size: number): Promise<Vectors["inclusion"][number]> {
  return { index, size, proof: (await hashesOf(inclusionRanges(index, size), size)).map(toBase64) };
}

async function consistencyAt(oldSize: number, size: number): Promise<Vectors["consistency"][number]> {
  return { oldSize, size, proof: (await hashesOf(consistencyRanges(oldSize, size), size)).map(toBase64) };
}

const vectors: Vectors = {
  origin: ORIGIN,
  key: formatVerifierKey(key),
  heads: await Promise.all(SIZES.map(headAt)),
  inclusion: await Promise.all(
    SIZES.flatMap((size) => [0, Math.floor(size / 2), size - 1].map((index) => inclusionAt(index, size))),
  ),
  consistency: await Promise.all(
    SIZES.flatMap((size) => SIZES.filter((old) => old < size).map((old) => consistencyAt(old, size))),
  ),
  tiles: [255, 256, 600, 66_000]
    .flatMap(edgeTiles)
    .filter(({ width }) => width > 0)
    .map((tile) => ({ ...tile, sha256: sha256Hex(tileAt(tile)) })),
};
writeFileSync(new URL("../vectors/rempart.json", import.meta.url), `${JSON.stringify(vectors)}\n`);
