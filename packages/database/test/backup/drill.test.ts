import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type BackupEngine,
  type CheckOutcome,
  type DrillOptions,
  type DrillRecord,
  type DrillReport,
  drill,
  readDrills,
} from "@rempart/database/backup";
import { hasCode } from "@rempart/kernel";
import { once, putSealed } from "../../src/backup/sealed/objects.ts";
import { type BackedUpServer, backedUpServer } from "./kit.ts";

let server: BackedUpServer;

before(async () => {
  server = await backedUpServer();
  await server.database.query("CREATE TABLE rows (id int PRIMARY KEY, text text)");
  await server.database.query("INSERT INTO rows SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i");
  await server.engine.run();
});
after(() => server.stop());

function options(): DrillOptions {
  return {
    engine: server.engine,
    place: join(server.scratch, "drills"),
    application: { role: "postgres", database: "postgres" },
    primary: server.database,
    countersSettleMs: 0,
    firstQuery: async (database) => {
      const [row] = await database.query<{ n: number }>("SELECT count(*) AS n FROM rows");
      assert.ok(row !== undefined && row.n >= 5_000);
    },
  };
}

function whole(record: DrillRecord): DrillReport {
  assert.ok(!("error" in record), "error" in record ? record.error : "");
  return record;
}

function outcomeOf({ checks }: DrillReport, name: string): CheckOutcome {
  const found = checks.find((check) => check.name === name);
  assert.ok(found, name);
  return found;
}

/** What a restore would leave, changed on the way. */
function damaging(damage: string): BackupEngine {
  const { engine } = server;
  return {
    ...engine,
    restore: ({ hooks = [], ...rest }) =>
      engine.restore({
        ...rest,
        hooks: [
          { name: "damage", run: async ({ database }) => void (await database.query(damage)) },
          ...hooks,
        ],
      }),
  };
}

test("a drill proves the newest there is, measures it, leaves nothing behind, and is remembered", async () => {
  await server.database.query("INSERT INTO rows SELECT i, 'late' FROM generate_series(5001, 6000) i");
  const asked: number[] = [];
  const report = whole(
    await drill(server, {
      ...options(),
      checks: [
        {
          name: "all rows",
          async run(database) {
            const [row] = await database.query<{ n: number }>("SELECT count(*) AS n FROM rows");
            asked.push(row?.n ?? 0);
            return [];
          },
        },
      ],
    }),
  );
  assert.deepEqual(
    report.checks.filter(({ outcome }) => outcome !== "passed"),
    [],
  );
  assert.ok(report.passed);
  assert.deepEqual(asked, [6_000], "what was committed a moment before is there");
  for (const ms of Object.values(report.phases)) assert.ok(ms > 0);
  const { copyMs, recoverMs, answerMs } = report.phases;
  assert.equal(report.recoveryTimeMs, copyMs + recoverMs + answerMs);
  assert.ok(report.recoveryPointMs >= 0 && (report.expectedRecoveryTimeMs ?? 0) >= report.recoveryTimeMs);
  assert.deepEqual(
    report.checks.map(({ name }) => name),
    [
      "indexes of postgres",
      "indexes of rempart",
      "indexes of template1",
      "foreign keys",
      "row counts",
      "all rows",
      "page checksums",
      "measurement",
    ],
  );
  assert.deepEqual(await readdir(join(server.scratch, "drills")), []);
  assert.deepEqual(await readDrills(server), { newest: report, passedAt: report.startedAt });
});

test("what is wrong with a restored database is told, each of it", async (t) => {
  // Of the second row the index loses its entry, and the table keeps it.
  const engine = damaging(`DO $$ BEGIN
    DELETE FROM rows WHERE id = 77;
    UPDATE pg_index SET indisready = false WHERE indexrelid = 'rows_pkey'::regclass;
    UPDATE rows SET text = repeat('y', 500) WHERE id = 78;
    UPDATE pg_index SET indisready = true WHERE indexrelid = 'rows_pkey'::regclass;
  END $$`);
  const checks = [
    { name: "bad", run: async () => ["one", "two"] },
    { name: "worse", run: () => Promise.reject(new Error("it threw")) },
  ];
  const report = whole(await drill(server, { ...options(), engine, checks }));
  assert.equal(report.passed, false);
  await t.test("rows that are missing, however few", () => {
    assert.deepEqual(outcomeOf(report, "row counts").findings, [
      '"public"."rows" has 5999 rows in the restored database, and had 6000',
    ]);
  });
  await t.test("an index that lacks a row", () => {
    const { outcome, findings } = outcomeOf(report, "indexes of postgres");
    assert.equal(outcome, "failed");
    assert.match(String(findings), /rows_pkey.*lacks matching index tuple/);
  });
  await t.test("a check of the application's that finds something, or throws", () => {
    assert.deepEqual(outcomeOf(report, "bad").findings, ["one", "two"]);
    assert.deepEqual(outcomeOf(report, "worse").findings, ["it threw"]);
  });
});

test("what a busy server inserts and deletes meanwhile is not taken for a loss", async () => {
  const stop = new AbortController();
  const writing = (async () => {
    for (let id = 100_000; !stop.signal.aborted; id += 1) {
      await server.database.query("INSERT INTO rows VALUES ($1, 'busy')", [id]);
      if (id % 2 === 0) await server.database.query("DELETE FROM rows WHERE id = $1", [id]);
    }
  })();
  const report = whole(await drill(server, { ...options(), countersSettleMs: 2_000 }));
  stop.abort();
  await writing;
  assert.deepEqual(outcomeOf(report, "row counts").findings, []);
});

test("without the server there is nothing to compare with, and that is said", async () => {
  const { primary: _, ...alone } = options();
  const report = whole(await drill(server, alone));
  assert.ok(report.passed);
  assert.equal(outcomeOf(report, "row counts").outcome, "skipped");
  assert.equal(report.expectedRecoveryTimeMs, null);
});

test("a wrong first answer, and a repository that lacks an object, are drills that failed", async () => {
  const firstQuery = () => Promise.reject(new Error("not our data"));
  const wrong = await drill(server, { ...options(), firstQuery });
  assert.ok("error" in wrong && /drill failed/.test(wrong.error), JSON.stringify(wrong));
  const { newest } = await server.engine.status();
  await rm(join(server.repositoryDirectory, "backups", newest?.id ?? "", "pack-000000"));
  const lost = await drill(server, options());
  assert.ok("error" in lost && /pack-000000/.test(lost.error), JSON.stringify(lost));
  const { newest: remembered, passedAt } = await readDrills(server);
  assert.deepEqual(remembered, lost);
  assert.ok(passedAt !== null && passedAt < lost.startedAt);
});

test("a record that is none is told, and not taken for a drill that passed", async () => {
  for (const text of [
    "not a record",
    "null",
    '{"startedAt":1,"passed":true}',
    '{"startedAt":-0.5,"passed":1}',
  ]) {
    await putSealed(server, "drills/999999999999999", once(Buffer.from(text)));
    await assert.rejects(readDrills(server), (error) => hasCode(error, "object-altered"), text);
  }
});
