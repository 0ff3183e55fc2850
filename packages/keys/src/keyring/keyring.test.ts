import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { fromUtf8, hasCode, toBase64Url, toHex, utf8 } from "@rempart/kernel";
import fc from "fast-check";
import { world } from "../../test/keyring-kit.ts";

const where = { table: "users", column: "phone", row: "01900000-0000-7000-8000-000000000001" };
const PHONE = "+33 6 12 34 56 78";
const refused = { code: "envelope-refused" };

/** Of ours, and told to nobody what for. */
const isRefusal = (error: unknown): boolean =>
  ["envelope-refused", "envelope-malformed", "provider-refused", "key-unavailable"].some((code) =>
    hasCode(error, code),
  );

test("a value comes back from its place", async () => {
  using w = world();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), fc.uuid(), async (bytes, row) => {
      const text = await w.keyring.seal(bytes, { ...where, row });
      assert.match(text, /^kms:1\.[\w-]+\.[\w-]+$/);
      assert.deepEqual([...(await w.keyring.open(text, { ...where, row }))], [...bytes]);
    }),
  );
});

test("the same value twice gives two texts", async () => {
  using w = world();
  const texts = new Set(
    await Promise.all(Array.from({ length: 2_000 }, () => w.keyring.seal(utf8("x"), where))),
  );
  assert.equal(texts.size, 2_000);
});

test("a value moved to another row, column or table is refused", async () => {
  using w = world();
  const text = await w.keyring.seal(utf8(PHONE), where);
  for (const moved of [{ row: "2" }, { column: "email" }, { table: "admins" }])
    await assert.rejects(w.keyring.open(text, { ...where, ...moved }), refused);
  const swapped = { table: where.column, column: where.table, row: where.row };
  await assert.rejects(w.keyring.open(text, swapped), refused);
});

test("any changed, cut or added character is noticed", async () => {
  using w = world();
  const text = await w.keyring.seal(utf8(PHONE), where);
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:=+/ é";
  await fc.assert(
    fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...digits), async (at, digit) => {
      if (text[at] === digit) return;
      await assert.rejects(w.keyring.open(text.slice(0, at) + digit + text.slice(at + 1), where), isRefusal);
      await assert.rejects(w.keyring.open(text.slice(0, at), where), isRefusal);
      await assert.rejects(w.keyring.open(text.slice(0, at) + digit + text.slice(at), where), isRefusal);
    }),
    { numRuns: 400 },
  );
});

test("a kms value relabelled as local, or the other way, is refused", async () => {
  using w = world();
  const kms = await w.keyring.seal(utf8(PHONE), where);
  await assert.rejects(w.keyring.open(kms.replace(/^kms:/, "local:"), where), refused);
  w.primary.mood = "provider-unavailable";
  const local = await w.another().seal(utf8(PHONE), where);
  w.primary.mood = "works";
  await assert.rejects(w.keyring.open(local.replace(/^local:/, "kms:"), where), refused);
});

test("the header of one value does not open the body of another", async () => {
  using w = world();
  const [, head = ""] = (await w.keyring.seal(utf8("a"), where)).split(".");
  const [kms, , body = ""] = (await w.another().seal(utf8("b"), where)).split(".");
  await assert.rejects(w.keyring.open(`${kms}.${head}.${body}`, where), refused);
});

test("whatever text arrives, the answer is an error of ours", async () => {
  using w = world();
  const sealed = await w.keyring.seal(utf8(PHONE), where);
  const noise = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.stringMatching(/^(kms|local):[0-9]\.[\w-]{0,60}\.[\w-]{0,120}$/),
    fc.constantFrom(
      "",
      "kms:",
      "local:1",
      "kms:1..",
      "kms:1...",
      `${sealed}=`,
      `${sealed}\n`,
      sealed.toUpperCase(),
    ),
    fc.constantFrom(sealed.replace("kms:1", "kms:2"), sealed.replace("kms:1", "kms:01"), ` ${sealed}`),
  );
  await fc.assert(
    fc.asyncProperty(noise, (text) => assert.rejects(w.keyring.open(text, where), isRefusal)),
    { numRuns: 500 },
  );
  assert.equal(w.primary.unwraps, 0, "no provider is asked for what is no envelope");
});

test("texts without end are refused before they are decoded", async () => {
  using w = world();
  for (const text of [
    `kms:1.${"A".repeat(50_000_000)}`,
    `kms:1.AAAA.${"A".repeat(50_000_000)}`,
    "k".repeat(5e7),
  ])
    await assert.rejects(w.keyring.open(text, where), { code: "envelope-malformed" });
  await assert.rejects(w.keyring.seal(new Uint8Array(1_048_577), where), { code: "too-large" });
  const largest = await w.keyring.seal(new Uint8Array(1_048_576), where);
  assert.equal((await w.keyring.open(largest, where)).length, 1_048_576);
});

test("10,000 values make one call, and the next one makes another", async () => {
  using w = world();
  for (let i = 0; i < 10_000; i += 1) await w.keyring.seal(utf8(PHONE), where);
  assert.equal(w.primary.wraps, 1);
  await w.keyring.seal(utf8(PHONE), where);
  assert.equal(w.primary.wraps, 2);
});

test("a data key ends with its age and with its bytes", async () => {
  using w = world({ keyLimits: { bytes: 1_000 } });
  await w.keyring.seal(new Uint8Array(600), where);
  await w.keyring.seal(new Uint8Array(400), where);
  assert.equal(w.primary.wraps, 1);
  await w.keyring.seal(new Uint8Array(1), where);
  assert.equal(w.primary.wraps, 2);
  w.clock.advance(15 * 60_000);
  await w.keyring.seal(new Uint8Array(1), where);
  assert.equal(w.primary.wraps, 3);
  await w.keyring.seal(new Uint8Array(5_000), where);
  await w.keyring.seal(new Uint8Array(5_000), where);
  assert.equal(w.primary.wraps, 5, "a value larger than the limit has a key for itself");
});

test("many at once wait for one call, and none exceeds the limit", async () => {
  using w = world({ keyLimits: { records: 10 } });
  const texts = await Promise.all(Array.from({ length: 100 }, () => w.keyring.seal(utf8("x"), where)));
  assert.equal(w.primary.wraps, 10);
  const uses = Map.groupBy(texts, (text) => text.split(".")[1]);
  assert.deepEqual(
    [...uses.values()].map((list) => list.length),
    Array.from({ length: 10 }, () => 10),
  );
});

test("opening asks once for a data key, also for many at once, and again when it is old", async () => {
  using w = world();
  const text = await w.keyring.seal(utf8(PHONE), where);
  await w.keyring.open(text, where);
  assert.equal(w.primary.unwraps, 0, "what was sealed here is known here");
  using reader = w.another();
  await Promise.all(Array.from({ length: 50 }, () => reader.open(text, where)));
  assert.equal(w.primary.unwraps, 1);
  w.clock.advance(15 * 60_000);
  await reader.open(text, where);
  assert.equal(w.primary.unwraps, 2);
});

test("the cache of opened keys is bounded, and forgets what was used least recently", async () => {
  using w = world({ keyLimits: { records: 1 } });
  const texts: string[] = [];
  for (let i = 0; i < 4; i += 1) texts.push(await w.keyring.seal(utf8(String(i)), where));
  using reader = w.another({ openedKeys: { keys: 2 } });
  const open = async (index: number) => fromUtf8(await reader.open(texts[index] as string, where));
  for (const index of [0, 1, 0, 2, 0]) assert.equal(await open(index), String(index));
  assert.equal(w.primary.unwraps, 3);
  await open(1);
  assert.equal(w.primary.unwraps, 4);
  assert.deepEqual(await Promise.all([0, 1, 2, 3, 0, 1, 2, 3].map(open)), [
    "0",
    "1",
    "2",
    "3",
    "0",
    "1",
    "2",
    "3",
  ]);
});

test("without a primary provider values are local, and a provider added later does not refuse them", async () => {
  using w = world();
  using alone = w.alone();
  const text = await alone.seal(utf8(PHONE), where);
  assert.match(text, /^local:/);
  assert.equal(fromUtf8(await w.keyring.open(text, where)), PHONE);
});

test("a value wrapped by nobody we know is told as such", async () => {
  using w = world();
  using stranger = world();
  const text = await w.keyring.seal(utf8(PHONE), where);
  await assert.rejects(stranger.keyring.open(text, where), { code: "provider-refused" });
});

test("a closed keyring keeps no key", async () => {
  const w = world();
  const text = await w.keyring.seal(utf8(PHONE), where);
  w.keyring[Symbol.dispose]();
  await assert.rejects(w.keyring.open(text, where), TypeError);
  await assert.rejects(w.keyring.seal(utf8(PHONE), where), TypeError);
});

test("no error, event, log line or inspection shows a key or a value", async () => {
  const key = new Uint8Array(32).fill(0xa7);
  const lines: unknown[] = [];
  const log = (...line: unknown[]): void => void lines.push(line);
  const logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  const random = { bytes: (length: number) => new Uint8Array(length).fill(0xa7) };
  using w = world({ log: logger, random });
  const text = await w.keyring.seal(utf8(PHONE), where);
  const errors: unknown[] = [];
  for (const attempt of [text.slice(0, -1), `${text.slice(0, -2)}AA`, text.replace("kms", "local"), PHONE])
    await w.keyring.open(attempt, where).catch((error: unknown) => errors.push(error));
  w.primary.mood = "provider-denied";
  w.clock.advance(1e9);
  await w.keyring.seal(utf8(PHONE), where).catch((error: unknown) => errors.push(error));
  assert.equal(errors.length, 5);
  const said = inspect([w.keyring, w.events, lines, errors], {
    depth: 12,
    showHidden: true,
    maxArrayLength: null,
  });
  for (const secret of [PHONE, toHex(key), toBase64Url(key), "a7 a7 a7 a7", "167, 167, 167"])
    assert.ok(!said.includes(secret), secret);
});

test("two providers of one name cannot be told apart in a header", () => {
  using w = world();
  assert.throws(() => w.another({ primary: w.local }), TypeError);
});
