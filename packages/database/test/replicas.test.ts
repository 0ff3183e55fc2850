import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, createReplicas, type Database } from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { requireService, startDebianPostgres, until } from "@rempart/testing";

const { skip } = await requireService("postgres");

/** A primary, and a standby that streams from it. */
async function pair() {
  const primary = await startDebianPostgres({ service: "postgres" });
  const standby = await startDebianPostgres({ service: "postgres", standbyOf: primary });
  const databases = [primary.url, standby.url].map((url) =>
    createDatabase({ url, poolSize: 4, connectTimeoutMs: 1_000 }),
  ) as [Database, Database];
  return { primary, standby, databases };
}

const world = skip === false ? await pair() : undefined;
const stop = new AbortController();
const [first, second] = world?.databases ?? [];
const replicas =
  first &&
  second &&
  createReplicas({ primary: first, replicas: [second], maxLagMs: 2_000, everyMs: 20, clock: systemClock });
const running = replicas?.run(stop.signal);
after(async () => {
  stop.abort();
  await running;
  for (const database of world?.databases ?? []) await database.close();
  await world?.standby.stop();
  await world?.primary.stop();
});

const isReplica = (): Promise<boolean> =>
  (replicas as NonNullable<typeof replicas>).read(async (tx) => {
    const [row] = await tx.query<{ replica: boolean }>("SELECT pg_is_in_recovery() AS replica");
    return row?.replica === true;
  });

test("reads go to a replica that is close enough, and see a write when they say which", {
  skip,
}, async () => {
  assert.ok(replicas && first);
  await until(isReplica);
  await first.query("CREATE TABLE t (n int)");
  for (let n = 1; n <= 20; n += 1) {
    await first.query("INSERT INTO t VALUES ($1)", [n]);
    const position = await replicas.position();
    const seen: unknown = await replicas.read((tx) => tx.query("SELECT count(*) FROM t"), {
      after: position,
    });
    assert.deepEqual(seen, [{ count: n }]);
  }
  const after = await replicas.position();
  await assert.rejects(
    replicas.read((tx) => tx.query("INSERT INTO t VALUES (0)"), { after }),
    { code: "read-only" },
  );
  await assert.rejects(
    replicas.read(async () => 1, { after: "nonsense" }),
    TypeError,
  );
});

test("a replica that falls behind is not asked until it has caught up, and says how far behind it is", {
  skip,
}, async () => {
  assert.ok(replicas && first && second);
  await until(isReplica);
  await second.query("SELECT pg_wal_replay_pause()");
  await first.query("INSERT INTO t VALUES (100)");
  await until(async () => !(await isReplica()));
  assert.ok((replicas.lags()[0] as number) > 2_000);
  const [row] = await replicas.read((tx) => tx.query<{ n: number }>("SELECT max(n) AS n FROM t"));
  assert.equal(row?.n, 100);
  await second.query("SELECT pg_wal_replay_resume()");
  await until(isReplica);
});

test("a primary that rests leaves its replicas up to date", { skip }, async () => {
  assert.ok(replicas);
  await until(() => (replicas.lags()[0] as number) < 2_000);
  await until(isReplica);
});

test("a replica that hangs takes no other with it, and piles up no connections", { skip }, async () => {
  assert.ok(first && second);
  const never = new Promise<never>(() => undefined);
  let asked = 0;
  const hanging: Database = {
    ...second,
    query: () => {
      asked += 1;
      return never;
    },
  };
  const end = new AbortController();
  const both = createReplicas({
    primary: first,
    replicas: [hanging, second],
    maxLagMs: 2_000,
    everyMs: 5,
    clock: systemClock,
  });
  void both.run(end.signal);
  await until(() => (both.lags()[1] as number) < 2_000);
  await sleep(50);
  await first.query("INSERT INTO t VALUES (200)");
  const position = await both.position();
  await until(() =>
    both.read(async (tx) => (await tx.query("SELECT 1 WHERE pg_is_in_recovery()")).length > 0, {
      after: position,
    }),
  );
  assert.equal(both.lags()[0], Number.POSITIVE_INFINITY);
  assert.equal(asked, 1);
  end.abort();
});

test("a replica that goes away costs no read", { skip }, async () => {
  assert.ok(replicas && world);
  await until(isReplica);
  const [, standby] = await Promise.all([
    world.standby.stop(),
    Promise.all(Array.from({ length: 50 }, () => isReplica())),
  ]);
  assert.equal(standby.length, 50);
  assert.equal(await isReplica(), false);
  assert.deepEqual(replicas.lags(), [Number.POSITIVE_INFINITY]);
});

test("a replica that became a primary of its own is asked no longer", { skip }, async () => {
  assert.ok(first && world);
  await using promoted = await startDebianPostgres({ service: "postgres", standbyOf: world.primary });
  const database = createDatabase({ url: promoted.url, poolSize: 2 });
  const end = new AbortController();
  const all = createReplicas({
    primary: first,
    replicas: [database],
    maxLagMs: 2_000,
    everyMs: 5,
    clock: systemClock,
  });
  const looking = all.run(end.signal);
  try {
    await until(() => all.lags()[0] !== Number.POSITIVE_INFINITY);
    await database.query("SELECT pg_promote()");
    await database.query("CREATE TABLE of_its_own (n int)");
    await until(() => all.lags()[0] === Number.POSITIVE_INFINITY);
    const seen = await all.read((tx) => tx.query("SELECT to_regclass('of_its_own') AS found"));
    assert.deepEqual(seen, [{ found: null }]);
  } finally {
    end.abort();
    await looking;
    await database.close();
  }
});
