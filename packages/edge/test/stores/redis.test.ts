import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { manualClock, systemClock } from "@rempart/kernel";
import { freePort, requireService, startRedis, type TestRedis, until } from "@rempart/testing";
import { createClient, createCluster } from "redis";
import type { RateLimitEvent, RateLimitPolicy } from "../../src/ports.ts";
import { guardLimiter } from "../../src/rate/guard.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { storeContract } from "./contract.ts";
import { LASTING_POLICIES, POLICIES } from "./policies.ts";

const service = await requireService("redis-server");

function connectTo({ url }: TestRedis) {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandsQueueMaxLength: 1000,
    socket: { reconnectStrategy: 20 },
  });
  client.on("error", () => {});
  return client.connect();
}

type Client = Awaited<ReturnType<typeof connectTo>>;

const POLICY: RateLimitPolicy = { name: "p", limit: 5, windowSeconds: 60 };

describe("Redis", { skip: service.skip }, () => {
  let redis: TestRedis;
  let client: Client;
  let prefixes = 0;

  before(async () => {
    redis = await startRedis();
    client = await connectTo(redis);
  });

  after(async () => {
    client.destroy();
    await redis.stop();
  });

  const freshPrefix = (): string => {
    prefixes += 1;
    return `test${prefixes}`;
  };

  storeContract(
    () => ({
      name: "Redis",
      policies: LASTING_POLICIES,
      create: () => redisStore({ client, prefix: freshPrefix(), time: "process" }),
    }),
    40,
  );

  test("two processes share one count, by the server's clock whatever their own say", async () => {
    const prefix = freshPrefix();
    const [early, late] = [0, 1e12].map((at) =>
      redisStore({ client, prefix }).open([POLICY], manualClock(at)),
    );
    for (let i = 0; i < POLICY.limit; i += 1) {
      assert.ok((await (i % 2 === 0 ? early : late)?.check("a", "p"))?.allowed);
    }
    assert.equal((await early?.check("a", "p"))?.allowed, false);
    assert.equal((await late?.check("a", "p"))?.allowed, false);
  });

  test("one command per decision, one key, with the client's key as its hash tag, which expires by itself", async () => {
    const prefix = freshPrefix();
    const limiter = redisStore({ client, prefix }).open(LASTING_POLICIES, systemClock);
    for (const { name } of LASTING_POLICIES) await limiter.check("198.51.100.7", name);
    const keys = await client.keys(`${prefix}:*`);
    assert.equal(keys.length, LASTING_POLICIES.length);
    for (const key of keys) {
      assert.match(key, /^test\d+:\{198\.51\.100\.7\}:/);
      const ttl = await client.pTTL(key);
      assert.ok(ttl > 0 && ttl <= 61 * 64_001, `${key} lives ${ttl} ms`);
    }
    const before = await commandsRun(client);
    for (let i = 0; i < 10; i += 1) await limiter.check("198.51.100.7", "sliding");
    assert.equal((await commandsRun(client)) - before, 10);
  });

  test("on a cluster: every node is asked for its own keys, and forgets nothing of them", async () => {
    await using nodes = await startCluster();
    const cluster = createCluster({ rootNodes: [{ url: nodes.url }] });
    cluster.on("error", () => {});
    await cluster.connect();
    try {
      const limiter = redisStore({ client: cluster }).open(LASTING_POLICIES, systemClock);
      for (let i = 0; i < 20; i += 1) {
        for (const { name, limit, burst = limit } of LASTING_POLICIES) {
          assert.equal((await limiter.check(`client ${i}`, name, burst)).allowed, true);
          assert.equal((await limiter.check(`client ${i}`, name)).allowed, false);
        }
      }
      const keys = await Promise.all(nodes.clients.map((node) => node.dbSize()));
      assert.equal(
        keys.reduce((sum, count) => sum + count),
        20 * LASTING_POLICIES.length,
      );
      for (const count of keys)
        assert.equal(count % LASTING_POLICIES.length, 0, "a client's keys are on one node");
      assert.ok(
        keys.every((count) => count > 0),
        "each node holds some",
      );
    } finally {
      cluster.destroy();
    }
  });

  test("a script the server forgot is sent again", async () => {
    const limiter = redisStore({ client, prefix: freshPrefix() }).open([POLICY], systemClock);
    assert.equal((await limiter.check("a", "p")).remaining, 4);
    await client.scriptFlush();
    assert.equal((await limiter.check("a", "p")).remaining, 3);
  });

  test("a clock set back far does not lock anyone out", async () => {
    const policies = POLICIES.filter(({ windowSeconds }) => windowSeconds === 60);
    const clock = manualClock(1e12);
    const limiter = redisStore({ client, prefix: freshPrefix(), time: "process" }).open(policies, clock);
    for (const { name, limit } of policies) {
      await limiter.check("a", name, limit);
      clock.jump(-1000);
      assert.equal((await limiter.check("a", name)).allowed, false, "a second changes nothing");
      clock.jump(-3_600_000);
      assert.ok((await limiter.check("a", name)).allowed, name);
    }
  });

  test("what is no decision is a failure, and so is a value of another kind under the key", async () => {
    const odd = { evalSha: async () => ["yes", 1], eval: async () => null };
    const limiter = redisStore({ client: odd }).open([POLICY], systemClock);
    await assert.rejects(async () => limiter.check("a", "p"), /did not answer a decision/);
    const prefix = freshPrefix();
    await client.lPush(`${prefix}:{a}:p:sliding-window:60`, "x");
    await assert.rejects(
      async () => redisStore({ client, prefix }).open([POLICY], systemClock).check("a", "p"),
      /WRONGTYPE/,
    );
  });

  test("frozen: a few calls wait for the budget, the others for nothing; thawed, it counts again", async () => {
    const frozen = await startRedis();
    const own = await connectTo(frozen);
    const events: RateLimitEvent[] = [];
    const store = redisStore({ client: own }).open([POLICY], systemClock);
    // The first call of all brings the script.
    await store.check("first", "p");
    const limiter = guardLimiter(store, {
      policies: [POLICY],
      clock: systemClock,
      budgetMs: 200,
      onFailure: "local",
      observe: (event) => events.push(event),
    });
    try {
      assert.equal((await limiter.check("a", "p")).failure, undefined);
      frozen.freeze();
      let waited = 0;
      for (let i = 0; i < 300; i += 1) {
        const answer = limiter.check("a", "p");
        if (answer instanceof Promise) waited += 1;
        const { failure, allowed } = await answer;
        assert.equal(failure?.mode, "local");
        assert.equal(allowed, i < POLICY.limit, "the local count holds the limit");
      }
      // Five to find out, and a probe now and then: rests double, and this takes nowhere near a minute.
      assert.ok(waited >= 5 && waited < 20, `${waited} calls waited`);
      assert.ok(limiter.stats().pending <= waited);
      assert.equal(limiter.stats().unanswered, 300);
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ["store-down"],
      );
      frozen.thaw();
      await until(async () => {
        await limiter.check("b", "p");
        return events.some(({ kind }) => kind === "store-up");
      });
      await until(() => limiter.stats().pending === 0);
      await until(async () => (await limiter.check("c", "p")).failure === undefined);
    } finally {
      own.destroy();
      await frozen.stop();
    }
  });

  test("killed: every call is answered as declared, at once; a new server counts afresh", async () => {
    const first = await startRedis();
    const own = await connectTo(first);
    const events: RateLimitEvent[] = [];
    const limiter = guardLimiter(redisStore({ client: own }).open([POLICY], systemClock), {
      policies: [POLICY],
      clock: systemClock,
      budgetMs: 1000,
      onFailure: "allow",
      observe: (event) => events.push(event),
    });
    let second: TestRedis | null = null;
    try {
      await limiter.check("a", "p", POLICY.limit);
      assert.equal((await limiter.check("a", "p")).allowed, false);
      await first.stop();
      for (let i = 0; i < 50; i += 1) {
        const { allowed, failure } = await limiter.check("a", "p");
        assert.ok(allowed && failure?.mode === "allow");
      }
      second = await startRedis({ port: Number(new URL(first.url).port) });
      await until(async () => {
        await limiter.check("b", "p");
        return events.some(({ kind }) => kind === "store-up");
      });
      const { allowed, failure } = await limiter.check("a", "p");
      assert.ok(
        allowed && failure === undefined,
        "a restarted server without persistence starts from nothing",
      );
    } finally {
      own.destroy();
      await second?.stop();
    }
  });
});

/** Two nodes, half of the slots each. */
async function startCluster(): Promise<AsyncDisposable & { url: string; clients: Client[] }> {
  const nodes: TestRedis[] = [];
  const clients: Client[] = [];
  const stop = async (): Promise<void> => {
    for (const client of clients) client.destroy();
    for (const node of nodes) await node.stop();
  };
  try {
    const url = await joinNodes(nodes, clients);
    return { url, clients, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function joinNodes(nodes: TestRedis[], clients: Client[]): Promise<string> {
  let meet: string[] = [];
  for (const [from, to] of [
    ["0", "8191"],
    ["8192", "16383"],
  ] as const) {
    const bus = String(await freePort());
    const node = await startRedis({ args: ["--cluster-enabled", "yes", "--cluster-port", bus] });
    nodes.push(node);
    const client = await connectTo(node);
    clients.push(client);
    await client.sendCommand(["CLUSTER", "ADDSLOTSRANGE", from, to]);
    meet = ["CLUSTER", "MEET", "127.0.0.1", new URL(node.url).port, bus];
  }
  await clients[0]?.sendCommand(meet);
  for (const client of clients) {
    let info = "";
    await until(async () => {
      info = String(await client.sendCommand(["CLUSTER", "INFO"]));
      return info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:2");
    });
  }
  return nodes[0]?.url as string;
}

/** Commands of clients so far, other than the question itself; a script's own calls are not among `evalsha`. */
async function commandsRun(client: Client): Promise<number> {
  const stats = await client.info("commandstats");
  return (
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0) +
    Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0)
  );
}
