import assert from "node:assert/strict";
import { test } from "node:test";
import { isSoundPage, PAGE_BYTES, pageChecksum } from "./page-checksum.ts";

/** A page that says it is used, with its checksum. */
function page(number: number): Buffer {
  const bytes = Buffer.from(Array.from({ length: PAGE_BYTES }, (_, at) => (at * 31) & 0xff));
  bytes.writeUInt16LE(pageChecksum(bytes, number), 8);
  return bytes;
}

test("any bit that is turned is found", () => {
  const sound = page(7);
  assert.ok(isSoundPage(sound, 7));
  for (let at = 0; at < PAGE_BYTES; at += 97) {
    const turned = Buffer.from(sound);
    turned[at] = (turned[at] as number) ^ 1;
    assert.ok(!isSoundPage(turned, 7), String(at));
  }
});

test("a page that stands where another belongs is found", () => {
  for (const other of [0, 6, 8, 7 + 65_536]) assert.ok(!isSoundPage(page(7), other));
});

test("a page that was never used is sound, and one that was wiped in part is not", () => {
  const empty = Buffer.alloc(PAGE_BYTES);
  assert.ok(isSoundPage(empty, 3));
  empty[8_000] = 1;
  assert.ok(!isSoundPage(empty, 3));
});
