import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { manualClock } from "@rempart/kernel";
import { Miniflare } from "miniflare";
import type { RateLimitEvent, RateLimitPolicy } from "../../src/ports.ts";
import { guardLimiter } from "../../src/rate/guard.ts";
import { type KvNamespace, kvStore } from "../../src/stores/kv.ts";
import { storeContract } from "./contract.ts";
import { WINDOW_POLICIES } from "./policies.ts";

const POLICY: RateLimitPolicy = { name: "p", limit: 10, windowSeconds: 60 };

/** What two instances need to share a key, over made-up time: background work is waited for between the calls. */
function instances(namespace: KvNamespace, count: number, policy = POLICY) {
  const clock = manualClock(1e12);
  const work: Promise<unknown>[] = [];
  const waitUntil = (promise: Promise<unknown>): void => void work.push(promise);
  const limiters = Array.from({ length: count }, (_, i) =>
    kvStore({ namespace, waitUntil, instance: `i${i}` }).open([policy], clock),
  );
  const check = async (instance: number, key: string): Promise<boolean> => {
    const { allowed } = (await limiters[instance]?.check(key, policy.name)) ?? {};
    await Promise.all(work.splice(0));
    return allowed === true;
  };
  return { clock, check };
}

describe("Cloudflare KV, in workerd", () => {
  let miniflare: Miniflare;
  let namespace: KvNamespace;
  let stores = 0;

  before(async () => {
    miniflare = new Miniflare({
      modules: true,
      script: "export default { fetch: () => new Response() }",
      compatibilityDate: "2026-07-01",
      kvNamespaces: ["LIMITS"],
    });
    namespace = (await miniflare.getKVNamespace("LIMITS")) as unknown as KvNamespace;
  });

  after(() => miniflare.dispose());

  storeContract(
    () => ({
      name: "KV",
      policies: WINDOW_POLICIES,
      create: () => {
        stores += 1;
        return kvStore({ namespace, prefix: `contract${stores}` });
      },
    }),
    12,
  );

  test("instances learn of each other's calls within a round", async () => {
    const { clock, check } = instances(namespace, 2);
    const accepted = { first: 0, second: 0 };
    for (let second = 0; second < 50; second += 1) {
      if (await check(0, "shared")) accepted.first += 1;
      if (await check(1, "shared")) accepted.second += 1;
      clock.advance(1000);
    }
    const total = accepted.first + accepted.second;
    // A round of five seconds at one call a second each: what either could not know of the other.
    assert.ok(total >= POLICY.limit && total <= POLICY.limit + 6, `${total} accepted`);
    assert.ok(accepted.first > 0 && accepted.second > 0);
  });

  test("an instance that never asked knows what the others told", async () => {
    const { clock, check } = instances(namespace, 2);
    for (let i = 0; i < POLICY.limit; i += 1) assert.ok(await check(0, "moved"));
    // The weaker guarantee: of a burst only the first call was told at once.
    assert.ok(await check(1, "moved"));
    clock.advance(5000);
    // Even a refused call tells what is still untold.
    assert.equal(await check(0, "moved"), false);
    clock.advance(10_000);
    assert.equal(await check(1, "moved"), false);
  });

  test("a sub-key has one writer, is written at most once a round, and holds no identity", async () => {
    const puts: { name: string; at: number }[] = [];
    const names = new Set<string>();
    let now = () => 0;
    const counting: KvNamespace = {
      list: (options) => namespace.list(options),
      put: (name, value, options) => {
        puts.push({ name, at: now() });
        names.add(name);
        assert.ok(options.expirationTtl >= 60);
        return namespace.put(name, value, options);
      },
    };
    const { clock, check } = instances(counting, 2, { name: "p", limit: 100_000, windowSeconds: 60 });
    now = () => clock.now();
    for (let i = 0; i < 200; i += 1) {
      await check(i % 2, "anna@example.org");
      clock.advance(100);
    }
    assert.equal(names.size, 2);
    for (const name of names) {
      assert.doesNotMatch(name, /anna/);
      const times = puts.filter((put) => put.name === name).map(({ at }) => at);
      for (let i = 1; i < times.length; i += 1) {
        assert.ok((times[i] as number) - (times[i - 1] as number) >= 5000);
      }
    }
    assert.ok(puts.length >= 6, "but told they are");
  });

  test("however late KV is, an instance holds the limit by itself: never more than limit times instances", async () => {
    const blind: KvNamespace = { list: async () => ({ keys: [] }), put: async () => {} };
    const { clock, check } = instances(blind, 3);
    let total = 0;
    for (let i = 0; i < 300; i += 1) {
      if (await check(i % 3, "k")) total += 1;
      clock.advance(100);
    }
    assert.equal(total, 3 * POLICY.limit);
  });

  test("what another wrote there counts only when it is a count", async () => {
    const slot = Math.floor(1e12 / 4000);
    const zeros = new Array<number>(15).fill(0);
    const hostile: unknown[] = [
      null,
      "x",
      [slot],
      [slot, ...zeros, -5],
      [slot, ...zeros, 0.5],
      [slot, ...zeros, "9"],
      [1e15, 9, ...zeros],
      [slot - 16, ...new Array<number>(16).fill(9)],
      [0, ...new Array<number>(16).fill(9)],
    ];
    const odd: KvNamespace = {
      list: async ({ prefix }) => ({ keys: hostile.map((metadata, i) => ({ name: prefix + i, metadata })) }),
      put: async () => {},
    };
    const { check } = instances(odd, 1);
    for (let i = 0; i < POLICY.limit; i += 1) assert.ok(await check(0, "k"), `call ${i}`);
    assert.equal(await check(0, "k"), false);
  });

  test("frozen or failing: the guard answers as declared, and says so once; known keys notice within three rounds", async () => {
    for (const broken of [
      () => new Promise<never>(() => {}),
      () => Promise.reject(new TypeError("network")),
    ]) {
      let isBroken = false;
      const namespaceThatBreaks: KvNamespace = {
        list: (options) => (isBroken ? broken() : namespace.list(options)),
        put: (name, value, options) => (isBroken ? broken() : namespace.put(name, value, options)),
      };
      const clock = manualClock(1e12);
      const events: RateLimitEvent[] = [];
      const limiter = guardLimiter(kvStore({ namespace: namespaceThatBreaks }).open([POLICY], clock), {
        policies: [POLICY],
        clock,
        budgetMs: 5,
        onFailure: "refuse",
        observe: (event) => events.push(event),
      });
      await limiter.check("known", "p");
      isBroken = true;
      clock.advance(15_000);
      for (let i = 0; i < 10; i += 1) {
        const { allowed, failure } = await limiter.check(i % 2 === 0 ? "known" : `new ${i}`, "p");
        assert.equal(allowed, false);
        assert.equal(failure?.mode, "refuse");
      }
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ["store-down"],
      );
    }
  });

  test("a token bucket is refused at start, and so is a round KV cannot keep up with", () => {
    const bucket: RateLimitPolicy = { ...POLICY, algorithm: "token-bucket" };
    assert.throws(() => kvStore({ namespace }).open([bucket], manualClock()), /token bucket cannot/);
    assert.throws(() => kvStore({ namespace, syncMs: 999 }), TypeError);
  });
});
