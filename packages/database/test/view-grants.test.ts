import assert from "node:assert/strict";
import { test } from "node:test";
import { createViews, materializedView, migrate, viewMigrations } from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { emptyDatabase } from "./fixtures/database.ts";

const { open } = await emptyDatabase();
const database = open();
await migrate(database, [viewMigrations]);
await database.query("CREATE TABLE sales (day date NOT NULL, cents bigint NOT NULL)");

const installed = (query: string): Promise<string[]> => {
  const view = materializedView({ name: "sales_daily", query, key: ["day"], everySeconds: 60 });
  return createViews({ database, views: [view], clock: systemClock }).install();
};

/** What everybody but the owner may do, as PostgreSQL keeps it; roles that every server has. */
async function granted(): Promise<object> {
  const [row] = await database.query<{ view: string; columns: string }>(`
    SELECT (SELECT string_agg(entry::text, ' ' ORDER BY entry::text) FROM unnest(relacl) entry
            WHERE NOT starts_with(entry::text, current_user)) AS view,
           (SELECT string_agg(attname || ' ' || attacl::text, ' ' ORDER BY attname) FROM pg_attribute
            WHERE attrelid = c.oid AND attacl IS NOT NULL AND NOT attisdropped) AS columns
    FROM pg_class c WHERE oid = 'sales_daily'::regclass`);
  assert.ok(row);
  return row;
}

test("a view that is made anew is granted to whom it was granted before, and to nobody else", async () => {
  await installed("SELECT day, sum(cents)::bigint AS cents, count(*) AS sales FROM sales GROUP BY day");
  await database.query("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor");
  await database.query("GRANT SELECT ON sales_daily TO PUBLIC");
  await database.query("GRANT SELECT, DELETE ON sales_daily TO pg_read_all_stats WITH GRANT OPTION");
  await database.query("GRANT SELECT (cents, sales) ON sales_daily TO pg_read_all_settings");
  const before = await granted();
  assert.deepEqual(
    await installed("SELECT day, sum(cents)::bigint AS cents, 0 AS sales FROM sales GROUP BY day"),
    ["sales_daily"],
  );
  assert.deepEqual(await granted(), before);
});

test("a column that is gone takes its grants along", async () => {
  await installed("SELECT day, sum(cents)::bigint AS cents FROM sales GROUP BY day");
  assert.match(((await granted()) as { columns: string }).columns, /^cents \{pg_read_all_settings=r\//);
});
