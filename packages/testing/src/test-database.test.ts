import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createDatabase } from "@rempart/database";
import { testDatabase } from "./test-database.ts";

const path = await mkdtemp(join(tmpdir(), "rempart-migrations-"));
after(() => rm(path, { recursive: true, force: true }));
await writeFile(
  join(path, "0001-notes.sql"),
  "CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes VALUES (1)",
);
const migrations = [{ name: "notes", directory: pathToFileURL(path) }];

test("databases made at once are migrated, and what one does the other does not see", async () => {
  const [one, two] = await Promise.all([testDatabase({ migrations }), testDatabase({ migrations })]);
  await one.database.query("INSERT INTO notes VALUES (2)");
  assert.equal((await one.database.query("SELECT 1 FROM notes")).length, 2);
  assert.equal((await two.database.query("SELECT 1 FROM notes")).length, 1);
  await Promise.all([one.close(), two.close()]);
});

test("another set of migrations is another template", async () => {
  await using plain = await testDatabase({ migrations: [] });
  assert.deepEqual(await plain.database.query("SELECT to_regclass('notes') AS notes"), [{ notes: null }]);
});

test("a closed database is gone, even with somebody connected to it", async () => {
  const { url, close } = await testDatabase({ migrations });
  const other = createDatabase({ url });
  await other.ping();
  await close();
  await assert.rejects(other.ping());
  await assert.rejects(other.ping(), { code: "database-missing" });
  await other.close();
});

test("a migration that fails is told, and does not become a template", async () => {
  const broken = await mkdtemp(join(path, "broken-"));
  await writeFile(join(broken, "0001-broken.sql"), "CREATE TABLE x (y nonsense)");
  const sources = [{ name: "broken", directory: pathToFileURL(broken) }];
  for (let i = 0; i < 2; i += 1)
    await assert.rejects(testDatabase({ migrations: sources }), { code: "migration-failed" });
});
