import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { DatabaseError, type MigrationSource, migrate } from "@rempart/database";
import { until } from "@rempart/testing";
import { emptyDatabase } from "./fixtures/database.ts";

type Files = Record<string, string>;

async function source(
  name: string,
  files: Files,
): Promise<MigrationSource & { write(more: Files): Promise<void>; path: string }> {
  const path = await mkdtemp(join(tmpdir(), "rempart-migrations-"));
  after(() => rm(path, { recursive: true, force: true }));
  const write = async (more: Files): Promise<void> => {
    for (const [file, sql] of Object.entries(more)) await writeFile(join(path, file), sql);
  };
  await write(files);
  return { name, directory: pathToFileURL(path), write, path };
}

const says = (code: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof DatabaseError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, text);
  return true;
};

test("new files are applied in order, source by source, once", async () => {
  const database = (await emptyDatabase()).open();
  const users = await source("users", {
    "0002-mail.sql": "ALTER TABLE users ADD email text;",
    "0001-users.sql": "CREATE TABLE users (id int PRIMARY KEY); CREATE INDEX ON users (id);",
    "notes.txt": "not a migration",
  });
  const posts = await source("posts", {
    "0001-posts.sql": "CREATE TABLE posts (author int REFERENCES users);\r\n",
  });
  assert.deepEqual(await migrate(database, [users, posts]), {
    applied: ["users/0001-users.sql", "users/0002-mail.sql", "posts/0001-posts.sql"],
  });
  assert.deepEqual(await migrate(database, [users, posts]), { applied: [] });
  await users.write({ "0003-name.sql": "ALTER TABLE users ADD name text" });
  assert.deepEqual(await migrate(database, [users, posts]), { applied: ["users/0003-name.sql"] });
  await posts.write({ "0001-posts.sql": "CREATE TABLE posts (author int REFERENCES users);\n" });
  assert.deepEqual(await migrate(database, [users, posts]), { applied: [] }, "line ends do not count");
});

test("an applied file that was edited, removed or overtaken stops everything before anything is applied", async () => {
  const database = (await emptyDatabase()).open();
  const files = await source("s", {
    "0001-a.sql": "CREATE TABLE a (x int)",
    "0003-c.sql": "CREATE TABLE c (x int)",
  });
  await migrate(database, [files]);
  const other = await source("other", { "0001-z.sql": "CREATE TABLE z (x int)" });

  await files.write({ "0001-a.sql": "CREATE TABLE a (x bigint)" });
  await assert.rejects(
    migrate(database, [other, files]),
    says("migration-edited", /s\/0001-a\.sql was changed/),
  );
  await files.write({ "0001-a.sql": "CREATE TABLE a (x int)", "0002-b.sql": "CREATE TABLE b (x int)" });
  await assert.rejects(
    migrate(database, [other, files]),
    says("migration-out-of-order", /s\/0002-b\.sql sorts before 0003-c/),
  );
  await rename(join(files.path, "0002-b.sql"), join(files.path, "0004-b.sql"));
  await rm(join(files.path, "0003-c.sql"));
  await assert.rejects(
    migrate(database, [other, files]),
    says("migration-missing", /s\/0003-c\.sql is applied but its file is gone/),
  );
  assert.deepEqual(await database.query("SELECT to_regclass('z') AS z, to_regclass('b') AS b"), [
    { z: null, b: null },
  ]);
});

test("a failing file leaves nothing of itself, names its line, and can be mended", async () => {
  const database = (await emptyDatabase()).open();
  const files = await source("s", {
    "0001-good.sql": "CREATE TABLE good (x int)",
    "0002-bad.sql":
      "CREATE TABLE half (x int);\n-- é 🛡\nINSERT INTO half VALUES (1);\n  SELECT nonsense FROM half;\n",
    "0003-never.sql": "CREATE TABLE never (x int)",
  });
  await assert.rejects(
    migrate(database, [files]),
    says("migration-failed", /s\/0002-bad\.sql failed at line 4, column 10$/),
  );
  assert.deepEqual(
    await database.query(
      "SELECT to_regclass('good')::text AS g, to_regclass('half') AS h, to_regclass('never') AS n",
    ),
    [{ g: "good", h: null, n: null }],
  );
  await files.write({ "0002-bad.sql": "CREATE TABLE half (x int)" });
  assert.deepEqual(await migrate(database, [files]), { applied: ["s/0002-bad.sql", "s/0003-never.sql"] });
});

test("a file may not end the transaction it runs in", async () => {
  const database = (await emptyDatabase()).open();
  const files = await source("s", {
    "0001-sly.sql": "CREATE TABLE kept (x int); COMMIT; CREATE TABLE also (x int); SELECT 1/0",
  });
  await assert.rejects(migrate(database, [files]), says("migration-invalid", /COMMIT/));
  assert.deepEqual(await database.query("SELECT to_regclass('kept') AS k"), [{ k: null }]);
});

test("a file that opts out runs outside a transaction", async () => {
  const database = (await emptyDatabase()).open();
  const files = await source("s", {
    "0001-t.sql": "CREATE TABLE t (x int)",
    "0002-index.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_x ON t (x)",
  });
  await migrate(database, [files]);
  assert.deepEqual(await database.query("SELECT to_regclass('t_x')::text AS i"), [{ i: "t_x" }]);
  const without = await source("w", { "0001-i.sql": "CREATE INDEX CONCURRENTLY t_x2 ON t (x)" });
  await assert.rejects(migrate(database, [without]), says("migration-failed", /w\/0001-i\.sql failed/));
});

test("an index whose build failed or was killed is built anew, and not taken for made", async () => {
  const database = (await emptyDatabase()).open();
  await database.query("CREATE TABLE t (x int); INSERT INTO t VALUES (1), (1)");
  const files = await source("s", {
    "0001-index.sql": '-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "T x" ON t (x)',
  });
  await assert.rejects(migrate(database, [files]), says("migration-failed", /s\/0001-index\.sql failed/));
  const valid = `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('"T x"')`;
  assert.deepEqual(await database.query(valid), [{ valid: false }]);
  await database.query("DELETE FROM t");
  assert.deepEqual(await migrate(database, [files]), { applied: ["s/0001-index.sql"] });
  assert.deepEqual(await database.query(valid), [{ valid: true }]);
});

test("processes that migrate at once apply each file once", async () => {
  const { open } = await emptyDatabase();
  const files = await source("s", {
    "0001-t.sql": "CREATE TABLE t (x int); SELECT pg_sleep(0.1)",
    "0002-u.sql": "INSERT INTO t VALUES (1)",
  });
  const results = await Promise.all([1, 2, 3, 4].map(() => migrate(open(), [files])));
  assert.equal(results.flatMap(({ applied }) => applied).length, 2);
  assert.equal((await open().query("SELECT 1 FROM t")).length, 1);
});

const BUILDING = "SELECT 1 FROM pg_stat_progress_create_index WHERE relid = 't'::regclass";

test("who waits to migrate holds up no index that is built beside writers", async () => {
  const { open } = await emptyDatabase();
  const database = open();
  await database.query("CREATE TABLE t (x int)");
  const files = await source("s", {
    "0001-index.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_x ON t (x)",
  });
  const running: Promise<{ applied: string[] }>[] = [];
  await database.transaction(async (writer) => {
    await writer.query("INSERT INTO t VALUES (1)");
    running.push(migrate(open(), [files]));
    await until(async () => (await database.query(BUILDING)).length > 0);
    let asked = false;
    const trace = (text: string) => {
      asked ||= text.includes("advisory_lock");
      return () => {};
    };
    running.push(migrate(open({ trace }), [files]));
    await until(() => asked);
  });
  const results = await Promise.all(running);
  assert.deepEqual(
    results.flatMap(({ applied }) => applied),
    ["s/0001-index.sql"],
  );
});

test("directories and names that cannot be right are told before the database is touched", async () => {
  const database = (await emptyDatabase()).open();
  const absent = { name: "s", directory: new URL("file:///no/such/directory") };
  await assert.rejects(
    migrate(database, [absent]),
    says("migration-invalid", /Cannot read the migrations of s/),
  );
  for (const [files, text] of [
    [{ "1-a.sql": "SELECT 1" }, /must be named like/],
    [{ "0001-A.sql": "SELECT 1" }, /must be named like/],
    [{ "0001-a.sql": "SELECT 1", "0001-b.sql": "SELECT 1" }, /shares its number/],
    [{ "0001-a.sql": " \n" }, /is empty/],
  ] as [Files, RegExp][])
    await assert.rejects(migrate(database, [await source("s", files)]), says("migration-invalid", text));
  const twice = await source("s", {});
  await assert.rejects(migrate(database, [twice, twice]), TypeError);
  assert.deepEqual(await database.query("SELECT to_regclass('schema_migrations') AS m"), [{ m: null }]);
});
