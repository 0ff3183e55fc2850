import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CacheOutcome,
  type CacheStore,
  cacheMigrations,
  cacheStats,
  cleanCache,
  createCache,
  createDatabase,
  migrate,
  postgresCacheStore,
  redisCacheStore,
  startEmbeddedPostgres,
} from "@rempart/database";
import { requireService, startRedis, until } from "@rempart/testing";
import { createClient } from "redis";
import { emptyDatabase } from "./fixtures/database.ts";
import { scratchDirectory } from "./fixtures/run.ts";

const { open } = await emptyDatabase();
const database = open();
await migrate(database, [cacheMigrations]);

const redis = await requireService("redis-server");
const server = redis.path === undefined ? undefined : await startRedis();
const client = server && createClient({ url: server.url });
client?.on("error", () => undefined);
await client?.connect();
after(async () => {
  client?.destroy();
  await server?.stop();
});

interface Place {
  readonly name: string;
  readonly skip: string | false;
  readonly store: () => CacheStore;
}

const PLACES: readonly Place[] = [
  { name: "PostgreSQL", skip: false, store: () => postgresCacheStore(database) },
  {
    name: "Redis",
    skip: redis.skip ?? false,
    store: () => redisCacheStore({ client: client as NonNullable<typeof client> }),
  },
];

let turn = 0;
function freshKey(): string {
  turn += 1;
  return `key ${turn} é☃`;
}
/** Ten years: what a value may be kept at most. */
const MOST_MS = 315_360_000_000;
const HOUR = { ttlMs: 3_600_000 };
/** A machine that is slow is no store that is away. */
const PATIENCE_MS = 60_000;
const VALUES = [null, 0, -1.5e300, "", "a\u0000b\u2028\ud83d\ude00", [], {}, { a: [1, { b: null }] }, true];

for (const { name, skip, store } of PLACES) {
  describe(name, { skip }, () => {
    const made = (): { outcomes: CacheOutcome[]; cache: ReturnType<typeof createCache> } => {
      const outcomes: CacheOutcome[] = [];
      return {
        outcomes,
        cache: createCache({
          store: store(),
          budgetMs: PATIENCE_MS,
          observe: (outcome) => outcomes.push(outcome),
        }),
      };
    };

    test("a value comes back as JSON carries it, and another takes its place", async () => {
      const { cache } = made();
      const key = freshKey();
      assert.equal(await cache.get(key), undefined);
      for (const value of VALUES) {
        await cache.set(key, value, HOUR);
        assert.deepEqual(await cache.get(key), value);
      }
      assert.equal(await cache.delete(key), true);
      assert.equal(await cache.delete(key), false);
      assert.equal(await cache.get(key), undefined);
    });

    test("a value is gone when its time is up", async () => {
      const { cache } = made();
      const key = freshKey();
      const ttlMs = 100;
      await until(async () => {
        const began = performance.now();
        await cache.set(key, 1, { ttlMs });
        const value = await cache.get(key);
        const isInTime = performance.now() - began < ttlMs;
        if (isInTime) assert.equal(value, 1);
        return isInTime;
      });
      await until(async () => (await cache.get(key)) === undefined);
    });

    test("a tag takes away what has it now, and nothing else", async () => {
      const { cache } = made();
      const [a, b, c] = [freshKey(), freshKey(), freshKey()];
      const tag = `tag:${turn}`;
      await cache.set(a, 1, { ...HOUR, tags: [tag, "other"] });
      await cache.set(b, 2, { ...HOUR, tags: [tag] });
      await cache.set(c, 3, { ...HOUR, tags: [`${tag}1`] });
      await cache.set(b, 4, { ...HOUR, tags: ["other"] });
      assert.equal(await cache.deleteTag(tag), 1);
      assert.deepEqual([await cache.get(a), await cache.get(b), await cache.get(c)], [undefined, 4, 3]);
      assert.equal(await cache.deleteTag("other"), 1);
    });

    test("many who ask at once, in several processes, have it made once", async () => {
      const [one, two] = [made(), made()];
      const key = freshKey();
      let runs = 0;
      const make = async (): Promise<number> => {
        runs += 1;
        await sleep(60);
        return runs;
      };
      const asked = [one, two].flatMap(({ cache }) =>
        Array.from({ length: 20 }, () => cache.through(key, HOUR, make)),
      );
      assert.deepEqual(new Set(await Promise.all(asked)), new Set([1]));
      assert.equal(runs, 1);
      // Who is late, on a busy machine, finds it there already.
      const others = [...one.outcomes, ...two.outcomes].filter((outcome) => outcome !== "made");
      assert.ok(others.every((outcome) => outcome === "waited" || outcome === "hit"));
      assert.equal(await one.cache.through(key, HOUR, make), 1);
      assert.equal(one.outcomes.at(-1), "hit");
    });

    test("what is stale is shown while it is made anew, once, and outlives a failure", async () => {
      const { cache, outcomes } = made();
      const key = freshKey();
      const keep = { ttlMs: 1, staleMs: 3_600_000 };
      let runs = 0;
      const make = async (): Promise<number> => {
        runs += 1;
        if (runs === 2) throw new Error("no answer");
        return runs;
      };
      assert.equal(await cache.through(key, keep, make), 1);
      await sleep(5);
      assert.equal(await cache.through(key, keep, make), 1, "stale, and the second run fails behind it");
      await until(async () => runs === 2);
      await until(async () => (await cache.through(key, HOUR, make)) === 3);
      assert.equal(outcomes[0], "made");
      assert.ok(outcomes.includes("stale"));
      assert.equal(runs, 3);
    });

    test("who cannot make it says so to all who wait, and the next one tries anew", async () => {
      const { cache } = made();
      const key = freshKey();
      const failing = async (): Promise<never> => {
        throw new RangeError("not today");
      };
      const asked = await Promise.allSettled([
        cache.through(key, HOUR, failing),
        cache.through(key, HOUR, failing),
      ]);
      for (const result of asked)
        assert.match(String(result.status === "rejected" && result.reason), /not today/);
      assert.equal(await cache.through(key, HOUR, async () => 7), 7);
    });

    for (const how of ["key", "tag"] as const) {
      test(`what is deleted by ${how} while it is made is not kept: it was made from what is not true any more`, async () => {
        const { cache } = made();
        const key = freshKey();
        const tag = `made:${turn}`;
        const value = await cache.through(key, { ...HOUR, tags: [tag] }, async () => {
          if (how === "key") await cache.delete(key);
          else await cache.deleteTag(tag);
          return "old";
        });
        assert.equal(value, "old");
        assert.equal(await cache.get(key), undefined);
      });
    }

    test("who asks after a deletion is not given what was made from before it", async () => {
      const { cache } = made();
      for (const how of ["key", "tag"] as const) {
        const key = freshKey();
        const keep = { ...HOUR, tags: [`asked:${turn}`] };
        let truth = "old";
        const gate = Promise.withResolvers<void>();
        const begun = Promise.withResolvers<void>();
        const make = async (): Promise<string> => {
          const read = truth;
          begun.resolve();
          if (read === "old") await gate.promise;
          return read;
        };
        const before = cache.through(key, keep, make);
        await begun.promise;
        truth = "new";
        if (how === "key") await cache.delete(key);
        else await cache.deleteTag(`asked:${turn}`);
        const after = cache.through(key, keep, make);
        await sleep(20);
        gate.resolve();
        assert.deepEqual(await Promise.all([before, after]), ["old", "new"], how);
      }
    });

    test("keys, times and tags at their bounds are kept; beyond them they are mistakes, which no store is asked about", async () => {
      const { cache } = made();
      const keep = {
        ttlMs: MOST_MS / 2,
        staleMs: MOST_MS / 2,
        tags: ["\u{20000}".repeat(100), "t".repeat(200)],
      };
      const keys = ["表".repeat(341), "\u{1f600}".repeat(256), "x".repeat(1_024)];
      for (const key of keys) {
        await cache.set(key, 1, keep);
        assert.equal(await cache.get(key), 1);
      }
      assert.equal(await cache.deleteTag("t".repeat(200)), keys.length);
      await assert.rejects(cache.set("k", 1, { ttlMs: MOST_MS, staleMs: 1 }), TypeError);
      await assert.rejects(cache.set("k", 1, { ttlMs: Number.MAX_SAFE_INTEGER }), TypeError);
      await assert.rejects(
        cache.set("k", 1, { ...HOUR, tags: Array.from({ length: 65 }, String) }),
        TypeError,
      );
      for (const tag of ["", "a\0b", "\ud800", "t".repeat(201)])
        await assert.rejects(cache.deleteTag(tag), TypeError);
    });

    test("a claim whose holder died is taken over, and comes too late afterwards", async () => {
      const key = freshKey();
      const keeping = { ttlMs: 60_000, staleMs: 0, tags: [] };
      const dead = await store().claim(key, 1, []);
      assert.ok(dead);
      await sleep(5);
      const next = await store().claim(key, 60_000, []);
      assert.ok(next);
      assert.equal(await store().claim(key, 60_000, []), null);
      assert.equal(await store().fill(key, dead, '"dead"', keeping), false);
      assert.equal(await store().fill(key, next, '"next"', keeping), true);
      assert.equal((await store().read(key))?.value, '"next"');
      assert.equal(await store().claim(key, 60_000, []), null, "what is fresh is not made again");
    });

    test("what JSON cannot carry, or the cache not hold, is a mistake; a made value that is too large is given and not kept", async () => {
      const cache = createCache({ store: store(), budgetMs: PATIENCE_MS, maxValueBytes: 100 });
      const key = freshKey();
      await assert.rejects(cache.set(key, undefined, HOUR), TypeError);
      await assert.rejects(cache.set(key, "x".repeat(100), HOUR), TypeError);
      await assert.rejects(cache.get(""), TypeError);
      await assert.rejects(cache.get("表".repeat(342)), TypeError);
      await assert.rejects(cache.set(key, 1, { ttlMs: 0 }), TypeError);
      await assert.rejects(cache.set(key, 1, { ...HOUR, tags: ["a\u001fb"] }), TypeError);
      assert.equal((await cache.through(key, HOUR, async () => "x".repeat(100))).length, 100);
      assert.equal(await cache.get(key), undefined);
    });
  });
}

test("a store that hangs costs its budget a few times, then nothing; what it should keep is made", async () => {
  const never = new Promise<never>(() => undefined);
  const hanging: CacheStore = {
    read: () => never,
    write: () => never,
    remove: () => never,
    removeTag: () => never,
    claim: () => never,
    fill: () => never,
    release: () => never,
  };
  const outcomes: CacheOutcome[] = [];
  const cache = createCache({ store: hanging, budgetMs: 5, observe: (outcome) => outcomes.push(outcome) });
  for (let i = 0; i < 10; i += 1) assert.equal(await cache.through("k", HOUR, async () => i), i);
  assert.deepEqual(new Set(outcomes), new Set(["bypassed"]));
  assert.equal(await cache.get("k"), undefined);
  await cache.set("k", 1, HOUR);
  await assert.rejects(cache.delete("k"), { name: "RuntimeError" });
});

test("a Redis that freezes, and one that starts anew without anything, cost a value's making and no more", {
  skip: redis.skip ?? false,
}, async () => {
  const first = await startRedis();
  const own = createClient({ url: first.url });
  own.on("error", () => undefined);
  await own.connect();
  const outcomes: CacheOutcome[] = [];
  const cache = createCache({
    store: redisCacheStore({ client: own }),
    budgetMs: 100,
    observe: (outcome) => outcomes.push(outcome),
  });
  const ask = (value: string): Promise<string> => cache.through("k", HOUR, async () => value);
  let second: typeof first | undefined;
  try {
    await until(async () => (await ask("kept")) === "kept" && outcomes.at(-1) === "hit");
    first.freeze();
    assert.equal(await ask("without it"), "without it");
    assert.equal(outcomes.at(-1), "bypassed");
    await assert.rejects(cache.delete("k"), { name: "RuntimeError" });
    first.thaw();
    await until(async () => (await ask("anew")) === "anew" && outcomes.at(-1) === "hit");
    await first.stop();
    assert.equal(await ask("while it is away"), "while it is away");
    second = await startRedis({ port: Number(new URL(first.url).port) });
    await until(async () => (await ask("again")) === "again" && outcomes.at(-1) === "hit");
  } finally {
    own.destroy();
    await first.stop();
    await second?.stop();
  }
});

test("the SQL functions do what their names say", async () => {
  await database.query("TRUNCATE cache_entries");
  await database.query(
    `SELECT cache_set('a', '{"n":1}'), cache_set('b', '2', '1 hour', '{t}'), cache_set('c', '3', '-1 second')`,
  );
  assert.deepEqual(
    await database.query(
      "SELECT cache_get('a') AS a, cache_get('b') AS b, cache_get('c') AS c, cache_get('d') AS d",
    ),
    [{ a: { n: 1 }, b: 2, c: null, d: null }],
  );
  const stats = await cacheStats(database);
  assert.deepEqual(
    { ...stats, bytes: 0, tableBytes: 0 },
    {
      entries: 3,
      fresh: 2,
      stale: 0,
      expired: 1,
      claimed: 0,
      bytes: 0,
      tableBytes: 0,
    },
  );
  assert.ok(stats.bytes > 0 && stats.tableBytes > stats.bytes);
  assert.deepEqual(await database.query("SELECT cache_cleanup_expired() AS gone"), [{ gone: 1 }]);
  assert.deepEqual(
    await database.query("SELECT cache_delete('a') AS a, cache_delete('x') AS x, cache_delete_tag('t') AS t"),
    [{ a: true, x: false, t: 1 }],
  );
});

test("cleaning leaves what was used last, within the bounds", async () => {
  await database.query("TRUNCATE cache_entries");
  await database.query(`
    SELECT cache_set('entry ' || i, to_json(repeat('x', 1000))) FROM generate_series(1, 100) i`);
  await database.query("UPDATE cache_entries SET used_at = now() - interval '1 hour' WHERE key <> 'entry 7'");
  await database.query("SELECT cache_get('entry 8')");
  assert.equal(await cleanCache(database, { maxEntries: 50, maxBytes: 1e9 }), 50);
  assert.equal(await cleanCache(database, { maxEntries: 50, maxBytes: 3_000 }), 48);
  assert.deepEqual(await database.query("SELECT key FROM cache_entries ORDER BY key"), [
    { key: "entry 7" },
    { key: "entry 8" },
  ]);
});

test("cleaning waits for nobody, and nobody for it", async () => {
  await database.query("TRUNCATE cache_entries");
  await database.query("SELECT cache_set('entry ' || i, '1', '-1 second') FROM generate_series(1, 10) i");
  await database.query("SELECT cache_set('fresh ' || i, '1') FROM generate_series(1, 10) i");
  await database.transaction(async (tx) => {
    await tx.query("SELECT cache_delete('entry 1'), cache_delete('fresh 1')");
    const cleaned = cleanCache(database, { maxEntries: 0, maxBytes: 0 });
    // Held up, it would wait for us, and we for it.
    assert.equal(await cleaned, 18);
  });
});

test("after a crash of the server the cache is empty, and fills again", async () => {
  const own = await startEmbeddedPostgres({ directory: join(await scratchDirectory(), "crashing") });
  const crashing = createDatabase({ url: own.url });
  try {
    await migrate(crashing, [cacheMigrations]);
    const cache = createCache({ store: postgresCacheStore(crashing), budgetMs: PATIENCE_MS });
    await cache.set("k", "before", HOUR);
    const before = own.pid;
    process.kill(before, "SIGKILL");
    await until(async () => own.pid !== before);
    await until(() =>
      crashing.ping().then(
        () => true,
        () => false,
      ),
    );
    await until(async () => (await cache.through("k", HOUR, async () => "after")) === "after");
    assert.deepEqual(await crashing.query("SELECT count(*) FROM cache_entries"), [{ count: 1 }]);
    assert.equal(await cache.get("k"), "after");
  } finally {
    await crashing.close();
    await own.stop();
  }
});
