import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  asPrincipal,
  cacheMigrations,
  createCache,
  createDatabase,
  exportRows,
  migrate,
  postgresCacheStore,
  tenancyMigrations,
} from "@rempart/database";
import { pgbouncerIni } from "@rempart/database/maintenance";
import { requireService, startPgBouncer, until } from "@rempart/testing";
import { emptyDatabase } from "./fixtures/database.ts";

const { skip } = await requireService("pgbouncer");
const { url, open } = await emptyDatabase();
const direct = open();
await migrate(direct, [tenancyMigrations, cacheMigrations]);
const { pathname, searchParams, hostname } = new URL(url);
const configuration = pgbouncerIni({
  database: pathname.slice(1),
  host: searchParams.get("host") ?? hostname,
  port: 5432,
  connections: 100,
  poolSize: 2,
});
const pooler = skip === false ? await startPgBouncer(url, configuration) : undefined;
/** Ten connections to the pooler, which has two to the server: each transaction may land on another one. */
const pooled = createDatabase({ url: `${pooler?.url ?? url}?pgbouncer=true`, poolSize: 10 });
after(async () => {
  await pooled.close();
  await pooler?.stop();
});

const times = <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

test("many connections share few, and each transaction stays whole", { skip }, async () => {
  await direct.query("CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL)");
  await direct.query("INSERT INTO counters VALUES (1, 0)");
  const servers = await times(200, (index) =>
    pooled
      .transaction(async (tx) => {
        const [row] = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
        await tx.query("UPDATE counters SET n = n + 1 WHERE id = 1");
        if (index % 4 === 0) throw new RangeError("taken back");
        return row?.pid;
      })
      .catch((error: unknown) => {
        if (!(error instanceof RangeError)) throw error;
      }),
  );
  assert.deepEqual(await direct.query("SELECT n FROM counters"), [{ n: 150 }]);
  assert.equal(new Set(servers.filter((pid) => pid !== undefined)).size, 2);
});

test("a principal never reaches the next transaction on its connection", { skip }, async () => {
  await direct.query("CREATE TABLE notes (id int PRIMARY KEY, tenant_id uuid NOT NULL)");
  await direct.query("SELECT isolate_by_tenant('notes')");
  const tenants = Array.from({ length: 5 }, (_, i) => `00000000-0000-7000-8000-00000000000${i}`);
  for (const [id, tenantId] of tenants.entries())
    await asPrincipal(direct, { tenantId, userId: null }, (tx) =>
      tx.query("INSERT INTO notes VALUES ($1, $2)", [id, tenantId]),
    );
  await times(200, async (index) => {
    const id = index % tenants.length;
    if (index % 7 === 0) return assert.deepEqual(await pooled.query("SELECT id FROM notes"), []);
    const principal = { tenantId: tenants[id] ?? null, userId: null };
    const rows = await asPrincipal(pooled, principal, (tx) => tx.query("SELECT id FROM notes"));
    assert.deepEqual(rows, [{ id }]);
  });
});

test("statements that have a name elsewhere have none here, where each may land on another connection", {
  skip,
}, async () => {
  const cache = createCache({ store: postgresCacheStore(pooled), budgetMs: 5_000 });
  await times(50, async (index) => {
    await cache.set(`key ${index}`, index, { ttlMs: 60_000 });
    assert.equal(await cache.get(`key ${index}`), index);
  });
});

test("an export through the pooler is whole", { skip }, async () => {
  await direct.query(
    "CREATE TABLE many (id int PRIMARY KEY); INSERT INTO many SELECT generate_series(1, 5000)",
  );
  const parts: Uint8Array[] = [];
  const rows = exportRows({
    database: pooled,
    select: "SELECT id FROM many",
    key: "id",
    format: "csv",
    pageRows: 500,
  });
  for await (const part of rows) parts.push(part);
  assert.equal(Buffer.concat(parts).toString().trimEnd().split("\n").length, 5_001);
});

test("a session leaves the limits of others' statements as they were", { skip }, async () => {
  const limit = async (): Promise<unknown> =>
    (await pooled.query<{ limit: string }>("SELECT current_setting('statement_timeout') AS limit"))[0]?.limit;
  await direct.query(`ALTER ROLE CURRENT_USER IN DATABASE ${pathname.slice(1)} SET statement_timeout = '7s'`);
  await direct.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
  );
  await until(async () => (await limit().catch(() => null)) === "7s");
  await times(4, () => pooled.session((session) => session.query("SELECT 1")));
  assert.deepEqual(new Set(await times(20, limit)), new Set(["7s"]));
});
