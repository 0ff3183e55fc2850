import assert from "node:assert/strict";
import { test } from "node:test";
import type { Queryable } from "@rempart/database";
import { Touches } from "./touches.ts";

const DATABASE: Queryable = {
  query: () => Promise.reject(new TypeError("the writer alone talks to the database")),
};

/** Takes the writes, or refuses them. What the statements do is proven in `test/sessions.test.ts`. */
function recorder(limit: number) {
  const written: Record<string, number>[] = [];
  const state = { failing: false };
  const touches = new Touches(limit, async (_db, uses) => {
    if (state.failing) throw new Error("away");
    written.push(Object.fromEntries(uses));
  });
  return { written, state, touches };
}

test("uses of many sessions are one statement, the latest of each; nothing to write is no statement", async () => {
  const { written, touches } = recorder(10);
  touches.note("a", 1);
  touches.note("b", 2);
  touches.note("a", 3);
  await touches.flush(DATABASE);
  await touches.flush(DATABASE);
  assert.deepEqual(written, [{ a: 3, b: 2 }]);
});

test("what could not be written is written next time, unless it is known better by then", async () => {
  const { written, state, touches } = recorder(10);
  touches.note("a", 1);
  touches.note("b", 2);
  state.failing = true;
  const failing = touches.flush(DATABASE);
  touches.note("a", 5);
  await assert.rejects(failing, /away/);
  state.failing = false;
  await touches.flush(DATABASE);
  assert.deepEqual(written, [{ a: 5, b: 2 }]);
});

test("past the limit, known sessions are still updated and new ones are left out", async () => {
  const { written, touches } = recorder(1);
  touches.note("a", 1);
  touches.note("b", 2);
  touches.note("a", 3);
  await touches.flush(DATABASE);
  assert.deepEqual(written, [{ a: 3 }]);
});
