import assert from "node:assert/strict";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { createDatabase, type Database } from "@rempart/database";
import {
  type BackupError,
  type PgBackRestEngine,
  pgBackRestEngine,
  type RestoreContext,
} from "@rempart/database/backup";
import { Secret } from "@rempart/runtime";
import { requireService, scratchPlace, startDebianPostgres, until } from "@rempart/testing";
import { type EngineUnderTest, engineContract } from "./engine-contract.ts";

const [postgres, pgbackrest] = [await requireService("postgres"), await requireService("pgbackrest")];
const skip = postgres.skip || pgbackrest.skip;

const PASSPHRASE = "correct-horse-battery";
const programs = { postgres: join(dirname(postgres.path ?? ""), "..", "bin", "postgres") };

interface Server extends EngineUnderTest {
  readonly engine: PgBackRestEngine;
  readonly place: string;
}

async function open(): Promise<Server> {
  const place = await mkdtemp(join(await scratchPlace(), "rempart-pgbackrest-"));
  await chmod(place, 0o711);
  const server = await startDebianPostgres({ service: "postgres", settings: { archive_mode: "on" } });
  const database = createDatabase({ url: server.url });
  const engine = pgBackRestEngine({
    repository: join(place, "repository"),
    workDirectory: join(place, "work"),
    passphrase: new Secret(PASSPHRASE),
    source: { database, dataDirectory: server.dataDirectory },
    programs,
    archiveWaitMs: 20_000,
  });
  const { archive_command: command = "" } = await engine.attach();
  await database.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
  await database.query("SELECT pg_reload_conf()");
  return {
    engine,
    database,
    place,
    scratch: join(place, "places"),
    archived: () => untilHandedOver(database, engine),
    async [Symbol.asyncDispose]() {
      await database.close();
      await server.stop();
      await rm(place, { recursive: true, force: true });
    },
  };
}

/** The newest commit is the one that was just made. */
async function untilHandedOver(database: Database, engine: PgBackRestEngine): Promise<void> {
  const [row] = await database.query<{ at: number }>(
    "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at",
  );
  await database.query("CREATE TABLE IF NOT EXISTS marks (id int)");
  await database.query("INSERT INTO marks VALUES (1)");
  await database.query("SELECT pg_switch_wal()");
  await until(async () => ((await engine.status()).recoverableTo ?? 0) >= (row?.at ?? 0));
}

if (skip) test("pgBackRest backs up PostgreSQL 15", { skip }, () => {});
else engineContract("pgbackrest, PostgreSQL 15", open);

test("pgBackRest: on a machine with the repository and the passphrase alone", { skip }, async (t) => {
  await using server = await open();
  const { database, engine, place } = server;
  const spaces = join(place, "spaces");
  await mkdir(spaces);
  await chown(spaces, (await stat(join(place, "work"))).uid, -1);
  await database.query(`CREATE TABLESPACE fast LOCATION '${spaces}'`);
  await database.query("CREATE TABLE here (id int) TABLESPACE fast");
  await database.query("INSERT INTO here VALUES (7)");
  const { id } = await engine.run();
  await server.archived();
  await server.archived();
  const elsewhere = (passphrase: string): PgBackRestEngine =>
    pgBackRestEngine({
      repository: join(place, "repository"),
      workDirectory: join(place, `work-${passphrase}`),
      passphrase: new Secret(passphrase),
      programs,
    });
  const other = elsewhere(PASSPHRASE);
  const target = { kind: "latest" } as const;
  const segments = await archivedSegments(join(place, "repository"));

  await t.test("tablespaces go where they are told to, and nowhere unless told", async () => {
    const directory = join(place, "restored");
    await assert.rejects(other.restore({ target, directory }), { code: "tablespace-unmapped" });
    let rows: object[] = [];
    const read = {
      name: "read",
      run: async ({ database: restored }: RestoreContext) => {
        rows = await restored.query("SELECT id FROM here");
      },
    };
    await other.restore({ target, directory, tablespaceDirectory: join(place, "there"), hooks: [read] });
    assert.deepEqual(rows, [{ id: 7 }]);
  });

  await t.test("another passphrase opens nothing", async () => {
    const wrong = elsewhere("another-horse-battery");
    assert.deepEqual(
      (await wrong.verify()).findings.map(({ code }) => code),
      ["wrong-key"],
    );
    await assert.rejects(wrong.restore({ target, directory: join(place, "none") }), { code: "wrong-key" });
  });

  await t.test("an object that is altered and one that is gone are found", async () => {
    const folder = join(place, "repository", "backup", "rempart", id, "pg_data");
    const altered = join(folder, "global", "pg_control.zst");
    const kept = await readFile(altered);
    await writeFile(altered, Buffer.from(kept).fill(0, 40, 44));
    await rm(join(folder, "PG_VERSION.zst"));
    const { findings, recoverableTo } = await other.verify();
    assert.deepEqual(findings.map(({ code }) => code).toSorted(), ["object-altered", "object-missing"]);
    assert.equal(recoverableTo, null);
    await writeFile(altered, kept);
  });

  await t.test("a segment that is gone is named, with the last time that can be restored", async () => {
    const gone = segments.at(-2) ?? "";
    await rm(gone);
    const { missingSegment, recoverableTo } = await other.status();
    assert.equal(missingSegment, basename(gone).slice(0, 24));
    await assert.rejects(other.restore({ target, directory: join(place, "none") }), (error: BackupError) => {
      assert.equal(error.code, "wal-gap");
      assert.equal(error.details.segment, missingSegment);
      assert.equal(error.details.lastRestorableAt, recoverableTo);
      return true;
    });
    assert.ok(
      (await other.verify()).findings.some(({ code, name }) => code === "wal-gap" && name === missingSegment),
    );
  });
});

async function archivedSegments(repository: string): Promise<string[]> {
  const root = join(repository, "archive", "rempart");
  const files = await readdir(root, { recursive: true });
  return files
    .filter((file) => /[0-9A-F]{24}-[0-9a-f]{40}/.test(file))
    .toSorted()
    .map((file) => join(root, file));
}
