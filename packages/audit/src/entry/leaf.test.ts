import assert from "node:assert/strict";
import { test } from "node:test";
import { fromUtf8 } from "@rempart/kernel";
import fc from "fast-check";
import { canonical } from "./canonical.ts";
import { leafBytes, parseLeaf } from "./leaf.ts";

const FIELDS = fc.record({
  id: fc.string(),
  time: fc.integer({ min: 0, max: 253_402_300_799_999 }),
  type: fc.string(),
  retention: fc.string(),
  commitment: fc.uint8Array({ minLength: 32, maxLength: 32 }),
});

test("a leaf is canonical JSON, and is read back as it was written", () => {
  fc.assert(
    fc.property(FIELDS, (fields) => {
      const bytes = leafBytes(fields);
      const text = fromUtf8(bytes) ?? "";
      assert.equal(text, canonical(JSON.parse(text)));
      const read = parseLeaf(bytes);
      assert.deepEqual(read && { ...read, commitment: Buffer.from(read.commitment) }, {
        ...fields,
        commitment: Buffer.from(fields.commitment),
      });
    }),
  );
});

test("bytes that a leaf would not have are none", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => assert.equal(parseLeaf(bytes), null)));
});
