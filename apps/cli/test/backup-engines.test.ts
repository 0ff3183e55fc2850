import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createDatabase, migrate } from "@rempart/database";
import type { BackupStatus, BackupSummary, DrillHistory, DrillReport } from "@rempart/database/backup";
import { messengerMigrations } from "@rempart/messenger-server/operator";
import { requireService, startDebianPostgres } from "@rempart/testing";
import { rempart, workplace } from "./cli.ts";

const [postgres, pgbackrest] = [await requireService("postgres"), await requireService("pgbackrest")];
const skip = postgres.skip || pgbackrest.skip;
const programs = join(dirname(postgres.path ?? ""), "..", "bin");

type Status = BackupStatus & { readonly drills: DrillHistory };

test("on a server of one's own, dumps and pgBackRest are drilled and tell their state as the built-in engine does", {
  skip,
}, async (t) => {
  await using place = await workplace();
  await using server = await startDebianPostgres({ service: "postgres", settings: { archive_mode: "on" } });
  const database = createDatabase({ url: server.url });
  await migrate(database, messengerMigrations);
  const [data, repository] = [join(place.cwd, "data"), join(place.cwd, "repository")];
  // pgBackRest works in both, as the account of the server.
  for (const path of [data, repository]) await mkdir(path, { mode: 0o711 });
  const passphrase = join(place.cwd, "passphrase");
  await writeFile(passphrase, "correct-horse-battery\n");
  const env = {
    DATA_DIRECTORY: data,
    DATABASE_URL: server.url,
    DATABASE_ADMIN_URL: server.url,
    BACKUP_REPOSITORY: `file:${repository}`,
    ENCRYPTION_KEY: passphrase,
  };
  const call = async (code: number, ...words: readonly string[]): Promise<string> => {
    const cli = rempart(["backup", ...words, "--programs", programs], { cwd: place.cwd, env });
    assert.equal(await cli.ended, code, cli.said());
    return code === 0 ? cli.logged() : cli.said();
  };
  const told = async <T>(...words: readonly string[]): Promise<T> =>
    JSON.parse(await call(0, ...words, "--json")) as T;
  // The first start of a messenger makes its key.
  const started = rempart(["up"], { cwd: place.cwd, env });
  await started.serving();
  started.child.kill("SIGTERM");
  assert.equal(await started.ended, 0);

  /** Takes one, drills it, and asks for the state. */
  const proven = async (engine: string): Promise<{ drilled: DrillReport; status: Status }> => {
    const taken = await told<BackupSummary>("run", "--engine", engine);
    const drilled = await told<DrillReport>("drill", "--engine", engine);
    assert.equal(drilled.backup, taken.id);
    const status = await told<Status>("status", "--engine", engine);
    assert.equal(status.newest?.id, taken.id);
    assert.equal(status.drills.newest?.startedAt, drilled.startedAt);
    return { drilled, status };
  };
  const outcomeOf = (drilled: DrillReport, name: string): string | undefined =>
    drilled.checks.find((check) => check.name === name)?.outcome;

  await t.test("dump: what the server has now is not compared with a moment that is past", async () => {
    const { drilled, status } = await proven("dump");
    assert.ok(drilled.passed, JSON.stringify(drilled.checks));
    assert.equal(outcomeOf(drilled, "row counts"), "skipped");
    assert.equal(outcomeOf(drilled, "page checksums"), "passed");
    assert.equal(outcomeOf(drilled, "sealed secrets open"), "passed");
    assert.ok(status.recoverableTo !== null);
  });

  await t.test(
    "pgBackRest: rows are compared, and pages without checksums are not called sound",
    async () => {
      const refused = await call(1, "run", "--engine", "pgbackrest");
      const [, command = ""] = /set archive_command to (.*)/.exec(refused) ?? [];
      await database.query(`ALTER SYSTEM SET archive_command = '${command.replaceAll("'", "''")}'`);
      await database.query("SELECT pg_reload_conf()");
      const { drilled, status } = await proven("pgbackrest");
      assert.ok(drilled.passed, JSON.stringify(drilled.checks));
      assert.equal(outcomeOf(drilled, "row counts"), "passed");
      assert.equal(outcomeOf(drilled, "page checksums"), "skipped");
      assert.equal(status.missingSegment, null);
      const audited = "SELECT FROM audit_logs WHERE event_name = 'backup.drill.passed'";
      assert.equal((await database.query(audited)).length, 2);
    },
  );

  await t.test("without the key pgBackRest's state is told, and that drills cannot be read", async () => {
    const elsewhere = { ...env, KEY_FILE: join(place.cwd, "nowhere") };
    const words = ["backup", "status", "--engine", "pgbackrest"];
    const cli = rempart(words, { cwd: place.cwd, env: elsewhere });
    assert.equal(await cli.ended, 0, cli.said());
    assert.match(cli.logged(), /last drill +not known here/);
  });
  await database.close();
});
