import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createDatabase, type Database, startEmbeddedPostgres } from "@rempart/database";
import {
  BackupError,
  type BackupEvent,
  builtInEngine,
  createWalArchiver,
  directoryRepository,
  type Repository,
} from "@rempart/database/backup";
import { hasCode, manualClock, systemClock } from "@rempart/kernel";
import { scratchPlace, until } from "@rempart/testing";
import { readWalFile, storeWalFile } from "../../src/backup/wal/object.ts";
import { backedUpServer, endSegment, keyringIn } from "./kit.ts";

interface Archived {
  last: string | null;
  failed: number;
}

async function archiverOf(database: Database): Promise<Archived> {
  const [row] = await database.query<Archived>(
    "SELECT last_archived_wal AS last, failed_count AS failed FROM pg_stat_archiver",
  );
  return row ?? { last: null, failed: 0 };
}

/** A repository that fails as it is told to. */
function failing(mode: { broken: "no" | "refuses" | "lies half way" }) {
  return (inner: Repository): Repository => ({
    ...inner,
    async put(name, content, options) {
      if (mode.broken === "refuses") throw new BackupError("repository-unavailable", "the test says no");
      if (mode.broken === "no") return inner.put(name, content, options);
      async function* half(): AsyncGenerator<Uint8Array> {
        for await (const piece of content) {
          yield piece.subarray(0, piece.length >> 1);
          throw new BackupError("repository-full", "the test has no room");
        }
      }
      return inner.put(name, half(), options);
    },
  });
}

test("the server is never told that a segment is safe which is not in the repository", async () => {
  const mode = { broken: "refuses" as "no" | "refuses" | "lies half way" };
  const events: BackupEvent[] = [];
  await using server = await backedUpServer({
    wrap: failing(mode),
    observe: (event) => void events.push(event),
  });
  const { database, engine, repository } = server;
  await database.query("CREATE TABLE rows (id int)");
  await endSegment(database);
  await until(async () => (await archiverOf(database)).failed > 0);
  mode.broken = "lies half way";
  const { failed } = await archiverOf(database);
  await endSegment(database);
  await until(async () => (await archiverOf(database)).failed > failed);
  assert.equal((await archiverOf(database)).last, null);
  assert.deepEqual(await Array.fromAsync(repository.list("wal/")), []);
  await assert.rejects(engine.run(), (error) => hasCode(error, "repository-full"));
  assert.deepEqual(await Array.fromAsync(repository.list("backups/")), []);
  mode.broken = "no";
  await engine.run();
  assert.equal(typeof (await archiverOf(database)).last, "string");
  assert.deepEqual((await engine.verify()).findings, []);
  const seen = new Set(events.map(({ type }) => type));
  assert.deepEqual([...seen].toSorted(), [
    "backup-failed",
    "backup-finished",
    "segment-archived",
    "segment-refused",
  ]);
});

test("a segment handed over again is taken as it is; another content under its name is not", async (t) => {
  const scratch = await mkdtemp(join(await scratchPlace(), "rempart-backup-"));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  const vault = {
    repository: directoryRepository(join(scratch, "repository")),
    sealing: keyringIn(join(scratch, "key")),
  };
  const file = { name: "000000010000000000000001", content: randomBytes(2 ** 20), writtenAt: 1_000 };
  assert.ok((await storeWalFile(vault, "7", file)) > 0);
  assert.equal(await storeWalFile(vault, "7", { ...file, writtenAt: 2_000 }), 0);
  const other = Buffer.from(file.content);
  other[17] = (other[17] ?? 0) ^ 1;
  const conflicting = storeWalFile(vault, "7", { ...file, content: other });
  await assert.rejects(conflicting, (error) => hasCode(error, "wal-conflict"));
  assert.deepEqual((await readWalFile(vault, "7", file.name)).content, file.content);
});

const FIXTURE = fileURLToPath(new URL("../fixtures/backed-up-server.ts", import.meta.url));

interface Life {
  readonly url: string;
  readonly pid: number;
  kill(): Promise<void>;
}

async function live(scratch: string): Promise<Life> {
  const child = spawn(process.execPath, [FIXTURE, scratch], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "close");
  const said = once(child.stdout, "data") as Promise<[Buffer]>;
  const [line] = await Promise.race([said, gone.then(() => Promise.reject(new Error("it did not come up")))]);
  return {
    ...(JSON.parse(String(line)) as { url: string; pid: number }),
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** Writes rows until the connection is lost; those are the rows that were acknowledged. */
async function writeRows(url: string, from: number, onRow: (row: number) => void): Promise<void> {
  const database = createDatabase({ url, poolSize: 1 });
  try {
    await database.query("CREATE TABLE IF NOT EXISTS rows (id int)");
    for (let row = from; ; row += 1) {
      await database.query("INSERT INTO rows VALUES ($1)", [row]);
      onRow(row);
    }
  } catch {
    // Killed, as the test wants it.
  } finally {
    await database.close();
  }
}

test("server, archiver and backup killed together at any moment: what follows is whole, and every acknowledged row is restored", async (t) => {
  const scratch = await mkdtemp(join(await scratchPlace(), "rempart-backup-"));
  await chmod(scratch, 0o711);
  t.after(() => rm(scratch, { recursive: true, force: true }));
  let last = 0;
  for (const [round, pause] of [30, 250, 600].entries()) {
    const life = await live(scratch);
    const writing = writeRows(life.url, last + 1, (row) => {
      last = row;
    });
    await until(() => last >= 5 * (round + 1));
    await sleep(pause);
    if (round === 1) process.kill(life.pid, "SIGKILL");
    await life.kill();
    await writing;
  }
  const sealing = keyringIn(join(scratch, "key"));
  const repository = directoryRepository(join(scratch, "repository"));
  const archiver = createWalArchiver({ repository, sealing });
  const server = await startEmbeddedPostgres({
    directory: join(scratch, "postgres"),
    durable: false,
    settings: archiver.attach,
  });
  const database = createDatabase({ url: server.superuserUrl });
  const source = { database, dataDirectory: server.dataDirectory };
  const engine = builtInEngine({ repository, sealing, source });
  try {
    await engine.run();
  } finally {
    await database.close();
    await server.stop();
    await archiver.close();
  }
  assert.deepEqual((await engine.verify()).findings, []);
  let restored = 0;
  const read = {
    name: "read",
    async run({ database: found }: { database: Database }) {
      const [row] = await found.query<{ n: number }>(
        "SELECT count(DISTINCT id) AS n FROM rows WHERE id <= $1",
        [last],
      );
      restored = row?.n ?? 0;
    },
  };
  await engine.restore({ target: { kind: "latest" }, directory: join(scratch, "restored"), hooks: [read] });
  assert.equal(restored, last);
  await repository.tidy(Date.now() + 60_000);
});

test("a clock that goes back does not change the order of backups, and of two the sound one is restored", async () => {
  await using server = await backedUpServer();
  const { repository, sealing, database, dataDirectory } = server;
  const clock = manualClock(systemClock.now());
  // Waiting is by the monotonic clock, which goes on.
  const moving = { now: clock.now, monotonic: systemClock.monotonic };
  const engine = builtInEngine({ repository, sealing, source: { database, dataDirectory }, clock: moving });
  const first = await engine.run();
  clock.jump(-3 * 86_400_000);
  const second = await engine.run();
  assert.ok(second.id < first.id);
  assert.deepEqual(
    (await engine.list()).map(({ id }) => id),
    [first.id, second.id],
  );
  assert.deepEqual((await engine.status()).newest, second);

  // The older one stands in for the newer, with the same log and the same result.
  await database.query("CREATE TABLE rows AS SELECT generate_series(1, 7) AS id");
  await server.archived();
  await writeFile(join(server.repositoryDirectory, "backups", second.id, "manifest"), "damaged");
  assert.deepEqual((await engine.status()).newest, first);
  const counted: number[] = [];
  const count = {
    name: "count",
    async run({ database: restored }: { database: Database }) {
      counted.push((await restored.query("SELECT 1 FROM rows")).length);
    },
  };
  await engine.restore({
    target: { kind: "latest" },
    directory: join(server.scratch, "beside"),
    hooks: [count],
  });
  assert.deepEqual(counted, [7]);
  assert.deepEqual(
    (await engine.verify({ backup: second.id })).findings.map(({ code }) => code),
    ["object-altered"],
  );
});
