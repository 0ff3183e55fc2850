import assert from "node:assert/strict";
import { test } from "node:test";
import { repeat } from "./repeat.ts";

test("rounds follow one another until told to stop, which the round under way finishes and no pause outlasts", async () => {
  const stopping = new AbortController();
  const gate = Promise.withResolvers<void>();
  const { promise: third, resolve: reached } = Promise.withResolvers<void>();
  let rounds = 0;
  let underWay = 0;
  const running = repeat(stopping.signal, async () => {
    rounds += 1;
    underWay += 1;
    assert.equal(underWay, 1);
    if (rounds === 3) {
      reached();
      await gate.promise;
    }
    underWay -= 1;
    return rounds < 3 ? 0 : 3_600_000;
  });
  assert.equal(rounds, 1, "the first begins at once");
  await third;
  stopping.abort();
  gate.resolve();
  await running;
  assert.deepEqual([rounds, underWay], [3, 0]);
});

test("a stop ends a pause, and before the first round there is none", async () => {
  const stopping = new AbortController();
  let rounds = 0;
  const work = async () => {
    rounds += 1;
    return 3_600_000;
  };
  const running = repeat(stopping.signal, work);
  await new Promise(setImmediate);
  stopping.abort();
  await running;
  await repeat(stopping.signal, work);
  assert.equal(rounds, 1);
});
