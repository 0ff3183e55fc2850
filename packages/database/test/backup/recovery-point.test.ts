import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import {
  type BackupEvent,
  backupSchedule,
  builtInEngine,
  directoryRepository,
  logKeeper,
} from "@rempart/database/backup";
import { hasCode, manualClock } from "@rempart/kernel";
import { until } from "@rempart/testing";
import { storeWalFile } from "../../src/backup/wal/object.ts";
import { backedUpServer } from "./kit.ts";

const run = promisify(execFile);

test("what was written is soon in the repository without a full segment, and while nothing is written the recovery point goes on at no cost", async () => {
  await using server = await backedUpServer();
  const { database, repository, sealing, engine } = server;
  await database.query("CREATE TABLE rows (id int)");
  await engine.run();
  const clock = manualClock();
  const keeper = logKeeper({ database, repository, sealing, clock, everyMs: 5, switchAfterMs: 30_000 });
  await keeper.start(new AbortController().signal);
  // Time goes by as fast as the keeper looks.
  const passing = setInterval(() => clock.advance(1_000), 5);
  try {
    await database.query("INSERT INTO rows VALUES (1)");
    const safeAt = async (at: number): Promise<void> =>
      until(async () => Number((await engine.status()).recoverableTo) > at);
    const now = async (): Promise<number> => {
      const [row] = await database.query<{ at: number }>(
        "SELECT ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at",
      );
      return row?.at ?? 0;
    };
    await safeAt(await now());
    const segments = async (): Promise<number> => (await Array.fromAsync(repository.list("wal/"))).length;
    const before = await segments();
    for (let hour = 0; hour < 3; hour += 1) {
      clock.advance(3_600_000);
      await safeAt(await now());
    }
    assert.equal(await segments(), before);
    assert.equal((await engine.status()).missingSegment, null);
  } finally {
    clearInterval(passing);
    await keeper.stop();
  }
});

test("the tip counts for nothing beyond a chain that does not reach it", async () => {
  await using server = await backedUpServer();
  const { database, repository, sealing, engine } = server;
  await database.query("CREATE TABLE rows (id int)");
  await engine.run();
  const clock = manualClock();
  const keeper = logKeeper({ database, repository, sealing, clock, everyMs: 5 });
  await database.query("INSERT INTO rows VALUES (1)");
  await server.archived();
  await keeper.start(new AbortController().signal);
  try {
    await until(async () => (await Array.fromAsync(repository.list("tips/"))).length > 0);
  } finally {
    await keeper.stop();
  }
  const whole = (await engine.status()).recoverableTo ?? 0;
  const [last] = (await Array.fromAsync(repository.list("wal/"), ({ name }) => name))
    .filter((name) => /[0-9A-F]{24}$/.test(name))
    .slice(-1);
  await repository.delete(last ?? "");
  const cut = (await engine.status()).recoverableTo ?? 0;
  assert.ok(cut < whole);
});

test("a schedule takes the first backup at once, tells the recovery point, and takes no second before it is due", async () => {
  const events: BackupEvent[] = [];
  const observe = (event: BackupEvent): void => void events.push(event);
  await using server = await backedUpServer({ observe });
  const schedule = backupSchedule({ engine: server.engine, observe, lookEveryMs: 20 });
  await schedule.start(new AbortController().signal);
  await until(() => events.some((event) => event.type === "recovery-point" && event.recoverableTo !== null));
  await schedule.stop();
  const again = backupSchedule({ engine: server.engine, observe, lookEveryMs: 20 });
  const seen = events.length;
  await again.start(new AbortController().signal);
  await until(() => events.length > seen + 2);
  await again.stop();
  assert.equal(events.filter(({ type }) => type === "backup-finished").length, 1);
});

test("on a full disk nothing half written stays, and room made is room used", {
  skip:
    (process.getuid?.() !== 0 || process.platform !== "linux") && "mounting a small disk needs root on Linux",
}, async (t) => {
  await using server = await backedUpServer();
  const disk = join(server.scratch, "disk");
  await mkdir(disk);
  await run("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).catch((error) => {
    t.skip(`a small disk cannot be mounted here: ${error.message.slice(0, 200)}`);
  });
  if ((await run("findmnt", [disk]).catch(() => null)) === null) return;
  try {
    const repository = directoryRepository(join(disk, "repository"));
    const { sealing, database, dataDirectory } = server;
    const engine = builtInEngine({ repository, sealing, source: { database, dataDirectory } });
    await assert.rejects(engine.run(), (error) => hasCode(error, "repository-full"));
    assert.deepEqual(await Array.fromAsync(repository.list("")), []);
    const segment = { name: "000000010000000000000001", content: Buffer.alloc(2 ** 20), writtenAt: 0 };
    await storeWalFile({ repository, sealing }, "7", segment);
    assert.equal((await Array.fromAsync(repository.list(""))).length, 1);
  } finally {
    await run("umount", [disk]);
    await rm(disk, { recursive: true });
  }
});
