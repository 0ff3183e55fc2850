import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { builtInEngine, type RestoreHook } from "@rempart/database/backup";
import { systemClock } from "@rempart/kernel";
import { backedUpServer } from "./kit.ts";

/** What the restored database holds, seen by a hook: before anybody else. */
function countRows(): RestoreHook & { readonly counts: number[] } {
  const counts: number[] = [];
  return {
    name: "count",
    counts,
    async run({ database }) {
      const [row] = await database.query<{ n: number }>("SELECT count(*) AS n FROM rows");
      counts.push(row?.n ?? -1);
    },
  };
}

test("a restore to latest has every row of the archived log", async () => {
  await using server = await backedUpServer();
  await server.database.query("CREATE TABLE rows (id int)");
  await server.database.query("INSERT INTO rows SELECT generate_series(1, 1000)");
  await server.engine.run();
  await server.database.query("INSERT INTO rows SELECT generate_series(1001, 1500)");
  await server.archived();
  const hook = countRows();
  await server.engine.restore({
    target: { kind: "latest" },
    directory: join(server.scratch, "beside"),
    hooks: [hook],
  });
  assert.deepEqual(hook.counts, [1500]);
});

test("a target that an earlier recovery left in the configuration counts for nothing", async () => {
  await using server = await backedUpServer();
  await server.database.query("CREATE TABLE rows (id int)");
  await server.database.query("ALTER SYSTEM SET recovery_target_name = 'never'");
  await server.database.query("ALTER SYSTEM SET recovery_end_command = 'exit 1'");
  await server.engine.run();
  await server.database.query("INSERT INTO rows SELECT generate_series(1, 10)");
  const [row] = await server.database.query<{ lsn: string }>(
    "SELECT pg_current_wal_insert_lsn()::text AS lsn",
  );
  await server.database.query("INSERT INTO rows VALUES (11)");
  await server.archived();
  const hook = countRows();
  for (const target of [{ kind: "latest" }, { kind: "lsn", lsn: row?.lsn ?? "" }] as const)
    await server.engine.restore({ target, directory: join(server.scratch, target.kind), hooks: [hook] });
  assert.deepEqual(hook.counts, [11, 10]);
});

test("a clock that went back misleads nobody about which backup is the newest, and manifests are read once", async () => {
  const read: string[] = [];
  await using server = await backedUpServer({
    wrap: (repository) => ({
      ...repository,
      get: (name, options) => {
        read.push(name);
        return repository.get(name, options);
      },
    }),
  });
  const { repository, sealing, database, dataDirectory } = server;
  const source = { database, dataDirectory };
  const ids: string[] = [];
  for (const at of ["2026-06-02", "2026-06-01"]) {
    const clock = { ...systemClock, now: () => Date.parse(at) };
    ids.push((await builtInEngine({ repository, sealing, source, clock }).run()).id);
  }
  assert.deepEqual(ids, ids.toSorted().reverse());
  const { newest } = await server.engine.status();
  assert.equal(newest?.id, ids[1]);
  assert.equal((await server.engine.verify()).backup, ids[1]);
  read.length = 0;
  assert.equal((await server.engine.list()).length, 2);
  await server.engine.status();
  assert.deepEqual(
    read.filter((name) => name.startsWith("backups/")),
    [],
  );
});
