import assert from "node:assert/strict";
import { test } from "node:test";
import { createViews, materializedView, migrate, viewMigrations } from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { emptyDatabase } from "./fixtures/database.ts";

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
