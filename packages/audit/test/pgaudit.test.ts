import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createDatabase, migrate } from "@rempart/database";
import { systemClock, systemRandom } from "@rempart/kernel";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { requireService, startPgAudit, type TestPgAudit, until } from "@rempart/testing";
import fc from "fast-check";
import { createAudit } from "../src/audit.ts";
import { auditMigrations } from "../src/migrations.ts";
import { besideEntries } from "../src/pgaudit/beside.ts";
import { parsePgAudit } from "../src/pgaudit/csv-log.ts";

const pgaudit = await requireService("pgaudit");

/** The log is written by a process of its own. */
async function logUntil(server: TestPgAudit, text: string): Promise<string> {
  let log = "";
  await until(async () => {
    log = await server.auditLog();
    return log.includes(text);
  });
  return log;
}

test("what pgAudit saw stands beside our entries, and what went around them stands alone", {
  skip: pgaudit.skip,
}, async (t: TestContext) => {
  await using server = await startPgAudit({ "pgaudit.log": "write,ddl,role", "pgaudit.log_catalog": "off" });
  const directory = await mkdtemp(join(tmpdir(), "rempart-audit-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const database = createDatabase({ url: server.url, applicationName: "shop" });
  t.after(() => database.close());
  await migrate(database, [auditMigrations]);
  await database.query("CREATE TABLE prices (item text PRIMARY KEY, cents integer)");
  const local = localKeyFile(join(directory, "key"));
  const envelopes = createKeyring({ local, clock: systemClock, random: systemRandom });
  const audit = createAudit({ database, envelopes });
  const recorded = await database.transaction(async (tx) => {
    await tx.query("INSERT INTO prices VALUES ('lamp', 1200)");
    return audit.record(tx, { type: "admin.operation.create", resource: { type: "price", id: "lamp" } });
  });
  await database.query("UPDATE prices SET cents = 1 -- \"a, quoted\"\nWHERE item = 'lamp'");
  await database.query("CREATE ROLE intruder");

  const statements = parsePgAudit(await logUntil(server, "CREATE ROLE intruder"));
  const found = await besideEntries(database, statements);
  const of = (name: string, command: string) =>
    found.find(({ statement }) => statement.statement.includes(name) && statement.command === command);
  assert.deepEqual(of("prices", "INSERT")?.entries, [recorded], "the act's own statement");
  const around = statements.find(({ statement }) => statement.startsWith("UPDATE prices"));
  assert.equal(around?.statement, "UPDATE prices SET cents = 1 -- \"a, quoted\"\nWHERE item = 'lamp'");
  assert.deepEqual(
    [around?.user, around?.application, around?.statementClass],
    ["postgres", "shop", "WRITE"],
  );
  assert.deepEqual(of("UPDATE prices", "UPDATE")?.entries, [], "nobody recorded it");
  assert.ok(
    statements.some(({ statementClass, command }) => statementClass === "ROLE" && command === "CREATE ROLE"),
  );
});

test("a log cut anywhere, or made of noise, gives whole statements or none", () => {
  const line = (message: string) =>
    `2026-11-21 08:00:00.000 UTC,"a","b",1,"h",s.1,1,"INSERT",t,3/4,77,LOG,00000,"${message.replaceAll('"', '""')}",,,,,,,,,"app","client backend",,0\n`;
  const text =
    line('AUDIT: SESSION,1,1,WRITE,INSERT,TABLE,public.x,"INSERT ""q"", 1",<none>') +
    line("AUDIT: ") +
    line("other");
  assert.deepEqual(
    parsePgAudit(text).map(({ statement, transaction, application }) => [
      statement,
      transaction,
      application,
    ]),
    [['INSERT "q", 1', 77, "app"]],
  );
  for (let end = 0; end < text.length; end += 1) assert.ok(parsePgAudit(text.slice(0, end)).length <= 1);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('"', ",", "\n", "A", "AUDIT: ") }),
      (noise) => void parsePgAudit(noise),
    ),
  );
});

test("megabytes of quotes, commas and line breaks are read in one pass", () => {
  for (const hostile of ['"', ",", "\n"]) assert.deepEqual(parsePgAudit(hostile.repeat(1 << 20)), []);
});
