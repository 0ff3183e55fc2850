import assert from "node:assert/strict";
import { test } from "node:test";
import { createDatabase } from "@rempart/database";
import { requireService, startDebianPostgres } from "@rempart/testing";
import fc from "fast-check";
import { postgresqlConf } from "../src/maintenance/configure/fragment.ts";
import { pgbouncerIni } from "../src/maintenance/configure/pgbouncer.ts";
import { type ConfigureOptions, settingsFor } from "../src/maintenance/configure/settings.ts";
import { sizesFor } from "../src/maintenance/configure/sizes.ts";
import { emptyDatabase } from "./fixtures/database.ts";

const MIB = 1024 ** 2;
const GIB = 1024 * MIB;
const pgaudit = await requireService("pgaudit");
const place = await emptyDatabase();

const machine = (parts: Partial<ConfigureOptions> = {}): ConfigureOptions => ({
  memoryBytes: 8 * GIB,
  cpus: 4,
  connections: 200,
  storage: "ssd",
  ...parts,
});

test("a configuration is the same each time, and every line gives its reason", () => {
  const text = postgresqlConf(machine({ archiveCommand: "send it's %p" }));
  assert.equal(text, postgresqlConf(machine({ archiveCommand: "send it's %p" })));
  assert.match(text, /^archive_command = 'send it''s %p' +# \S/m);
  for (const line of text.split("\n")) assert.match(line, /^$|^#|^[a-z_.]+ = \S.*# \S/, line);
});

test("the sizes together fit the machine, whichever it is", () => {
  const any = fc.record({
    memoryBytes: fc.integer({ min: 512, max: 4 << 20 }).map((mebibytes) => mebibytes * MIB),
    cpus: fc.integer({ min: 1, max: 1024 }),
    connections: fc.integer({ min: 10, max: 10_000 }),
    storage: fc.constantFrom("ssd", "hdd"),
  });
  fc.assert(
    fc.property(any, (options) => {
      const { sharedBuffers, effectiveCacheSize, maintenanceWorkMem, minWalSize, maxWalSize } =
        sizesFor(options);
      assert.ok(sharedBuffers + maintenanceWorkMem <= options.memoryBytes / 2);
      assert.ok(effectiveCacheSize < options.memoryBytes && minWalSize < maxWalSize);
      assert.ok(postgresqlConf(options).endsWith("\n"));
    }),
  );
});

test("what cannot be is refused, and nothing that is given begins a line of its own", () => {
  for (const parts of [
    { memoryBytes: 0 },
    { memoryBytes: Number.NaN },
    { cpus: 1.5 },
    { connections: 5 },
    { archiveCommand: "cp %p x\nfsync = off" },
  ])
    assert.throws(() => postgresqlConf(machine(parts)), { code: "invalid-value" }, JSON.stringify(parts));
  const pool = { database: "shop", host: "db", port: 5432, connections: 200 };
  assert.match(
    pgbouncerIni(pool),
    /^pool_mode = transaction\nmax_client_conn = 1000\ndefault_pool_size = 25$/m,
  );
  for (const parts of [{ database: "a\nb = c" }, { host: "x y" }, { connections: 30 }])
    assert.throws(() => pgbouncerIni({ ...pool, ...parts }), { code: "invalid-value" });
});

test("the newest server knows every setting", async () => {
  const names = settingsFor(machine({ archiveCommand: "true" }))
    .flatMap(({ settings }) => settings.map(({ name }) => name))
    // A setting of a library is known once it is loaded, and which those are is shown to superusers only.
    .filter((name) => !name.includes(".") && name !== "shared_preload_libraries");
  const database = place.open();
  const rows = await database.query("SELECT name FROM pg_settings WHERE name = ANY ($1)", [names]);
  assert.equal(rows.length, names.length);
});

test("a server starts with pgAudit and its settings", { skip: pgaudit.skip }, async () => {
  const configuration = postgresqlConf(
    machine({ memoryBytes: GIB, connections: 20, pgaudit: true, archiveCommand: "false" }),
  );
  await using server = await startDebianPostgres({ service: "pgaudit", configuration });
  const database = createDatabase({ url: server.url });
  await database.query("CREATE EXTENSION pgaudit");
  const [row] = await database.query(
    `SELECT current_setting('pgaudit.log') AS log, current_setting('archive_command') AS archive,
       current_setting('shared_preload_libraries') AS libraries`,
  );
  assert.deepEqual(row, { log: "write,ddl,role", archive: "false", libraries: "pg_stat_statements,pgaudit" });
  await database.close();
});
