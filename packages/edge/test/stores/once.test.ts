/** Idempotency keys and taken events in memory, in a real Redis and in Cloudflare KV. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { manualClock } from "@rempart/kernel";
import { requireService, startRedis, type TestRedis } from "@rempart/testing";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { Miniflare } from "miniflare";
import { createClient } from "redis";
import { fromText, toText } from "../../src/idempotency/stored-text.ts";
import { createMemoryIdempotencyStore, createMemoryReplayStore } from "../../src/index.ts";
import { type KvRecords, kvIdempotencyStore, kvReplayStore } from "../../src/stores/kv.ts";
import { redisIdempotencyStore, redisReplayStore } from "../../src/stores/redis.ts";
import { onceContract } from "./once.ts";

describe("memory", () => {
  onceContract(() => {
    const clock = manualClock();
    return {
      idempotency: createMemoryIdempotencyStore({ clock }),
      replays: createMemoryReplayStore({ clock }),
      wait: (milliseconds) => clock.advance(milliseconds),
    };
  });
});

const service = await requireService("redis-server");

describe("Redis", { skip: service.skip }, () => {
  let redis: TestRedis;
  let client: ReturnType<typeof createClient>;
  before(async () => {
    redis = await startRedis();
    client = createClient({ url: redis.url });
    client.on("error", () => {});
    await client.connect();
  });
  after(async () => {
    client.destroy();
    await redis.stop();
  });

  onceContract(() => ({
    idempotency: redisIdempotencyStore({ client }),
    replays: redisReplayStore({ client }),
    wait: (milliseconds) => sleep(milliseconds),
  }));

  test("one script call each, on one key whose hash tag it is, and nothing stays for ever", async () => {
    await client.flushDb();
    const store = redisIdempotencyStore({ client, prefix: "i" });
    const replays = redisReplayStore({ client, prefix: "e" });
    const calls = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await client.info("commandstats"))?.[1]);
    const earlier = await calls();
    await store.begin("a", "one", "print", 60);
    await store.finish("a", "one", { status: 200, headers: [], body: "x" }, 60);
    await store.begin("b", "one", "print", 60);
    await replays.claim("c", 60);
    assert.equal((await calls()) - earlier, 4);
    assert.deepEqual((await client.keys("*")).sort(), ["e:{c}", "i:{a}", "i:{b}"]);
    for (const key of await client.keys("*")) assert.ok((await client.pTTL(key)) > 0, key);
  });

  test("what is no entry is a failure, never an answer", async () => {
    const store = redisIdempotencyStore({ client, prefix: "odd" });
    await client.hSet("odd:{a}", {
      fingerprint: "print",
      state: "done",
      answer: '[200,["X","a\\r\\nSet-Cookie: b"],""]',
    });
    await client.hSet("odd:{b}", { fingerprint: "print", state: "perhaps" });
    await client.set("odd:{c}", "text");
    for (const key of ["a", "b", "c"])
      await assert.rejects(async () => store.begin(key, "o", "print", 60), key);
  });
});

describe("Cloudflare KV, in workerd", () => {
  let miniflare: Miniflare;
  let namespace: KvRecords;
  before(async () => {
    miniflare = new Miniflare({
      modules: true,
      script: "export default { fetch: () => new Response() }",
      compatibilityDate: "2026-07-01",
      kvNamespaces: ["ONCE"],
    });
    namespace = (await miniflare.getKVNamespace("ONCE")) as unknown as KvRecords;
  });
  after(() => miniflare.dispose());

  const clock = manualClock(1e12);
  onceContract(() => ({
    idempotency: kvIdempotencyStore({ namespace, clock }),
    replays: kvReplayStore({ namespace, clock }),
    wait: (milliseconds) => clock.advance(milliseconds),
  }));

  test("another instance knows what was written, running or done, and what was freed", async () => {
    const [here, there] = [1, 2].map(() => kvIdempotencyStore({ namespace, clock, prefix: "two" }));
    assert.equal(await here?.begin("k", "one", "print", 60), null);
    assert.equal((await there?.begin("k", "two", "print", 60))?.state, "running");
    await here?.finish("k", "one", { status: 200, headers: [], body: "x" }, 86_400);
    assert.equal((await there?.begin("k", "two", "print", 60))?.state, "done");
    clock.advance(3_600_000);
    assert.equal((await here?.begin("k", "one", "print", 60))?.state, "done");
    await here?.begin("freed", "one", "print", 60);
    await here?.abandon("freed", "one");
    assert.equal(await there?.begin("freed", "two", "print", 60), null);
    const [first, second] = [1, 2].map(() => kvReplayStore({ namespace, clock, prefix: "two" }));
    assert.equal(await first?.claim("event", 60), true);
    assert.equal(await second?.claim("event", 60), false);
  });

  test("the weaker guarantee: until a write is visible each instance may take a key, and no instance takes it twice", async () => {
    const blind: KvRecords = { ...bound(namespace), get: async () => null };
    const instances = Array.from({ length: 3 }, () => ({
      keys: kvIdempotencyStore({ namespace: blind, clock }),
      events: kvReplayStore({ namespace: blind, clock }),
    }));
    let begun = 0;
    let claimed = 0;
    for (const { keys, events } of [...instances, ...instances]) {
      if ((await keys.begin("late", crypto.randomUUID(), "print", 60)) === null) begun += 1;
      if (await events.claim("late", 60)) claimed += 1;
    }
    assert.deepEqual([begun, claimed], [3, 3]);
  });

  test("a KV that fails leaves the key free here, and the request unanswered", async () => {
    let isBroken = true;
    const failing = async (): Promise<string | null> => (isBroken ? Promise.reject(new Error("down")) : null);
    const store = kvIdempotencyStore({ namespace: { ...bound(namespace), get: failing }, clock });
    await assert.rejects(async () => store.begin("k9", "one", "print", 60), /down/);
    isBroken = false;
    assert.equal(await store.begin("k9", "two", "print", 60), null);
  });
});

function bound(namespace: KvRecords): KvRecords {
  return {
    get: (key) => namespace.get(key),
    put: (key, value, options) => namespace.put(key, value, options),
    delete: (key) => namespace.delete(key),
  };
}

test("an answer comes back from its text as it went in; any other text is refused or is an answer", () => {
  const header = fc.string({ unit: "grapheme" }).filter((text) => !/[\r\n\0]/.test(text));
  const answer = fc
    .tuple(
      fc.integer({ min: 200, max: 499 }),
      fc.array(fc.tuple(header, header)).map((lines) => lines.flat()),
      fc.string({ unit: codePoint }),
    )
    .map(([status, headers, body]) => ({ status, headers, body }));
  fc.assert(fc.property(answer, (given) => assert.deepEqual(fromText(toText(given)), given)));
  for (const text of [
    "",
    "{}",
    "[]",
    "[200]",
    '[200,["a"],""]',
    '[200,["a",1],""]',
    "[200,[],1]",
    '[99,[],""]',
    '["200",[],""]',
    '[200,["a","b\\nc"],""]',
  ])
    assert.throws(() => fromText(text), text);
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        const read = fromText(text);
        assert.ok(read === null || (read.status >= 200 && read.status < 500));
      } catch (error) {
        assert.ok(error instanceof TypeError);
      }
    }),
  );
});
