import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, systemClock } from "./clock.ts";
import { isUuid, uuidFromBytes, uuidToBytes, uuidV7Generator, uuidV7Time } from "./ids.ts";
import { systemRandom, unsafeSeededRandom } from "./random.ts";

test("ids are canonical UUIDv7, carry their time, and round-trip through bytes", () => {
  const clock = manualClock(1_700_000_000_123);
  const id = uuidV7Generator(clock, systemRandom)();
  assert.ok(isUuid(id), id);
  assert.equal(id[14], "7");
  assert.equal(uuidV7Time(id), 1_700_000_000_123);
  const bytes = uuidToBytes(id);
  assert.ok(bytes);
  assert.equal(uuidFromBytes(bytes), id);
});

test("ids of one generator only ever rise, whatever the clock does", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5000, max: 5000 }), { maxLength: 200 }), (jumps) => {
      const clock = manualClock(1_000_000);
      const next = uuidV7Generator(clock, unsafeSeededRandom(1));
      let previous = next();
      for (const jump of jumps) {
        clock.jump(jump);
        const id = next();
        assert.ok(id > previous, `${id} after ${previous}`);
        previous = id;
      }
    }),
  );
});

test("a full counter moves on to the next millisecond instead of repeating", () => {
  const next = uuidV7Generator(manualClock(5), systemRandom);
  const ids = Array.from({ length: 10_000 }, next);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(ids.toSorted(), ids);
});

test("what is not a canonical UUID is refused", () => {
  const id = uuidV7Generator(systemClock, systemRandom)();
  for (const text of ["", id.toUpperCase(), id.slice(1), `${id} `, `{${id}}`, id.replace("-", "_")]) {
    assert.equal(isUuid(text), false, text);
    assert.equal(uuidToBytes(text), null);
    assert.equal(uuidV7Time(text), null);
  }
  assert.equal(uuidFromBytes(new Uint8Array(15)), null);
  assert.equal(uuidFromBytes(new Uint8Array(16)), null, "the nil UUID has no version");
});
