import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "@rempart/kernel";
import fc from "fast-check";
import { facts } from "../../test/facts.ts";
import type { RateLimitConfig } from "../config.ts";
import { createEdge } from "../edge.ts";
import type { RateLimitEvent } from "../ports.ts";
import { type KeyParts, limitKey } from "./keys.ts";
import { developmentLimits, multiTenantLimits, productionLimits } from "./presets.ts";
import type { Tier } from "./rules.ts";

const caller: NonNullable<RateLimitConfig["caller"]> = ({ header }) => {
  const [user, tenant, tier] = ["x-user", "x-tenant", "x-tier"].map(header);
  return { ...(user && { user }), ...(tenant && { tenant }), ...(tier && { tier: tier as Tier }) };
};

function edgeWith(rateLimit: RateLimitConfig, more: object = {}) {
  const edge = createEdge({ preset: "api", clock: manualClock(), rateLimit, ...more });
  return async (headers: Record<string, string> = {}, given: { peer?: string; target?: string } = {}) => {
    const exchange = await edge.admit(facts({ headers, ...given }));
    const answer = exchange.verdict === "pass" ? null : edge.answer(exchange);
    return {
      exchange,
      code: exchange.code,
      problem: answer && JSON.parse(answer.body),
      headers: edge.headers(exchange),
    };
  };
}

test("different parts never make the same key, whatever they hold", () => {
  const value = fc.oneof(fc.string({ maxLength: 12 }), fc.stringMatching(/^[aut|=%7C]{0,12}$/));
  const parts = fc
    .record({ address: value, user: value, tenant: value, endpoint: value }, { requiredKeys: [] })
    .filter((given) => Object.keys(given).length > 0) as fc.Arbitrary<KeyParts>;
  const canonical = ({ address, user, tenant, endpoint }: KeyParts) =>
    JSON.stringify([address ?? null, user ?? null, tenant ?? null, endpoint ?? null]);
  fc.assert(
    fc.property(parts, parts, (a, b) => {
      assert.equal(limitKey(a) === limitKey(b), canonical(a) === canonical(b));
    }),
    { numRuns: 2000 },
  );
  assert.ok(limitKey({ user: "x".repeat(1e6) }).length < 200);
  assert.throws(() => limitKey({}), TypeError);
});

test("a mix of parts: each combination has its own counter, and who is unknown shares the address's", async () => {
  const send = edgeWith(
    {
      policies: [{ name: "mix", limit: 1, windowSeconds: 60, by: ["user", "endpoint"] }],
      caller,
    },
    { routes: [{ name: "export", path: "/export" }] },
  );
  assert.equal((await send({ "x-user": "anna" })).code, null);
  assert.equal((await send({ "x-user": "anna" })).code, "rate-limited");
  assert.equal((await send({ "x-user": "anna" }, { target: "/export" })).code, null);
  assert.equal((await send({ "x-user": "ben" })).code, null);
  assert.equal((await send({}, { peer: "2001:db8::1" })).code, null);
  assert.equal((await send({}, { peer: "2001:db8::2" })).code, "rate-limited", "one /64 is one address");
  assert.equal((await send({}, { peer: "2001:db8:0:1::1" })).code, null);
});

test("tiers: each its own quota, named in the fields and in the refusal", async () => {
  const send = edgeWith({ policies: multiTenantLimits({ free: 1, pro: 2, enterprise: 3 }), caller });
  const accepted = async (tier: string) => {
    let count = 0;
    while ((await send({ "x-tenant": `of-${tier}`, "x-tier": tier })).code === null) count += 1;
    return count;
  };
  assert.deepEqual([await accepted("free"), await accepted("pro"), await accepted("enterprise")], [1, 2, 3]);
  assert.equal(await accepted("made-up"), 1);
  const { problem, headers } = await send({ "x-tenant": "of-pro", "x-tier": "pro" });
  assert.deepEqual(problem["violated-policies"], ["default-pro"]);
  assert.match(problem.type, /#quota-exceeded$/);
  assert.equal(headers[headers.indexOf("RateLimit-Policy") + 1], '"default-pro";q=2;w=60');
});

test("abnormal usage is a problem type of its own", async () => {
  const policies = [
    { name: "auth", limit: 1, windowSeconds: 60, refusal: "abnormal-usage-detected" as const },
  ];
  const send = edgeWith({ policies });
  await send();
  const { problem } = await send();
  assert.equal(problem.status, 429);
  assert.equal(problem.code, "abnormal-usage-detected");
  assert.match(problem.type, /#abnormal-usage-detected$/);
});

test("shadow mode counts and reports, refuses nothing and says nothing", async () => {
  const events: RateLimitEvent[] = [];
  const observe = (event: RateLimitEvent): void => {
    events.push(event);
    throw new Error("an observer's own trouble");
  };
  const send = edgeWith({ policies: [{ name: "new", limit: 2, windowSeconds: 60, shadow: true }], observe });
  for (let i = 0; i < 5; i += 1) {
    const { code, headers } = await send();
    assert.equal(code, null);
    assert.ok(!headers.includes("RateLimit"));
  }
  assert.equal(events.length, 3);
  const [event] = events;
  assert.ok(event?.kind === "shadow-refusal" && event.policy === "new" && event.key === "198.51.100.7");
});

test("the presets hold what they are named for", async () => {
  assert.deepEqual(
    developmentLimits().map(({ limit }) => limit),
    [1000],
  );
  const limits = Object.fromEntries(
    productionLimits({ auth: 5, export: 2 }).map(({ name, limit }) => [name, limit]),
  );
  assert.deepEqual(limits, { default: 100, auth: 5, media: 20, messages: 100, export: 2 });
  const routes = [{ name: "auth", path: "/auth/*", rateLimit: "auth" }];
  const send = edgeWith({ policies: productionLimits() }, { routes });
  for (let i = 0; i < 10; i += 1) assert.equal((await send({}, { target: "/auth/sign-in" })).code, null);
  assert.equal((await send({}, { target: "/auth/sign-in" })).code, "rate-limited");
  assert.equal((await send()).code, null);
});

test("a store that cannot be asked: 503, through, or a count of one's own", async () => {
  const store = { open: () => ({ check: () => Promise.reject(new Error("secret host name")) }) };
  const policies = [{ name: "default", limit: 1, windowSeconds: 60 }];
  const codes = async (onFailure: "allow" | "refuse" | "local") => {
    const send = edgeWith({ policies, store, onFailure });
    const answers = [await send(), await send()];
    for (const { exchange, problem } of answers) {
      assert.match(String(exchange.cause), /secret host name/);
      assert.doesNotMatch(JSON.stringify(problem), /secret/);
    }
    return answers.map(({ code }) => code);
  };
  assert.deepEqual(await codes("refuse"), ["unavailable", "unavailable"]);
  assert.deepEqual(await codes("allow"), [null, null]);
  assert.deepEqual(await codes("local"), [null, "rate-limited"]);
});

test("more at once than there is room for is answered 503, and a place is given back once, however the request ends", async () => {
  const routes = [{ name: "events", path: "/events", concurrency: false as const }];
  const clock = manualClock();
  const edge = createEdge({ preset: "api", clock, rateLimit: false, concurrency: { floor: 2 }, routes });
  const admit = (target = "/") => edge.admit(facts({ target }));
  const [first, second, third] = [await admit(), await admit(), await admit()];
  assert.equal(third.code, "temporary-reduced-capacity");
  assert.equal(edge.answer(third).status, 503);
  assert.match(JSON.parse(edge.answer(third).body).type, /#temporary-reduced-capacity$/);
  assert.equal((await admit("/events")).code, null);
  edge.settle(third, 503, false);
  assert.equal(
    (await admit()).code,
    "temporary-reduced-capacity",
    "a refused request had no place to give back",
  );
  edge.settle(first, 500, false);
  edge.settle(first, 500, false);
  edge.settle(second, 200, true);
  assert.deepEqual([(await admit()).code, (await admit()).code], [null, null]);
  assert.equal((await admit()).code, "temporary-reduced-capacity");
});
