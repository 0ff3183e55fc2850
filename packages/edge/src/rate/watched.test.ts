import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import type { RateLimiter } from "../ports.ts";
import { createMemoryLimiter } from "../stores/memory.ts";
import { watchedLimiter } from "./watched.ts";

const policies = [{ name: "api", limit: 2, windowSeconds: 60 }];
const memory = (): RateLimiter => createMemoryLimiter({ policies, clock: manualClock() });

test("every call is told with what was decided, whether the store answers at once or later; a question is not", async () => {
  const inner = memory();
  const later: RateLimiter = { check: async (...call) => inner.check(...call) };
  for (const limiter of [memory(), later]) {
    const told: string[] = [];
    const watched = watchedLimiter(limiter, (policy, allowed) => void told.push(`${policy} ${allowed}`));
    await watched.check("a", "api", 0);
    for (let call = 0; call < 3; call++) await watched.check("a", "api");
    assert.deepEqual(told, ["api true", "api true", "api false"]);
  }
});

test("a watcher that throws changes no decision", () => {
  const watched = watchedLimiter(memory(), () => {
    throw new Error("full");
  });
  const decision = watched.check("a", "api");
  assert.ok(!(decision instanceof Promise) && decision.allowed);
});
