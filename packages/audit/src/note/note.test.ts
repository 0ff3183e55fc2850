import assert from "node:assert/strict";
import { createPublicKey, hash as digest, generateKeyPairSync, sign, verify } from "node:crypto";
import { test } from "node:test";
import { concat, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { formatProofFile, parseProofFile } from "../proof/proof-file.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { formatCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import {
  cosignNote,
  formatVerifierKey,
  parseVerifierKey,
  signersOf,
  signNote,
  type VerifierKey,
  verifierKey,
} from "./keys.ts";
import { formatNote, parseNote, type SignedNote } from "./note.ts";

const sha256 = (bytes: Uint8Array) => digest("sha256", bytes, "buffer");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" });
  return verify(null, message, key, signature);
}

function newKey(name: string, kind: "log" | "witness") {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(SPKI.length);
  const key = verifierKey(sha256, { name, kind, publicKey: raw });
  return { key, sign: (message: Uint8Array) => sign(null, message, privateKey) };
}

// The example of Go's golang.org/x/mod/sumdb/note.
const NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NEUMANNS_NOTE = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

test("a note that Go signed verifies, and a changed letter does not", async () => {
  const key = parseVerifierKey(sha256, NEUMANN) as VerifierKey;
  const note = parseNote(utf8(NEUMANNS_NOTE)) as SignedNote;
  assert.deepEqual(await signersOf(note, [key], verifyEd25519), [{ key, seconds: null }]);
  assert.equal(formatNote(note), NEUMANNS_NOTE);
  assert.equal(formatVerifierKey(key), NEUMANN);
  assert.equal(
    await signersOf({ ...note, text: note.text.replace("think", "thimk") }, [key], verifyEd25519),
    null,
  );
  assert.deepEqual(await signersOf(note, [newKey("PeterNeumann", "log").key], verifyEd25519), []);
});

test("a checkpoint carries its log's and its witnesses' signatures, each over its own message", async () => {
  const log = newKey("example.com/log", "log");
  const witness = newKey("witness.example/w1", "witness");
  const text = formatCheckpoint({
    origin: "example.com/log",
    size: 3,
    root: sha256(utf8("root")),
    extensions: [],
  });
  const signatures = [
    await signNote(text, log.key, log.sign),
    await cosignNote(text, 1_679_315_147, witness.key, witness.sign),
  ];
  const note = parseNote(utf8(formatNote({ text, signatures }))) as SignedNote;
  assert.equal(parseCheckpoint(note.text)?.size, 3);
  const signers = await signersOf(note, [log.key, witness.key], verifyEd25519);
  assert.deepEqual(
    signers?.map(({ key, seconds }) => [key.name, seconds]),
    [
      ["example.com/log", null],
      ["witness.example/w1", 1_679_315_147],
    ],
  );
});

test("a cosignature with another time does not hold", async () => {
  const witness = newKey("w", "witness");
  const text = formatCheckpoint({ origin: "l", size: 0, root: sha256(utf8("")), extensions: [] });
  const signed = await cosignNote(text, 10, witness.key, witness.sign);
  const later = concat(signed.signature);
  later[7] = 11;
  const note = { text, signatures: [{ ...signed, signature: later }] };
  assert.equal(await signersOf(note, [witness.key], verifyEd25519), null);
});

test("a key's text with another id, type or length is not a key", () => {
  for (const text of [
    NEUMANN.replace("c74f20a3", "c74f20a4"),
    NEUMANN.replace("c74f20a3", "C74F20A3"),
    NEUMANN.replace("+AR", "+BR"),
    NEUMANN.slice(0, -4),
    `a b${NEUMANN}`,
    "",
  ])
    assert.equal(parseVerifierKey(sha256, text), null, text);
});

test("texts that are not notes are refused", () => {
  for (const text of [
    "",
    "\n\n",
    "text\n— name AAAAAAA=\n",
    "text\n\n",
    "text\n\n— name AAAAAAA=",
    "text\n\n- name AAAAAAA=\n",
    "text\n\n— na+me AAAAAAA=\n",
    "text\n\n— name AAAAAA==\n",
    "text\n\n— name AAAAAAB=\n",
    "te\u0000xt\n\n— name AAAAAAA=\n",
    "te\rxt\n\n— name AAAAAAA=\n",
    `text\n\n${"— name AAAAAAA=\n".repeat(65)}`,
  ])
    assert.equal(parseNote(utf8(text)), null, JSON.stringify(text.slice(0, 40)));
  assert.equal(parseNote(new Uint8Array([0xff, 10, 10])), null);
  assert.equal(parseNote(new Uint8Array(70_000)), null);
});

test("texts that are not checkpoints are refused", () => {
  const root = toBase64(new Uint8Array(32));
  assert.ok(parseCheckpoint(`o\n12\n${root}\nmore\n`));
  for (const text of [
    `o\n12\n${root}`,
    `\n12\n${root}\n`,
    `o\n012\n${root}\n`,
    `o\n-1\n${root}\n`,
    `o\n1e3\n${root}\n`,
    `o\n9999999999999999\n${root}\n`,
    `o\n12\n${root.slice(4)}\n`,
    `o\n12\n${root}\n\nmore\n`,
    "o\n12\n",
  ])
    assert.equal(parseCheckpoint(text), null, JSON.stringify(text));
});

test("base64 is read in its one canonical form", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = toBase64(bytes);
      assert.equal(text, Buffer.from(bytes).toString("base64"));
      assert.deepEqual(Buffer.from(fromBase64(text) as Uint8Array), Buffer.from(bytes));
    }),
  );
  for (const text of ["AB==", "A===", "AA", "AA=", "A-_=", "=", "AA==AA=="])
    assert.equal(fromBase64(text), null, text);
});

test("parsers answer null for noise and never throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      parseNote(bytes);
      parseProofFile(bytes);
    }),
  );
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom("", "c2sp.org/tlog-proof@v1", "index 3", "extra AA==", "— n AAAAAAA=", "o", "3"),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const text = lines.join("\n");
      parseNote(utf8(text));
      parseCheckpoint(text);
      parseProofFile(utf8(text));
      parseVerifierKey(sha256, text);
    }),
  );
});

test("a proof file is read back as it was written", () => {
  const checkpoint = utf8(NEUMANNS_NOTE);
  for (const extra of [null, utf8("beside")]) {
    const file = { index: 73_894, proof: [sha256(utf8("a")), sha256(utf8("b"))], checkpoint, extra };
    const read = parseProofFile(utf8(formatProofFile(file)));
    assert.deepEqual(read && { ...read, proof: read.proof.map(toBase64) }, {
      ...file,
      proof: file.proof.map(toBase64),
    });
  }
});
