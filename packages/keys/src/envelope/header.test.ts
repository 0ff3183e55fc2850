import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeHeader, encodeHeader, type Wrap } from "./header.ts";

const wrap: fc.Arbitrary<Wrap> = fc.record({
  provider: fc.stringMatching(/^[a-z0-9-]{1,32}$/),
  version: fc
    .string({ minLength: 1, maxLength: 60, unit: "grapheme" })
    .filter((text) => Buffer.byteLength(text) < 256),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 1_024 }),
});
const wraps = fc.uniqueArray(wrap, { minLength: 1, maxLength: 4, selector: ({ provider }) => provider });
const plain = (list: readonly Wrap[] | null) => list?.map((one) => ({ ...one, bytes: [...one.bytes] }));

test("what was encoded is decoded, and nothing else is", () => {
  fc.assert(
    fc.property(wraps, (list) => {
      const bytes = encodeHeader(list);
      assert.deepEqual(plain(decodeHeader(bytes)), plain(list));
      assert.equal(decodeHeader(new Uint8Array([...bytes, 0])), null);
      for (let cut = 0; cut < bytes.length; cut += 17)
        assert.equal(decodeHeader(bytes.subarray(0, cut)), null);
    }),
  );
});

test("whatever bytes arrive are refused, or are what would be encoded", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      const decoded = decodeHeader(bytes);
      if (decoded !== null) assert.deepEqual([...encodeHeader(decoded)], [...bytes]);
    }),
    { numRuns: 2_000 },
  );
});

test("a provider named twice is refused: which of the two would count?", () => {
  const one = { provider: "local", version: "1", bytes: Uint8Array.of(1) };
  assert.equal(decodeHeader(encodeHeader([one, one])), null);
});

test("a provider that breaks its contract is told so", () => {
  const good = { provider: "local", version: "1", bytes: Uint8Array.of(1) };
  const broken: Partial<Wrap>[] = [
    { provider: "" },
    { provider: "Local" },
    { provider: "x".repeat(33) },
    { version: "" },
    { version: "é".repeat(128) },
    { version: "\ud800" },
    { bytes: new Uint8Array(0) },
    { bytes: new Uint8Array(1_025) },
  ];
  for (const change of broken) assert.throws(() => encodeHeader([{ ...good, ...change }]), TypeError);
  assert.throws(() => encodeHeader([]), TypeError);
});
