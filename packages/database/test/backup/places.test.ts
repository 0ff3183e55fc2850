import assert from "node:assert/strict";
import { chown, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { RestoreHook } from "@rempart/database/backup";
import { hasCode } from "@rempart/kernel";
import { backedUpServer } from "./kit.ts";

test("tablespaces go where they are told to, unlogged tables come back empty, and what sessions left behind stays out", async () => {
  await using server = await backedUpServer();
  const { database, engine, scratch, dataDirectory } = server;
  const space = join(scratch, "space");
  await mkdir(space);
  const { uid, gid } = await stat(dataDirectory);
  await chown(space, uid, gid);
  await database.query(`CREATE TABLESPACE elsewhere LOCATION '${space}'`);
  await database.query("CREATE TABLE far (id int) TABLESPACE elsewhere");
  await database.query("INSERT INTO far SELECT generate_series(1, 500)");
  await database.query("CREATE UNLOGGED TABLE cache (key int PRIMARY KEY, value text)");
  await database.query("INSERT INTO cache SELECT n, repeat('x', 1000) FROM generate_series(1, 2000) AS n");
  const [file] = await database.query<{ path: string }>("SELECT pg_relation_filepath('cache') AS path");
  const before = await readdir(space);
  await engine.run();

  const target = { kind: "latest" } as const;
  const unmapped = engine.restore({ target, directory: join(scratch, "unmapped") });
  await assert.rejects(unmapped, (error) => hasCode(error, "tablespace-unmapped"));

  const seen: object[] = [];
  const look: RestoreHook = {
    name: "look",
    async run({ database: restored, open }) {
      seen.push(
        ...(await restored.query(
          "SELECT (SELECT count(*) FROM far) AS far, (SELECT count(*) FROM cache) AS cache",
        )),
      );
      seen.push(
        ...(await restored.query(
          "SELECT pg_tablespace_location(oid) AS at FROM pg_tablespace WHERE spcname = 'elsewhere'",
        )),
      );
      const owner = open("rempart", "rempart");
      seen.push(...(await owner.query("SELECT current_user::text AS who")));
    },
  };
  const directory = join(scratch, "beside");
  const tablespaceDirectory = join(scratch, "spaces");
  await engine.restore({ target, directory, tablespaceDirectory, hooks: [look] });
  const [oid = ""] = await readdir(tablespaceDirectory);
  assert.deepEqual(seen, [
    { far: 500, cache: 0 },
    { at: join(tablespaceDirectory, oid) },
    { who: "rempart" },
  ]);
  assert.deepEqual(await readdir(space), before);
  assert.equal((await stat(join(directory, file?.path ?? ""))).size, 0);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  const files = await readdir(directory);
  for (const name of ["backup_label", "backup_label.old", "recovery.signal", "postmaster.pid"])
    assert.ok(!files.includes(name), name);
  const failing = { name: "failing", run: () => Promise.reject(new Error("no")) };
  const other = join(scratch, "other-spaces");
  const failed = engine.restore({
    target,
    directory: join(scratch, "failed"),
    tablespaceDirectory: other,
    hooks: [failing],
  });
  await assert.rejects(failed, (error) => hasCode(error, "hook-failed"));
  assert.deepEqual(await readdir(other), []);
  // A second restore may not write into the tablespaces of the first.
  const again = engine.restore({ target, directory: join(scratch, "again"), tablespaceDirectory });
  await assert.rejects(again, (error) => hasCode(error, "target-not-empty"));
  assert.deepEqual(await readdir(tablespaceDirectory), [oid]);
});

test("a directory on which a server runs is left alone, whatever else is wrong", async () => {
  await using server = await backedUpServer();
  const { engine, dataDirectory, database } = server;
  const refused = engine.restore({ target: { kind: "latest" }, directory: dataDirectory });
  await assert.rejects(refused, (error) => hasCode(error, "target-in-use"));
  await database.ping();
});
