import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig, resolveConfig } from "./config.ts";

test("a group may be given in part", () => {
  const config = resolveConfig({ session: { idleMs: 3_600_000 }, ticketMs: 5 });
  assert.deepEqual(config.session, { ...defaultConfig.session, idleMs: 3_600_000 });
  assert.equal(config.ticketMs, 5);
  assert.deepEqual(resolveConfig(), defaultConfig);
});

test("values that contradict each other are a mistake of the programmer", () => {
  for (const session of [
    { pollMs: 1000 },
    { idleMs: 100 * 86_400_000 },
    { idleMs: 1000 },
    { cacheEntries: 0 },
  ]) {
    assert.throws(() => resolveConfig({ session }), TypeError);
  }
  assert.throws(() => resolveConfig({ hashing: { concurrency: 0 } }), TypeError);
});
