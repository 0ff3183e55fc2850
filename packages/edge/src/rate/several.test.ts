/** Several policies on one route. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import fc from "fast-check";
import { facts } from "../../test/facts.ts";
import type { RateLimitConfig } from "../config.ts";
import { createEdge } from "../edge.ts";
import type { RateLimitEvent, RateLimiter } from "../ports.ts";
import { memoryStore } from "../stores/memory.ts";
import type { RateLimitRule } from "./rules.ts";

const BOTH: readonly RateLimitRule[] = [
  { name: "address", limit: 5, windowSeconds: 60 },
  { name: "user", limit: 3, windowSeconds: 600, by: ["user"], refusal: "abnormal-usage-detected" },
  { name: "burst", limit: 4, windowSeconds: 4, algorithm: "token-bucket", burst: 2 },
];
const caller: NonNullable<RateLimitConfig["caller"]> = (asked) => {
  const user = asked.header("x-user");
  return user === undefined ? null : { user };
};

function sender(config: Partial<RateLimitConfig> = {}) {
  const clock = manualClock();
  const policies = config.policies ?? BOTH;
  const usual = { policies, default: policies.map(({ name }) => name), caller };
  const edge = createEdge({ preset: "api", clock, rateLimit: { ...usual, ...config } });
  const send = async (user: string) => {
    const exchange = await edge.admit(facts({ headers: { "x-user": user } }));
    const decisions = [exchange.decision, ...(exchange.moreDecisions ?? [])];
    const left = Object.fromEntries(decisions.map((one) => [one?.policy.name, one?.remaining]));
    const document = exchange.verdict === "pass" ? null : JSON.parse(edge.answer(exchange).body);
    const fields = edge.headers(exchange);
    const retryAfter = fields[fields.indexOf("Retry-After") + 1];
    return { code: exchange.code, left, violated: document?.["violated-policies"], retryAfter, exchange };
  };
  return { clock, send, edge };
}

/** As the memory store, but with promises: what a store across processes looks like. */
const remote: NonNullable<RateLimitConfig["store"]> = {
  open(policies, clock) {
    const memory = memoryStore().open(policies, clock);
    return { check: async (...call) => memory.check(...call) };
  },
};

for (const [name, store] of [
  ["in memory", undefined],
  ["in a remote store", remote],
] as const) {
  const usual = store === undefined ? {} : { store };

  test(`a call goes on when every policy lets it, and a refused one counts nowhere, ${name}`, async () => {
    const { clock, send } = sender(usual);
    assert.deepEqual((await send("ann")).left, { address: 4, user: 2, burst: 1 });
    assert.equal((await send("ann")).code, null);
    const burst = await send("ann");
    assert.equal(burst.code, "rate-limited");
    assert.deepEqual(burst.violated, ["burst"]);
    assert.deepEqual(burst.left, { address: 3, user: 1, burst: 0 });
    clock.advance(2000);
    assert.deepEqual((await send("ann")).left, { address: 2, user: 0, burst: 1 });
    const user = await send("ann");
    assert.equal(user.code, "abnormal-usage-detected");
    assert.deepEqual(user.left, { address: 2, user: 0, burst: 1 });
    assert.ok(Number(user.retryAfter) > 500, "when the user's quota comes back");
    assert.deepEqual(
      (await send("bob")).left,
      { address: 1, user: 2, burst: 0 },
      "what ann was refused is left",
    );
  });
}

test("of several that refuse, all are named and the longest wait is told", async () => {
  const { send } = sender({
    policies: [
      { name: "short", limit: 1, windowSeconds: 10 },
      { name: "long", limit: 1, windowSeconds: 1000 },
    ],
  });
  await send("ann");
  const refused = await send("ann");
  assert.deepEqual(refused.violated, ["short", "long"]);
  assert.ok(Number(refused.retryAfter) > 900);
});

test("a policy in shadow mode among them reports, and stands in nobody's way", async () => {
  const events: RateLimitEvent[] = [];
  const { send } = sender({
    policies: [
      { name: "real", limit: 5, windowSeconds: 60 },
      { name: "trial", limit: 1, windowSeconds: 60, shadow: true },
    ],
    observe: (event) => events.push(event),
  });
  await send("ann");
  assert.deepEqual((await send("ann")).left, { real: 3 });
  assert.deepEqual(
    events.map((event) => event.kind === "shadow-refusal" && event.policy),
    ["trial"],
  );
});

test("a store that cannot say does what was declared, for all of them", async () => {
  const limiter: RateLimiter = { check: () => Promise.reject(new Error("down")) };
  assert.equal((await sender({ limiter, onFailure: "refuse" }).send("ann")).code, "unavailable");
  const open = await sender({ limiter, onFailure: "allow" }).send("ann");
  assert.equal(open.code, null);
  assert.match(String(open.exchange.cause), /down/);
  const { send } = sender({ limiter, onFailure: "local" });
  assert.deepEqual((await send("ann")).left, { address: 4, user: 2, burst: 1 });
  await send("ann");
  assert.deepEqual((await send("ann")).violated, ["burst"]);
});

test("calls at once: none is let through beyond any limit, whatever was free when they asked", async () => {
  const { send } = sender({ store: remote });
  const codes = (await Promise.all(Array.from({ length: 9 }, () => send("ann")))).map(({ code }) => code);
  assert.equal(codes.filter((code) => code === null).length, 2);
});

test("any sequence is accepted as by counters that are asked together", () => {
  const calls = fc.array(
    fc.record({ user: fc.constantFrom("a", "b"), wait: fc.constantFrom(0, 0, 400, 1000, 61_000) }),
    { maxLength: 40 },
  );
  const property = fc.asyncProperty(calls, async (sequence) => {
    const { clock, send } = sender();
    const model = memoryStore().open(BOTH, clock);
    const free = async (key: string, policy: string) => (await model.check(key, policy, 0)).remaining >= 1;
    for (const { user, wait } of sequence) {
      clock.advance(wait);
      const keys = [
        ["x", "address"],
        [user, "user"],
        ["x", "burst"],
      ] as const;
      const isFree = (await Promise.all(keys.map(([key, policy]) => free(key, policy)))).every(Boolean);
      if (isFree) for (const [key, policy] of keys) await model.check(key, policy);
      assert.equal((await send(user)).code === null, isFree);
    }
  });
  return fc.assert(property, { numRuns: 100 });
});
