import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import type { RateLimitPolicy } from "../../src/ports.ts";
import { assertEquivalent, type Subject } from "./equivalence.ts";

/** What every store promises. `numRuns` sequences are compared with the reference. */
export function storeContract(subject: () => Subject, numRuns: number): void {
  const open = () => {
    const { policies, create } = subject();
    const clock = manualClock();
    return { clock, policies, limiter: create().open(policies, clock) };
  };

  test("contract: the same answers as the reference, for any sequence of calls", () =>
    assertEquivalent(subject(), numRuns));

  test("contract: keys and policies do not touch each other", async () => {
    const { limiter, policies } = open();
    const [first, second] = policies as [RateLimitPolicy, RateLimitPolicy];
    for (let i = 0; i < first.limit; i += 1) assert.ok((await limiter.check("a", first.name)).allowed);
    assert.equal((await limiter.check("a", first.name)).allowed, false);
    assert.ok((await limiter.check("b", first.name)).allowed);
    assert.ok((await limiter.check("a", second.name)).allowed);
  });

  test("contract: calls at the same time are counted one by one", async () => {
    const { limiter, policies } = open();
    for (const { name, limit, burst } of policies) {
      const calls = Array.from({ length: 3 * limit }, () => limiter.check("a", name));
      const allowed = (await Promise.all(calls)).filter((decision) => decision.allowed);
      assert.equal(allowed.length, burst ?? limit, name);
    }
  });

  test("contract: what was refused was not counted, and the wait it named is enough", async () => {
    const { clock, limiter, policies } = open();
    for (const { name, limit, burst = limit } of policies) {
      await limiter.check("a", name, burst);
      const refused = await limiter.check("a", name, 1);
      for (let i = 0; i < 5; i += 1) assert.equal((await limiter.check("a", name, 1)).allowed, false);
      clock.advance(refused.resetSeconds * 1000);
      assert.ok((await limiter.check("a", name, 1)).allowed, name);
    }
  });

  test("contract: a decision carries the very policy that was opened", async () => {
    const { limiter, policies } = open();
    for (const policy of policies) assert.equal((await limiter.check("a", policy.name)).policy, policy);
  });

  test("contract: any text is a key", async () => {
    const { limiter, policies } = open();
    const { name, limit } = policies[0] as RateLimitPolicy;
    for (const key of ["", "{", "}{}", "\u0000\r\n", "é🛡", "\ud800", "x".repeat(5000)]) {
      assert.equal((await limiter.check(key, name)).remaining, limit - 1, JSON.stringify(key.slice(0, 9)));
    }
  });

  test("contract: misuse is a TypeError", async () => {
    const { limiter, policies } = open();
    const { name } = policies[0] as RateLimitPolicy;
    await assert.rejects(async () => limiter.check("a", "unknown"), TypeError);
    for (const cost of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(async () => limiter.check("a", name, cost), TypeError);
    }
  });
}
