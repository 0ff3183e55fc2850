import assert from "node:assert/strict";
import { test } from "node:test";
import { Growth } from "./growth.ts";

test("growth begins with the second look, and with a counter's new beginning", () => {
  const growth = new Growth();
  const counts = [100, 100, 130, 7, 8];
  assert.deepEqual(
    counts.map((count) => growth.since(count)),
    [0, 0, 30, 7, 1],
  );
});
