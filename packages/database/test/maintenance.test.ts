import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@rempart/testing";
import { isDatabaseError } from "../src/index.ts";
import { readBloat } from "../src/insights/bloat.ts";
import { readConnections } from "../src/insights/connections.ts";
import { readLocks } from "../src/insights/locks.ts";
import { countPurge, type Purge, type PurgeProgress, runPurge } from "../src/maintenance/purge.ts";
import { reindex, reindexTargets } from "../src/maintenance/reindex.ts";
import { vacuum, vacuumTargets } from "../src/maintenance/vacuum.ts";
import { emptyDatabase } from "./fixtures/database.ts";

const place = await emptyDatabase();
const database = place.open();

const NOW = Date.UTC(2026, 10, 21);
const old: Purge = {
  name: "old",
  table: "things",
  where: "made < $1::timestamptz - interval '1 day'",
  batch: 1_000,
  reason: "a day is enough",
};

/** 10,000 rows that are to go and 100 that stay. */
async function fill(): Promise<void> {
  await database.query("DROP TABLE IF EXISTS things");
  await database.query(
    `CREATE TABLE things (id int PRIMARY KEY, made timestamptz, filler text) WITH (autovacuum_enabled = false)`,
  );
  await database.query(
    `INSERT INTO things SELECT i, $1::timestamptz - CASE WHEN i <= 100 THEN interval '1 hour' ELSE interval '2 days' END,
       repeat('x', 200) FROM generate_series(1, 10100) i`,
    [new Date(NOW)],
  );
}

const bytesOf = async (relation: string): Promise<number> => {
  const [row] = await database.query<{ bytes: number }>("SELECT pg_relation_size($1::regclass) AS bytes", [
    relation,
  ]);
  return row?.bytes ?? 0;
};

test("a purge stops when it is told to, goes on where it was, and says how far it is", async () => {
  await fill();
  const stop = new AbortController();
  const told: PurgeProgress[] = [];
  const onProgress = (progress: PurgeProgress): void => {
    told.push(progress);
    if (told.length === 3) stop.abort();
  };
  const first = await runPurge(database, old, { now: NOW, signal: stop.signal, pauseMs: 1, onProgress });
  assert.deepEqual(first, { name: "old", removed: 3_000, complete: false });
  assert.deepEqual(
    told.map(({ removed, total }) => [removed, total]),
    [
      [1_000, 10_000],
      [2_000, 10_000],
      [3_000, 10_000],
    ],
  );
  assert.ok(told.every(({ rate, leftMs }) => rate > 0 && leftMs !== null && leftMs > 0));
  assert.equal(await countPurge(database, old, NOW), 7_000);
  const second = await runPurge(database, old, { now: NOW, pauseMs: 1 });
  assert.deepEqual(second, { name: "old", removed: 7_000, complete: true });
  assert.deepEqual(await database.query("SELECT count(*) AS n FROM things"), [{ n: 100 }]);
});

test("what a purge frees goes back to the disk, and what lies between the rest is used again", async () => {
  await fill();
  const full = await bytesOf("things");
  await runPurge(database, old, { now: NOW, pauseMs: 1 });
  assert.equal(await bytesOf("things"), full, "dead rows still take their room");
  const targets = (await vacuumTargets(database)).filter(({ name }) => name === "things");
  const [done] = await vacuum(database, targets);
  assert.equal(done?.skipped, false);
  const rest = await bytesOf("things");
  assert.ok(rest < full / 50, `${rest} of ${full}`);

  await database.query(
    "INSERT INTO things SELECT i, now(), repeat('x', 200) FROM generate_series(101, 10100) i",
  );
  const grown = await bytesOf("things");
  await database.query("DELETE FROM things WHERE id % 2 = 0");
  await vacuum(database, targets);
  await database.query(
    "INSERT INTO things SELECT -i, now(), repeat('x', 200) FROM generate_series(1, 5000) i",
  );
  assert.equal(await bytesOf("things"), grown, "the freed room is used before the table grows");
});

test("rows that somebody holds are left for the next time", async () => {
  await fill();
  const holder = place.open({ poolSize: 1 });
  await holder.transaction(async (tx) => {
    await tx.query("SELECT FROM things WHERE id = 5000 FOR UPDATE");
    const result = await runPurge(database, old, { now: NOW, pauseMs: 1 });
    assert.equal(result.removed, 9_999);
  });
  assert.equal(await countPurge(database, old, NOW), 1);
});

test("a purge of a table in parts takes nothing that only lies at the same place in another part", async () => {
  await database.query(`CREATE TABLE parted (id int, made timestamptz) PARTITION BY LIST (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2)`);
  await database.query(
    "INSERT INTO parted SELECT p, $1::timestamptz - make_interval(days => 5 * (p - 1)) FROM generate_series(1, 2) p, generate_series(1, 50)",
    [new Date(NOW)],
  );
  const result = await runPurge(database, { ...old, table: "parted" }, { now: NOW, pauseMs: 1 });
  assert.equal(result.removed, 50);
  assert.deepEqual(await database.query("SELECT id, count(*) AS n FROM parted GROUP BY id"), [
    { id: 1, n: 50 },
  ]);
  await vacuum(database, await vacuumTargets(database));
  assert.deepEqual(
    await database.query(
      "SELECT relname AS name, vacuum_count AS n FROM pg_stat_user_tables WHERE relname LIKE 'parted%' ORDER BY 1",
    ),
    [
      { name: "parted", n: 0 },
      { name: "parted_1", n: 1 },
      { name: "parted_2", n: 1 },
    ],
    "each part is cleaned once",
  );
  await database.query("DROP TABLE parted");
});

test("vacuum leaves a table alone that somebody locks, and cleans the others", async () => {
  await database.query("DROP TABLE IF EXISTS things; CREATE TABLE held (x int); CREATE TABLE free (x int)");
  const holder = place.open({ poolSize: 1 });
  const done = await holder.transaction(async (tx) => {
    await tx.query("LOCK TABLE held IN SHARE UPDATE EXCLUSIVE MODE");
    return vacuum(database, await vacuumTargets(database), { workers: 2, lockTimeoutMs: 50 });
  });
  assert.deepEqual(done.map(({ name, skipped }) => [name, skipped]).toSorted(), [
    ["free", false],
    ["held", true],
  ]);
  await database.query("DROP TABLE held, free");
});

test("room in an index is found, the worst first, and given back by building it anew", async () => {
  await database.query(`CREATE TABLE b (id int PRIMARY KEY, x int);
    CREATE INDEX b_x ON b (x); INSERT INTO b SELECT i, i FROM generate_series(1, 200000) i;
    DELETE FROM b WHERE id > 2000`);
  await database.query("VACUUM ANALYZE b");
  const bloat = await readBloat(database);
  assert.ok(bloat.every(({ method }) => method === "estimated"));
  const targets = await reindexTargets(database);
  assert.deepEqual(targets.map(({ name }) => name).toSorted(), ["b_pkey", "b_x"]);
  const done = await reindex(database, targets);
  assert.ok(done.every(({ bytes, bytesAfter }) => bytesAfter < bytes / 10));
  assert.deepEqual(await reindexTargets(database), []);
});

test("a build that fails leaves no copy behind", async () => {
  const holder = place.open({ poolSize: 1 });
  let failed: Promise<void> | undefined;
  await holder.transaction(async (tx) => {
    await tx.query("UPDATE b SET x = 0 WHERE id = 1");
    const target = { schema: "public", name: "b_x", bytes: 0 };
    failed = assert.rejects(reindex(database, [target], { lockTimeoutMs: 50 }), (error) =>
      isDatabaseError(error, "timeout"),
    );
    await until(async () => {
      const rows = await database.query(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'DROP INDEX%' AND wait_event_type = 'Lock'",
      );
      return rows.length > 0;
    });
  });
  await failed;
  assert.deepEqual(await database.query("SELECT 1 FROM pg_class WHERE relname LIKE 'b_x_cc%'"), []);
});

test("who waits stands below whom it waits for, and an idle transaction is counted", async () => {
  const [first, second] = [
    place.open({ poolSize: 1, applicationName: "first" }),
    place.open({ poolSize: 1, applicationName: "second" }),
  ];
  let waiting: Promise<unknown> | undefined;
  await first.transaction(async (tx) => {
    await tx.query("UPDATE b SET x = 1 WHERE id = 1");
    waiting = second.query("UPDATE b SET x = 2 WHERE id = 1");
    const trees = async (): Promise<Awaited<ReturnType<typeof readLocks>>> =>
      (await readLocks(database)).filter(({ session }) => session.application === "first");
    await until(async () => (await trees()).length > 0);
    const [tree] = await trees();
    assert.equal(tree?.session.state, "idle in transaction");
    assert.deepEqual(
      tree?.waiting.map(({ session }) => [session.application, session.waitsFor?.split(" ")[0]]),
      [["second", "transactionid"]],
    );
    assert.ok((await readConnections(database)).idleInTransaction >= 1);
  });
  await waiting;
});
