import assert from "node:assert/strict";
import { test } from "node:test";
import type { Queryable } from "@rempart/database";
import { Touches } from "./touches.ts";

const TIMES = { touchEveryMs: 0, pauseMs: 1 };

/** Takes the writes, or refuses them. What the statement does is proven in `test/sessions.test.ts`. */
function recorder() {
  const written: Record<string, number>[] = [];
  const state = { failing: false };
  const database: Queryable = {
    async query<Row extends object>(_text: string, values: readonly unknown[] = []): Promise<Row[]> {
      if (state.failing) throw new Error("away");
      const [ids, times] = values as [string[], Date[]];
      written.push(Object.fromEntries(ids.map((id, i) => [id, times[i]?.getTime() ?? Number.NaN])));
      return [];
    },
  };
  return { written, state, database };
}

test("uses of many sessions are one statement, the latest of each; nothing to write is no statement", async () => {
  const { written, database } = recorder();
  const touches = new Touches(10);
  touches.note("a", 1);
  touches.note("b", 2);
  touches.note("a", 3);
  await touches.flush(database, TIMES);
  await touches.flush(database, TIMES);
  assert.deepEqual(written, [{ a: 3, b: 2 }]);
});

test("what could not be written is written next time, unless it is known better by then", async () => {
  const { written, state, database } = recorder();
  const touches = new Touches(10);
  touches.note("a", 1);
  touches.note("b", 2);
  state.failing = true;
  const failing = touches.flush(database, TIMES);
  touches.note("a", 5);
  await assert.rejects(failing, /away/);
  state.failing = false;
  await touches.flush(database, TIMES);
  assert.deepEqual(written, [{ a: 5, b: 2 }]);
});

test("past the limit, known sessions are still updated and new ones are left out", async () => {
  const { written, database } = recorder();
  const touches = new Touches(1);
  touches.note("a", 1);
  touches.note("b", 2);
  touches.note("a", 3);
  await touches.flush(database, TIMES);
  assert.deepEqual(written, [{ a: 3 }]);
});
