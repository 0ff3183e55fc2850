import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { turnQueue } from "./queue.ts";

test("as many run as may, as many wait as may, the rest is refused, and order is kept", async () => {
  const queue = turnQueue(2, 3);
  const finish: (() => void)[] = [];
  const started: number[] = [];
  const job = (id: number) => () =>
    new Promise<number>((resolve) => {
      started.push(id);
      finish.push(() => resolve(id));
    });
  const jobs = Array.from({ length: 7 }, (_, id) => queue.run(job(id)));
  const settled = Promise.allSettled(jobs);
  for (let done = 0; done < 5; done += 1) {
    await new Promise(setImmediate);
    assert.equal(started.length, Math.min(done + 2, 5));
    finish[done]?.();
  }
  const results = await settled;
  assert.deepEqual(started, [0, 1, 2, 3, 4]);
  assert.deepEqual(
    results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.code)),
    [0, 1, 2, 3, 4, "unavailable", "unavailable"],
  );
});

test("a failed job frees its place", async () => {
  const queue = turnQueue(1, 0);
  await assert.rejects(
    queue.run(async () => {
      throw new Error("broken");
    }),
    /broken/,
  );
  const held = queue.run(() => new Promise((resolve) => setImmediate(resolve)));
  await assert.rejects(
    queue.run(async () => 1),
    (error) => hasCode(error, "unavailable"),
  );
  await held;
  assert.equal(await queue.run(async () => 2), 2);
});
