import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createDatabase,
  createViews,
  type Database,
  materializedView,
  migrate,
  startEmbeddedPostgres,
  viewMigrations,
} from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { until } from "@rempart/testing";
import { emptyDatabase } from "./fixtures/database.ts";
import { scratchDirectory } from "./fixtures/run.ts";

const { open } = await emptyDatabase();
const database = open();
await migrate(database, [viewMigrations]);
await database.query("CREATE TABLE sales (id int PRIMARY KEY, day date NOT NULL, cents bigint NOT NULL)");
await database.query(`
  INSERT INTO sales SELECT i, date '2026-01-01' + i % 10, 100 FROM generate_series(1, 100) i`);

const daily = materializedView({
  name: "sales_daily",
  query: "SELECT day, sum(cents)::bigint AS cents FROM sales GROUP BY day",
  key: ["day"],
  everySeconds: 60,
});
const best = materializedView({
  name: "sales_best",
  query: "SELECT day, cents FROM sales_daily ORDER BY cents DESC, day LIMIT 3",
  key: ["day"],
  everySeconds: 60,
  dependsOn: ["sales_daily"],
});
/** Declared in the wrong order: the dependencies decide. */
const views = createViews({ database, views: [best, daily], clock: systemClock });

const outcomes = async (force = false): Promise<Record<string, string>> =>
  Object.fromEntries((await views.refresh({ force })).map(({ view, outcome }) => [view, outcome]));

/** A server counts what a session wrote when the session rests; this one is counted when it resolves. */
async function write(statement: string): Promise<void> {
  await database.session(async (session) => {
    await session.query(statement);
    await session.query("SELECT pg_stat_force_next_flush()");
  });
}

const shown = () =>
  database.query("SELECT day::text, cents FROM sales_best ORDER BY cents DESC, day LIMIT 1");

test("views are made once, in the order in which they depend on one another", async () => {
  assert.deepEqual(await views.install(), ["sales_daily", "sales_best"]);
  assert.deepEqual(await views.install(), []);
  assert.deepEqual(await shown(), [{ day: "2026-01-01", cents: 1_000 }]);
});

test("what did not change is not refreshed; what did is, with what depends on it", async () => {
  await write("SELECT 1");
  assert.deepEqual(await outcomes(), { sales_daily: "refreshed", sales_best: "refreshed" });
  assert.deepEqual(await outcomes(), { sales_daily: "unchanged", sales_best: "unchanged" });
  assert.deepEqual(await outcomes(true), { sales_daily: "refreshed", sales_best: "refreshed" });
  for (const change of [
    "INSERT INTO sales VALUES (1000, '2026-01-02', 5000)",
    "UPDATE sales SET cents = 7000 WHERE id = 1000",
    "DELETE FROM sales WHERE id = 1000",
    "TRUNCATE sales",
  ]) {
    await write(change);
    assert.deepEqual(await outcomes(), { sales_daily: "refreshed", sales_best: "refreshed" }, change);
    assert.deepEqual(await outcomes(), { sales_daily: "unchanged", sales_best: "unchanged" }, change);
  }
  assert.deepEqual(await shown(), []);
  await write("INSERT INTO sales VALUES (1, '2026-01-03', 10)");
  const all = await database.query("SELECT * FROM refresh_all_materialized_views()");
  assert.deepEqual(all, [
    { view_name: "sales_daily", outcome: "refreshed" },
    { view_name: "sales_best", outcome: "refreshed" },
  ]);
  assert.deepEqual(await shown(), [{ day: "2026-01-03", cents: 10 }]);
});

test("a partition's change is seen through a view in between", async () => {
  await database.query(`
    CREATE TABLE events (at date NOT NULL, n int NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE VIEW seen AS SELECT n FROM events WHERE n > 0`);
  const total = materializedView({
    name: "events_total",
    query: "SELECT 1 AS id, sum(n) AS total FROM seen",
    key: ["id"],
    everySeconds: 1,
  });
  const partitioned = createViews({ database, views: [total], clock: systemClock });
  await partitioned.install();
  await partitioned.refresh();
  assert.equal((await partitioned.refresh())[0]?.outcome, "unchanged");
  await write("INSERT INTO events VALUES ('2026-05-05', 3)");
  assert.equal((await partitioned.refresh())[0]?.outcome, "refreshed");
});

test("a change of a table that inherits, or has a dependency's name in another schema, is seen", async () => {
  await database.query(`
    CREATE TABLE readings (n int NOT NULL); CREATE TABLE readings_old () INHERITS (readings);
    CREATE SCHEMA other; CREATE TABLE other.readings_total (n int NOT NULL)`);
  const total = { key: ["id"], everySeconds: 1 };
  const both = createViews({
    database,
    clock: systemClock,
    views: [
      materializedView({
        ...total,
        name: "readings_total",
        query: "SELECT 1 AS id, sum(n) AS n FROM readings",
      }),
      materializedView({
        ...total,
        name: "readings_all",
        query: "SELECT 1 AS id, (SELECT sum(n) FROM other.readings_total) + n AS n FROM readings_total",
        dependsOn: ["readings_total"],
      }),
    ],
  });
  const refreshed = async (): Promise<string[]> => (await both.refresh()).map(({ outcome }) => outcome);
  await both.install();
  await refreshed();
  assert.deepEqual(await refreshed(), ["unchanged", "unchanged"]);
  await write("INSERT INTO readings_old VALUES (1)");
  assert.deepEqual(await refreshed(), ["refreshed", "refreshed"]);
  await write("INSERT INTO other.readings_total VALUES (1)");
  assert.deepEqual(await refreshed(), ["unchanged", "refreshed"]);
});

test("a view and its key may have names that SQL keeps for itself", async () => {
  const reserved = materializedView({
    name: "order",
    query: 'SELECT day AS "user", count(*) AS n FROM sales GROUP BY day',
    key: ["user"],
    everySeconds: 1,
  });
  const one = createViews({ database, views: [reserved], clock: systemClock });
  assert.deepEqual(await one.install(), ["order"]);
  assert.equal((await one.refresh({ force: true }))[0]?.outcome, "refreshed");
  assert.deepEqual(await one.install(), []);
});

test("a view that was emptied is filled again", async () => {
  await database.query("REFRESH MATERIALIZED VIEW readings_all WITH NO DATA");
  await database.query("SELECT refresh_materialized_view('readings_all', true)");
  assert.deepEqual(await database.query("SELECT n FROM readings_all"), [{ n: 2 }]);
});

test("a change is seen although its count is that of before: a process of the server crashed, counts were reset or switched off, or nobody counts", async () => {
  // Durable, or the crash would also take back what was known of the view.
  const own = await startEmbeddedPostgres({ directory: join(await scratchDirectory(), "counting") });
  const adminUrl = Object.assign(new URL(own.superuserUrl), { pathname: new URL(own.url).pathname });
  const [admin, owner] = [adminUrl.href, own.url].map((url) => createDatabase({ url })) as [
    Database,
    Database,
  ];
  const counted = async (statement: string): Promise<void> =>
    owner.session(async (session) => {
      await session.query(statement);
      await session.query("SELECT pg_stat_force_next_flush()");
    });
  try {
    await migrate(owner, [viewMigrations]);
    await counted("CREATE TABLE counted (n int); INSERT INTO counted VALUES (1)");
    const query = "SELECT 1 AS id, count(*) AS rows FROM counted";
    const view = materializedView({ name: "counted_rows", query, key: ["id"], everySeconds: 1 });
    const watched = createViews({ database: owner, views: [view], clock: systemClock });
    const outcome = async (): Promise<string | undefined> => (await watched.refresh())[0]?.outcome;
    await watched.install();
    await outcome();
    assert.equal(await outcome(), "unchanged");

    const walWriter = async (): Promise<number | undefined> =>
      (
        await admin.query<{ pid: number }>(
          "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'",
        )
      )[0]?.pid;
    const victim = await walWriter();
    process.kill(victim as number, "SIGKILL");
    await until(async () => (await walWriter().catch(() => victim)) !== victim);
    await counted("INSERT INTO counted VALUES (1)");
    assert.equal(await outcome(), "refreshed", "after a crash");
    assert.equal(await outcome(), "unchanged");

    await admin.query("SELECT pg_stat_reset_single_table_counters('counted'::regclass)");
    await counted("INSERT INTO counted VALUES (1)");
    assert.equal(await outcome(), "refreshed", "after a reset");
    assert.equal(await outcome(), "unchanged");

    const counting = async (setting: "on" | "off"): Promise<void> => {
      await admin.query(`ALTER SYSTEM SET track_counts = ${setting}`);
      await admin.query("SELECT pg_reload_conf()");
      await until(async () => {
        const [row] = await owner.query<{ setting: string }>(
          "SELECT current_setting('track_counts') AS setting",
        );
        return row?.setting === setting;
      });
    };
    await counting("off");
    await counted("INSERT INTO counted VALUES (1)");
    assert.equal(await outcome(), "refreshed", "where nobody counts");
    await counting("on");
    assert.deepEqual(await owner.query("SELECT rows FROM counted_rows"), [{ rows: 4 }]);

    await admin.query(`CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
      GRANT USAGE ON FOREIGN SERVER elsewhere TO PUBLIC`);
    await owner.query("CREATE FOREIGN TABLE far (n int) SERVER elsewhere");
    await owner.query("CREATE VIEW near_and_far AS SELECT n FROM counted UNION ALL SELECT n FROM far");
    const [far] = await owner.query<{ known: boolean }>(
      "SELECT materialized_view_fingerprint('near_and_far', '{}') IS NOT NULL AS known",
    );
    assert.deepEqual(far, { known: false });
  } finally {
    await owner.close();
    await admin.close();
    await own.stop();
  }
});

test("a view whose answer changes by itself is refreshed each time", async () => {
  const clockView = materializedView({
    name: "clock_view",
    query: "SELECT 1 AS id, now() AS at",
    key: ["id"],
    everySeconds: 1,
    volatile: true,
  });
  const ticking = createViews({ database, views: [clockView], clock: systemClock });
  await ticking.install();
  for (let i = 0; i < 3; i += 1) assert.equal((await ticking.refresh())[0]?.outcome, "refreshed");
});

test("a view declared otherwise is made anew with what depends on it; readers see the old or the new, never none", async () => {
  const doubled = { ...daily, query: "SELECT day, sum(cents * 2)::bigint AS cents FROM sales GROUP BY day" };
  const changed = createViews({ database, views: [doubled, best], clock: systemClock });
  const installing = changed.install();
  const readers = Promise.all(Array.from({ length: 20 }, () => shown()));
  assert.deepEqual(await installing, ["sales_daily", "sales_best"]);
  for (const rows of await readers) assert.match(JSON.stringify(rows), /"cents":(?:10|20)\}/);
  assert.deepEqual(await shown(), [{ day: "2026-01-03", cents: 20 }]);
  await views.install();
});

test("a view that is refused leaves everything as it was", async () => {
  const wrong = materializedView({
    name: "wrong",
    query: "SELECT nothing FROM sales",
    key: ["id"],
    everySeconds: 1,
  });
  await assert.rejects(createViews({ database, views: [daily, best, wrong], clock: systemClock }).install(), {
    code: "invalid-statement",
  });
  const secret = materializedView({
    name: "secret",
    query: "SELECT day FROM sales_daily",
    key: ["day"],
    everySeconds: 1,
  });
  await assert.rejects(
    createViews({ database, views: [daily, best, secret], clock: systemClock }).install(),
    {
      message: "secret reads sales_daily: name it in dependsOn",
    },
  );
  assert.deepEqual(
    await database.query("SELECT to_regclass('wrong') AS wrong, to_regclass('secret') AS secret"),
    [{ wrong: null, secret: null }],
  );
});

test("one that cannot be refreshed does not keep the others from it", async () => {
  await write("INSERT INTO sales VALUES (2, '2026-01-04', 1)");
  await database.query("ALTER TABLE sales ADD COLUMN divisor int NOT NULL DEFAULT 1");
  const ratio = materializedView({
    name: "ratio",
    query: "SELECT id, cents / divisor AS ratio FROM sales",
    key: ["id"],
    everySeconds: 1,
  });
  const three = createViews({ database, views: [ratio, daily, best], clock: systemClock });
  await three.install();
  await write("UPDATE sales SET divisor = 0");
  const told = await three.refresh();
  assert.deepEqual(
    told.map(({ view, outcome }) => `${view} ${outcome}`),
    ["ratio failed", "sales_daily refreshed", "sales_best refreshed"],
  );
  await write("UPDATE sales SET divisor = 1");
});

test("two processes that refresh at once do the work once", async () => {
  await write("UPDATE sales SET cents = cents + 1");
  await database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('materialized_views/sales_daily', 0))");
    assert.equal((await views.refresh())[0]?.outcome, "busy");
  });
  assert.equal((await views.refresh())[0]?.outcome, "refreshed");
});

const WAITING =
  "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT refresh%' AND wait_event_type = 'Lock'";

test("who starts is not held up by a refresh that is under way", async () => {
  await database.transaction(async (tx) => {
    await tx.query("SELECT refresh_materialized_view('sales_daily', true)");
    // Held up, it would wait for us, and we for it.
    assert.deepEqual(await views.install(), []);
  });
});

test("a refresh that is killed leaves the old rows, and the next one works", async () => {
  await write("UPDATE sales SET cents = cents + 1");
  const before = await shown();
  const killed = await database.transaction(async (tx) => {
    await tx.query("LOCK TABLE sales IN ACCESS EXCLUSIVE MODE");
    const refreshing = outcomes();
    await until(async () => (await database.query(WAITING)).length > 0);
    await database.query(`SELECT pg_terminate_backend(pid) FROM (${WAITING}) refreshing`);
    return (await refreshing).sales_daily;
  });
  assert.equal(killed, "failed");
  assert.deepEqual(await shown(), before);
  assert.deepEqual(await outcomes(), { sales_daily: "refreshed", sales_best: "refreshed" });
});

test("a schedule of months sleeps in between", async () => {
  const stop = new AbortController();
  let looks = 0;
  const clock = { ...systemClock, monotonic: () => (looks += 1) };
  const rarely = createViews({ database, views: [{ ...daily, everySeconds: 90 * 86_400 }], clock });
  const running = rarely.run(stop.signal);
  await until(async () => looks > 4);
  const before = looks;
  await sleep(30);
  assert.equal(looks, before);
  stop.abort();
  await running;
});

test("the schedule refreshes until it is stopped, and tells how old each view is", async () => {
  const seen: string[] = [];
  const stop = new AbortController();
  const enough = Promise.withResolvers<void>();
  const scheduled = createViews({
    database,
    views: [daily, best],
    clock: systemClock,
    observe: ({ view }) => {
      seen.push(view);
      if (seen.length === 2) enough.resolve();
    },
  });
  const running = scheduled.run(stop.signal);
  await enough.promise;
  stop.abort();
  await running;
  assert.deepEqual(seen, ["sales_daily", "sales_best"]);
  const ages = await scheduled.ages();
  assert.deepEqual(ages.map(({ view }) => view).toSorted(), ["sales_best", "sales_daily"]);
  for (const { ageSeconds, refreshMs } of ages) {
    assert.ok(ageSeconds >= 0 && ageSeconds < 60);
    assert.ok(refreshMs > 0);
  }
});

test("a declaration that could not work is a mistake of the programmer", () => {
  const wrong: [object, RegExp][] = [
    [{ ...daily, name: "sales; DROP TABLE sales" }, /not a view's name/],
    [{ ...daily, key: [] }, /the key/],
    [{ ...daily, everySeconds: 0 }, /at least 1/],
    [{ ...daily, query: "DELETE FROM sales" }, /is a SELECT/],
  ];
  for (const [view, message] of wrong)
    assert.throws(() => materializedView(view as typeof daily), { name: "TypeError", message });
  const circle = [
    { ...daily, dependsOn: ["sales_best"] },
    { ...best, dependsOn: ["sales_daily"] },
  ];
  assert.throws(() => createViews({ database, views: circle, clock: systemClock }), /depend on one another/);
  assert.throws(() => createViews({ database, views: [best], clock: systemClock }), /not declared/);
});
