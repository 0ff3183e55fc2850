import assert from "node:assert/strict";
import { test } from "node:test";
import type { Queryable } from "@rempart/database";
import { inTurns } from "./in-turns.ts";

test("one statement is under way at a time, whatever became of the one before", async () => {
  let underWay = 0;
  let most = 0;
  const database: Queryable = {
    async query(text) {
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      if (text === "bad") throw new Error("bad");
      return [];
    },
  };
  const turns = inTurns(database);
  const asked = await Promise.allSettled(["a", "bad", "b"].map((text) => turns.query(text)));
  assert.deepEqual(
    asked.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.equal(most, 1);
});

test("a database that hangs is not asked for more and more", async () => {
  let asked = 0;
  const hanging: Queryable = {
    query() {
      asked += 1;
      return new Promise(() => {});
    },
  };
  const turns = inTurns(hanging);
  for (let i = 0; i < 20; i++) void turns.query("x");
  await assert.rejects(turns.query("x"));
  assert.equal(asked, 1);
});
