import assert from "node:assert/strict";
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import {
  type BackupError,
  type PgBackRestEngine,
  pgBackRestEngine,
  type RestoreContext,
} from "@rempart/database/backup";
import { Secret } from "@rempart/runtime";
import { engineContract } from "./engine-contract.ts";
import { PASSPHRASE, pgBackRestServer, programs, skip } from "./pgbackrest-kit.ts";

if (skip) test("pgBackRest backs up PostgreSQL 15", { skip }, () => {});
else engineContract("pgbackrest, PostgreSQL 15", pgBackRestServer);

test("pgBackRest: on a machine with the repository and the passphrase alone", { skip }, async (t) => {
  await using server = await pgBackRestServer();
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

  await t.test("who only looks leaves alone what the server archives by", async () => {
    const file = join(place, "work", "pgbackrest.conf");
    const before = await readFile(file, "utf8");
    assert.match(before, /^pg1-path=/m);
    const looking = pgBackRestEngine({
      repository: join(place, "repository"),
      workDirectory: join(place, "work"),
      passphrase: new Secret(PASSPHRASE),
      programs,
    });
    assert.equal((await looking.list()).at(-1)?.id, id);
    assert.equal(await readFile(file, "utf8"), before);
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
