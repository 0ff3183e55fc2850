import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./until.ts";

test("waiting ends when it holds, with its error, or with the patience", async () => {
  let asked = 0;
  await until(async () => {
    asked += 1;
    return asked === 3;
  });
  assert.equal(asked, 3);
  await assert.rejects(
    until(() => false, { patienceMs: 0 }),
    /did not happen/,
  );
  const broken = new Error("no answer");
  await assert.rejects(
    until(() => Promise.reject(broken)),
    broken,
  );
});
