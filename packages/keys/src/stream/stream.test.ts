import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import fc from "fast-check";
import { type World, world } from "../../test/keyring-kit.ts";

const where = { table: "files", column: "content", row: "1" };
const CHUNK = 65_536;
const SEALED_CHUNK = CHUNK + 16;

async function* pieces(bytes: Uint8Array, size = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const seal = ({ keyring }: World, bytes: Uint8Array) => gather(keyring.sealStream(pieces(bytes), where));
const open = ({ keyring }: World, bytes: Uint8Array, place = where) =>
  gather(keyring.openStream(pieces(bytes), place));
const refuses = async (opening: Promise<unknown>): Promise<void> =>
  assert.rejects(
    opening,
    (error) => hasCode(error, "envelope-refused") || hasCode(error, "envelope-malformed"),
  );

/** Where the chunks begin. */
const startOf = (sealed: Buffer): number => 2 + sealed.readUInt16BE() + 16 + 32;

test("a stream comes back whatever its length and its pieces", async () => {
  using w = world();
  const lengths = fc.oneof(
    fc.constantFrom(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1),
    fc.integer({ min: 0, max: 3 * CHUNK }),
  );
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer({ min: 500, max: 2 * CHUNK }), async (length, size) => {
      const bytes = randomBytes(length);
      const sealed = await gather(w.keyring.sealStream(pieces(bytes, size), where));
      assert.deepEqual(await gather(w.keyring.openStream(pieces(sealed, size + 7), where)), bytes);
    }),
    { numRuns: 25 },
  );
});

test("Node's streams go in and come out", async () => {
  using w = world();
  const bytes = randomBytes(200_000);
  const out: Buffer[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      out.push(chunk);
      done();
    },
  });
  await pipeline(
    Readable.from(pieces(bytes)),
    (source: Readable) => w.keyring.sealStream(source, where),
    (source: AsyncIterable<Uint8Array>) => w.keyring.openStream(source, where),
    sink,
  );
  assert.deepEqual(Buffer.concat(out), bytes);
});

test("a stream cut anywhere is refused", async () => {
  using w = world();
  const sealed = await seal(w, randomBytes(2 * CHUNK + 100));
  const start = startOf(sealed);
  const cuts = [
    0,
    1,
    2,
    40,
    start - 1,
    start,
    start + 1,
    start + 16,
    start + SEALED_CHUNK,
    start + 2 * SEALED_CHUNK,
  ];
  for (const cut of [...cuts, sealed.length - 1]) await refuses(open(w, sealed.subarray(0, cut)));
});

test("chunks left out, exchanged, repeated, moved to the end or put behind it are refused", async () => {
  using w = world();
  const sealed = await seal(w, randomBytes(2 * CHUNK + 100));
  const start = startOf(sealed);
  const head = sealed.subarray(0, start);
  const [a, b, c] = [0, 1, 2].map((i) =>
    sealed.subarray(start + i * SEALED_CHUNK, start + (i + 1) * SEALED_CHUNK),
  );
  const orders = [[b, c], [a, c], [b, a, c], [a, a, b, c], [a, b, c, c], [a, b, c, a], [a, b, b], [c]];
  for (const order of orders) await refuses(open(w, Buffer.concat([head, ...(order as Buffer[])])));
  await refuses(open(w, Buffer.concat([sealed, Buffer.alloc(1)])));
  await refuses(open(w, Buffer.concat([sealed, Buffer.alloc(16)])));
});

test("no byte of a changed chunk is given out", async () => {
  using w = world();
  const bytes = randomBytes(2 * CHUNK);
  const sealed = await seal(w, bytes);
  sealed[startOf(sealed) + SEALED_CHUNK] = (sealed[startOf(sealed) + SEALED_CHUNK] as number) ^ 1;
  const given: Uint8Array[] = [];
  const reading = (async () => {
    for await (const part of w.keyring.openStream(pieces(sealed), where)) given.push(part);
  })();
  await refuses(reading);
  assert.deepEqual(Buffer.concat(given), bytes.subarray(0, CHUNK));
});

test("any changed byte is noticed", async () => {
  using w = world();
  const sealed = await seal(w, randomBytes(50));
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(sealed);
      changed[at] = (sealed[at] as number) ^ change;
      await assert.rejects(open(w, changed));
    }),
    { numRuns: 100 },
  );
});

test("a stream opens at its own place only, and is no envelope", async () => {
  using w = world();
  const sealed = await seal(w, randomBytes(10));
  await refuses(open(w, sealed, { ...where, row: "2" }));
  const length = sealed.readUInt16BE();
  const text = sealed.subarray(2, 2 + length).toString() + sealed.subarray(2 + length).toString("base64url");
  await refuses(w.keyring.open(text, where));
});

test("whatever bytes arrive, the answer is an error of ours", async () => {
  using w = world();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), (bytes) => refuses(open(w, bytes))),
    { numRuns: 200 },
  );
});

test("memory does not grow with the stream: a chunk is read when the one before was taken", async () => {
  using w = world();
  let read = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      read += CHUNK;
      yield Buffer.alloc(CHUNK);
    }
  }
  let taken = 0;
  for await (const part of w.keyring.openStream(w.keyring.sealStream(endless(), where), where)) {
    taken += part.length;
    assert.ok(read - taken <= 4 * CHUNK);
    if (taken > 100 * CHUNK) break;
  }
});

test("the source is told when the reader leaves or the stream is refused", async () => {
  using w = world();
  let closed = 0;
  async function* source(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    try {
      yield* pieces(bytes);
    } finally {
      closed += 1;
    }
  }
  let parts = 0;
  for await (const _ of w.keyring.sealStream(source(randomBytes(CHUNK * 3)), where)) {
    parts += 1;
    if (parts === 2) break;
  }
  await refuses(gather(w.keyring.openStream(source(randomBytes(50_000)), where)));
  assert.equal(closed, 2);
});
