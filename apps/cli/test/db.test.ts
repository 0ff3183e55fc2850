import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { createDatabase, startEmbeddedPostgres } from "@rempart/database";
import { waitingErasures } from "@rempart/database/backup";
import { scratchPlace, until } from "@rempart/testing";
import { rempart, workplace } from "./cli.ts";
import { here, printed, refuses } from "./here.ts";

const scratch = await mkdtemp(join(await scratchPlace(), "rempart-cli-db-"));
await chmod(scratch, 0o711);
const postgres = await startEmbeddedPostgres({ directory: join(scratch, "postgres"), durable: false });
const database = createDatabase({ url: postgres.url });
const place = await workplace();
after(async () => {
  await database.close();
  await postgres.stop();
  await place[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true });
});

const env = {
  DATABASE_URL: postgres.url,
  DATABASE_ADMIN_URL: postgres.superuserUrl,
  BACKUP_REPOSITORY: `file:${join(scratch, "backups")}`,
};

const run = (...args: readonly string[]): Promise<string> => printed(["db", ...args], env, place.cwd);

const refused = (about: RegExp, ...args: readonly string[]): Promise<void> =>
  refuses(about, ["db", ...args], env, place.cwd);

test("a new database is looked at as it is, and migrated when that is asked for", async () => {
  const { pending } = JSON.parse(await run("migrate", "--dry-run", "--json"));
  const status = await run("status");
  await refused(/run rempart db setup/, "slow");
  assert.ok(pending.includes("messenger/0007-media-and-reports.sql"));
  assert.deepEqual(await database.query("SELECT to_regclass('users') AS users"), [{ users: null }]);
  assert.match(status, /migrations +0 applied, [1-9]\d+ to apply/);
  assert.deepEqual(JSON.parse(await run("migrate", "--json")).applied, pending);
});

test("statements are told once they are set up", async () => {
  assert.match(await run("setup"), /set up: pg_stat_statements, pgstattuple/);
  await database.query("SELECT pg_sleep(0.2)");
  const slow = await run("slow", "--limit", "50", "--plans");
  assert.match(slow, /SELECT pg_sleep\(\$1\)/);
  assert.match(slow, /^Result \(cost/m);
});

test("every look has a table or JSON", async () => {
  assert.match(await run("tables"), /public\.messages$/m);
  assert.ok(JSON.parse(await run("indexes", "--json")).length > 50);
  assert.ok(JSON.parse(await run("connections", "--json")).used >= 1);
});

const HOSTILE = `"x"\n\u001b[31m"; DROP TABLE users; --`;

test("what is found is mended after a yes, one whatever becomes of another, and no name commands the terminal", async () => {
  const name = `"${HOSTILE.replaceAll('"', '""')}"`;
  await database.query(`CREATE TABLE ${name} (id int, user_id uuid REFERENCES users)`);
  await database.query("CREATE TABLE twice (n int); INSERT INTO twice VALUES (1), (1)");
  await assert.rejects(database.query("CREATE UNIQUE INDEX CONCURRENTLY once ON twice (n)"));
  const only = ["lint", "--only", "foreign-key-without-index", "index-invalid"];
  const told = await run(...only);
  assert.match(told, /foreign-key-without-index/);
  assert.ok(!told.includes("\u001b"));
  const mending = await here(["db", ...only, "--apply", "--yes"], env, place.cwd);
  assert.equal(mending.code, 1, mending.said);
  assert.match(mending.out, / {2}not mended: .*could not create unique index[\s\S]* {2}done/);
  await database.query(`DROP TABLE ${name}, twice`);
});

test("a table is cleaned, and an index is built anew only where that is worth it", async () => {
  const [done, ...others] = JSON.parse(await run("vacuum", "users", "--json"));
  assert.deepEqual([done.name, others], ["users", []]);
  await refused(/There is no table "nothing"/, "vacuum", "users", "nothing");
  assert.match(await run("reindex"), /nothing to build anew/);
});

test("a clean-up counts, stops at a signal, goes on, and is recorded", async () => {
  await database.query(
    `INSERT INTO users (id, email, name, status, deleted_at)
     SELECT gen_random_uuid(), 'gone' || i || '@example.org', 'Gone', 'DELETED', now() - interval '91 days'
     FROM generate_series(1, 350) i`,
  );
  const kept = randomUUID();
  await database.query(
    "INSERT INTO users (id, email, name, status, deleted_at) VALUES ($1, 'kept@example.org', 'Kept', 'DELETED', now() - interval '89 days')",
    [kept],
  );
  const only = ["cleanup", "--only", "deleted-users"];
  assert.match(await run(...only, "--dry-run"), /350 +deleted-users/);
  await refused(/Say --yes/, ...only);
  const stopped = rempart(["db", ...only, "--yes", "--pause", "60000", "--json"], { ...place, env });
  await until(() => stopped.said().includes("100 of 350"), { patienceMs: 60_000 });
  stopped.child.kill("SIGTERM");
  assert.equal(await stopped.ended, 1);
  assert.deepEqual(JSON.parse(stopped.logged()), [{ name: "deleted-users", removed: 100, complete: false }]);
  assert.match(await run(...only, "--yes", "--pause", "1"), /250 +deleted-users/);
  assert.deepEqual(await database.query("SELECT id FROM users WHERE status = 'DELETED'"), [{ id: kept }]);
  const recorded = await database.query<{ removed: number }>(
    `SELECT (metadata ->> 'removed')::int AS removed FROM audit_logs
     WHERE event_name = 'data.erased' AND resource_id = 'deleted-users' ORDER BY created_at`,
  );
  assert.deepEqual(
    recorded.map(({ removed }) => removed),
    [100, 250],
  );
  assert.deepEqual(await waitingErasures(database), { count: 0, since: null });
});

test("a clean-up is not done while a restore could bring somebody back, and the next one ends what it left", async () => {
  await database.query(
    `INSERT INTO users (id, email, name, status, deleted_at)
     VALUES (gen_random_uuid(), 'late@example.org', 'Late', 'DELETED', now() - interval '91 days')`,
  );
  const cleanup = ["db", "cleanup", "--only", "deleted-users", "--yes"];
  await writeFile(join(scratch, "no-folder"), "");
  const away = { ...env, BACKUP_REPOSITORY: `file:${join(scratch, "no-folder", "below")}` };
  await refuses(/has not reached the backups' repository/, cleanup, away, place.cwd);
  assert.equal((await waitingErasures(database)).count, 1);
  await printed(cleanup, env, place.cwd);
  assert.equal((await waitingErasures(database)).count, 0);
});

test("the committed configuration is what the command prints", async () => {
  const configuration = await run(
    "configure",
    "--memory",
    "8GB",
    "--cpus",
    "4",
    "--connections",
    "200",
    "--storage",
    "ssd",
  );
  const file = new URL("../../../ops/postgres/postgresql.conf", import.meta.url);
  assert.equal(configuration, await readFile(file, "utf8"));
});
