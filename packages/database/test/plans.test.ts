import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createDatabase, type Database } from "@rempart/database";
import { requireService, startDebianPostgres } from "@rempart/testing";
import { applyFinding } from "../src/insights/apply.ts";
import { type Bloat, readBloat } from "../src/insights/bloat.ts";
import { examine, plansOf } from "../src/insights/examine.ts";
import type { Finding } from "../src/insights/finding.ts";
import { createExplainer } from "../src/insights/plans.ts";
import { setUpInsights } from "../src/insights/setup.ts";
import { readStatements } from "../src/insights/statements.ts";
import { postgresqlConf } from "../src/maintenance/configure/fragment.ts";

/** Debian's PostgreSQL 15, the oldest we serve, with its `hypopg`: started with a configuration that we generated. */
const hypopg = await requireService("hypopg");
const skip = hypopg.skip;

const MACHINE = { memoryBytes: 8 * 1024 ** 3, cpus: 4, connections: 200, storage: "ssd" } as const;

async function start(): Promise<{ admin: Database; database: Database }> {
  const server = await startDebianPostgres({ service: "hypopg", configuration: postgresqlConf(MACHINE) });
  after(() => server.stop());
  const admin = createDatabase({ url: server.url, poolSize: 2 });
  await admin.query("CREATE ROLE shop LOGIN");
  await admin.query("GRANT CREATE ON SCHEMA public TO shop");
  const database = createDatabase({ url: server.url.replace("postgres@", "shop@") });
  after(() => Promise.all([admin.close(), database.close()]));
  return { admin, database };
}

const { admin, database } = skip === false ? await start() : ({} as { admin: Database; database: Database });

/** 50,000 rows, in which a city has 50 and a buyer 5. */
async function fill(): Promise<void> {
  await database.query(`CREATE TABLE orders (id int PRIMARY KEY, buyer int, "City ""x""" text, state text, total int);
    INSERT INTO orders SELECT i, i % 10000, 'city ' || i % 1000, 'open', i FROM generate_series(1, 50000) i;
    CREATE INDEX orders_buyer ON orders (buyer)`);
  await database.query("VACUUM ANALYZE orders");
}

async function ask(): Promise<void> {
  for (let i = 0; i < 12; i += 1) {
    await database.query('SELECT * FROM orders WHERE "City ""x""" = $1 AND total > $2', ["city 7", 10]);
    await database.query("SELECT * FROM orders WHERE state = $1", ["open"]);
    await database.query("SELECT buyer, total FROM orders WHERE buyer = $1", [i]);
  }
}

async function proposals(): Promise<Finding[]> {
  const { findings, statements, tried } = await examine(database);
  assert.equal(statements, null);
  assert.equal(tried, true);
  return findings.filter(({ proof }) => proof !== undefined);
}

test("the sizes of the administrators' guide come out, and a server starts with them", { skip }, async () => {
  const expected = {
    max_connections: "200",
    shared_buffers: "2GB",
    effective_cache_size: "6GB",
    work_mem: "50MB",
    maintenance_work_mem: "512MB",
    max_wal_size: "2GB",
    min_wal_size: "1GB",
    checkpoint_timeout: "10min",
    checkpoint_completion_target: "0.9",
    wal_level: "replica",
  };
  const rows = await admin.query<{ name: string; value: string }>(
    "SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY ($1)",
    [Object.keys(expected)],
  );
  assert.deepEqual(Object.fromEntries(rows.map(({ name, value }) => [name, value])), expected);
});

test("what is not set up is said, and setting up twice is once", { skip }, async () => {
  assert.equal(await readStatements(database), "no-extension");
  for (let i = 0; i < 2; i += 1)
    assert.deepEqual(await setUpInsights(admin, database), {
      installed: ["hypopg", "pg_stat_statements", "pgstattuple"],
      missing: [],
      notLoaded: [],
    });
});

test("an index for a frequent filter is proposed, tried, made and then used", { skip }, async () => {
  await fill();
  await ask();
  const found = await proposals();
  const filter = found.find(({ code }) => code === "filter-without-index") as Finding;
  assert.match(filter.fix.join(), /ON "public"\."orders" \("City ""x""", "total"\)$/);
  assert.ok(filter.proof !== undefined && filter.proof.costAfter < filter.proof.costBefore / 2);
  assert.ok(!found.some(({ fix }) => fix.join().includes('"state"')), "a filter that lets all through");
  assert.deepEqual(await applyFinding(database, filter, { recheck: proposals }), { state: "done" });
  await database.query("ANALYZE orders");
  assert.ok(!(await proposals()).some(({ code }) => code === "filter-without-index"));
  const explainer = await database.session(async (session) =>
    (await createExplainer(session)).explain('SELECT * FROM orders WHERE "City ""x""" = $1 AND total > $2'),
  );
  assert.match(JSON.stringify(explainer?.root), /Index|Bitmap/);
});

test("an index that would spare the way to the table is proposed with the column included", {
  skip,
}, async () => {
  const covering = (await proposals()).find(({ code }) => code === "index-covering-candidate");
  assert.match(covering?.fix.join() ?? "", /\("buyer"\) INCLUDE \("total"\)$/);
});

test("a statement is planned and never run, one at a time, and not another role's", { skip }, async () => {
  await admin.query(
    "CREATE TABLE victim (x int); GRANT ALL ON victim TO shop; INSERT INTO victim VALUES (1)",
  );
  const plans = await database.session(async (session) => {
    const explainer = await createExplainer(session);
    return [
      await explainer.explain("DELETE FROM victim"),
      await explainer.explain("SELECT 1; DELETE FROM victim"),
      await explainer.explain("SELECT 1 /* ; */ ; DROP TABLE victim --"),
      await explainer.explain("SELECT FROM nowhere"),
    ].map((plan) => plan?.root["Node Type"] ?? null);
  });
  assert.deepEqual(plans, ["ModifyTable", null, null, null]);
  assert.deepEqual(await admin.query("SELECT x FROM victim"), [{ x: 1 }]);
  await admin.query("SELECT count(*) FROM victim WHERE x > 7");
  const statements = await readStatements(database, { most: 100 });
  assert.ok(Array.isArray(statements));
  const other = statements.filter(({ query }) => query.includes("victim WHERE x"));
  assert.deepEqual(
    other.map(({ own }) => own),
    [false],
  );
  const planned = await database.session(async (session) =>
    plansOf(await createExplainer(session), statements),
  );
  assert.ok(planned.length > 0 && planned.every(({ statement }) => statement.own));
});

test("room is measured where pgstattuple may be called, and estimated near it where it may not", {
  skip,
}, async () => {
  await database.query("DELETE FROM orders WHERE id % 2 = 0");
  await database.query("VACUUM ANALYZE orders");
  const tableRoom = async (): Promise<Bloat | undefined> =>
    (await database.session((session) => readBloat(session))).find(({ kind }) => kind === "table");
  const measured = await tableRoom();
  await admin.query("REVOKE pg_stat_scan_tables FROM shop");
  const estimated = await tableRoom();
  assert.deepEqual([measured?.method, estimated?.method], ["measured", "estimated"]);
  for (const room of [measured, estimated]) {
    const share = (room?.wastedBytes ?? 0) / (room?.bytes ?? 1);
    assert.ok(share > 0.4 && share < 0.6, `${room?.method}: ${share}`);
  }
});

test("analyze_slow_queries() tells the slowest first, without values and without what was typed", {
  skip,
}, async () => {
  await database.query("SELECT pg_sleep(0.12), 'a secret'");
  await admin.query("ALTER ROLE shop PASSWORD 'a secret'");
  const rows = await database.query<{ query: string; calls: number; mean_ms: number }>(
    "SELECT query, calls, mean_ms FROM analyze_slow_queries(100)",
  );
  assert.ok(rows.some(({ query, calls }) => query === "SELECT pg_sleep($1), $2" && calls === 1));
  const means = rows.map(({ mean_ms }) => mean_ms);
  assert.deepEqual(
    means,
    means.filter((mean) => mean >= 100).toSorted((a, b) => b - a),
  );
  const all = await admin.query<{ query: string }>("SELECT query FROM pg_stat_statements");
  assert.ok(!JSON.stringify(all).includes("a secret"));
});
