import assert from "node:assert/strict";
import { test } from "node:test";
import { arrivalIn } from "./arrivals.ts";

const before = new Map([
  ["a", 0],
  ["b", 2],
]);

test("a conversation whose unread count rose has an arrival, a new one too", () => {
  assert.equal(arrivalIn(before, [{ id: "b", unread: 3 }], undefined)?.id, "b");
  assert.equal(arrivalIn(before, [{ id: "new", unread: 1 }], undefined)?.id, "new");
});

test("reading is no arrival, nor is what stands in the open conversation", () => {
  assert.equal(arrivalIn(before, [{ id: "b", unread: 0 }], undefined), null);
  assert.equal(arrivalIn(before, [{ id: "a", unread: 1 }], "a"), null);
});
