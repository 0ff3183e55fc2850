import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, type Database, isDatabaseError, startEmbeddedPostgres } from "@rempart/database";
import { until } from "@rempart/testing";
import { scratchDirectory, spawnServer } from "./fixtures/run.ts";

const WRITERS = 8;

/** Writers that insert numbers one after the other and remember which were acknowledged, whatever happens to the server. */
function startWriting(database: Database) {
  const acknowledged: number[] = [];
  const unknown: number[] = [];
  let next = 0;
  let writing = true;
  const writer = async (): Promise<void> => {
    while (writing) {
      const id = next++;
      try {
        await database.transaction((tx) => tx.query("INSERT INTO rows VALUES ($1)", [id]));
        acknowledged.push(id);
      } catch (error) {
        if (isDatabaseError(error, "commit-unknown")) unknown.push(id);
        await sleep(20);
      }
    }
  };
  const writers = Array.from({ length: WRITERS }, writer);
  return {
    acknowledged,
    unknown,
    async until(count: number): Promise<void> {
      await until(() => acknowledged.length >= count);
    },
    async stop(): Promise<void> {
      writing = false;
      await Promise.all(writers);
    },
  };
}

/** Every acknowledged row is there once; any other row is one whose COMMIT was reported unknown. */
async function assertKept(
  database: Database,
  acknowledged: readonly number[],
  unknown: readonly number[],
): Promise<void> {
  const rows = await database.query<{ id: number; times: number }>(
    "SELECT id, count(*) AS times FROM rows GROUP BY id",
  );
  const kept = new Map(rows.map((row) => [row.id, row.times]));
  for (const id of acknowledged) assert.equal(kept.get(id), 1, `acknowledged row ${id}`);
  const excused = new Set([...acknowledged, ...unknown]);
  assert.deepEqual(
    [...kept.keys()].filter((id) => !excused.has(id)),
    [],
    "rows whose writer was told that they failed",
  );
}

test("the postmaster killed again and again under load loses no acknowledged row", {
  timeout: 120_000,
}, async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const server = await startEmbeddedPostgres({ directory });
  const database = createDatabase({ url: server.url, poolSize: WRITERS });
  await database.query("CREATE TABLE rows (id int NOT NULL)");
  const writing = startWriting(database);
  for (let kill = 1; kill <= 3; kill += 1) {
    await writing.until(writing.acknowledged.length + 200);
    process.kill(server.pid, "SIGKILL");
  }
  await writing.until(writing.acknowledged.length + 200);
  await writing.stop();
  await assertKept(database, writing.acknowledged, writing.unknown);
  await database.close();
  await server.stop();
});

test("a server process killed together with its supervisor loses no acknowledged row", {
  timeout: 120_000,
}, async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const acknowledged: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const process_ = spawnServer(directory, { durable: true });
    const { url } = await process_.said;
    const database = createDatabase({ url, poolSize: WRITERS });
    await database.query("CREATE TABLE IF NOT EXISTS rows (id int NOT NULL)");
    await assertKept(database, acknowledged, unknown);
    await database.query("TRUNCATE rows");
    const writing = startWriting(database);
    await writing.until(200);
    process_.child.kill("SIGKILL");
    await process_.ended;
    await writing.stop();
    await database.close();
    acknowledged.splice(0, acknowledged.length, ...writing.acknowledged);
    unknown.splice(0, unknown.length, ...writing.unknown);
  }
  const server = await startEmbeddedPostgres({ directory });
  const database = createDatabase({ url: server.url });
  await assertKept(database, acknowledged, unknown);
  await database.close();
  await server.stop();
});

test("a backend killed in the middle of its work is recovered from without a restart of ours", {
  timeout: 60_000,
}, async () => {
  const directory = join(await scratchDirectory(), "postgres");
  const server = await startEmbeddedPostgres({ directory });
  const database = createDatabase({ url: server.url, poolSize: WRITERS });
  await database.query("CREATE TABLE rows (id int NOT NULL)");
  const writing = startWriting(database);
  const { pid } = server;
  await writing.until(100);
  const [victim] = await database.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  process.kill(victim?.pid ?? -1, "SIGKILL");
  await writing.until(writing.acknowledged.length + 100);
  await writing.stop();
  assert.equal(server.pid, pid);
  await assertKept(database, writing.acknowledged, writing.unknown);
  await database.close();
  await server.stop();
});
