import assert from "node:assert/strict";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Database } from "@rempart/database";
import type {
  BackupEngine,
  BackupErrorCode,
  RecoveryTarget,
  RestoreHook,
  RestoreReport,
} from "@rempart/database/backup";
import { hasCode } from "@rempart/kernel";
import { runDrill } from "../../src/backup/drill/drill.ts";

export interface EngineUnderTest extends AsyncDisposable {
  readonly engine: BackupEngine;
  /** Of the server that is backed up, as a superuser. */
  readonly database: Database;
  /** Until everything committed so far can be restored. */
  archived(): Promise<void>;
  /** An empty place of the test. */
  readonly scratch: string;
  /** Checks of a drill that there is nothing to make with. */
  readonly unseen: readonly string[];
}

/** What every `BackupEngine` keeps its word on. `open` gives a server with a repository of its own that is empty. */
export function engineContract(name: string, open: () => Promise<EngineUnderTest>): void {
  test(`${name}: keeps its word`, { concurrency: 4 }, async (t) => {
    await using under = await open();
    const { engine, database, scratch } = under;
    const restore = restoring(under);

    await t.test("an empty repository has nothing to restore, and says so", async () => {
      assert.deepEqual(await engine.list(), []);
      const { newest, recoverableTo } = await engine.status();
      assert.deepEqual({ newest, recoverableTo }, { newest: null, recoverableTo: null });
      assert.deepEqual(
        (await engine.verify()).findings.map(({ code }) => code),
        ["no-backup"],
      );
      await refused(engine, join(scratch, "none"), { kind: "latest" }, "no-backup");
    });

    await database.query("CREATE TABLE rows (id int)");
    await database.query("INSERT INTO rows SELECT generate_series(1, 1000)");
    const first = await engine.run();

    await t.test("a backup is listed, and verifies", async () => {
      assert.deepEqual(await engine.list(), [first]);
      assert.equal(first.engine, engine.name);
      assert.ok(first.startedAt <= first.stoppedAt && first.databaseBytes > 0 && first.storedBytes > 0);
      const report = await engine.verify();
      assert.deepEqual(report.findings, []);
      assert.equal(report.backup, first.id);
      assert.ok(report.recoverableTo !== null && report.recoverableTo <= Date.now());
    });

    await t.test("what was committed before the backup is restored", async () => {
      const { rows, report } = await restore({ kind: "latest" });
      assert.ok(rows.includes(1) && rows.includes(1000));
      assert.equal(report.backup, first.id);
    });

    await t.test("a drill proves the newest, and says what it could not look at", async () => {
      const report = await runDrill({
        engine,
        primary: database,
        place: join(scratch, "drills"),
        application: { role: "postgres", database: "postgres" },
        countersSettleMs: 0,
        firstQuery: async (restored) => assert.equal((await restored.query("SELECT FROM rows")).length, 1000),
      });
      assert.equal(report.backup, first.id);
      const unseen = report.checks.filter(({ outcome }) => outcome !== "passed");
      assert.deepEqual(
        unseen.map(({ name, outcome }) => [name, outcome]),
        under.unseen.map((check) => [check, "skipped"]),
      );
    });

    await t.test("nothing is restored over something", async () => {
      await mkdir(scratch, { recursive: true });
      await writeFile(join(scratch, "something"), "here");
      await refused(engine, scratch, { kind: "latest" }, "target-not-empty");
      await stat(join(scratch, "something"));
    });

    await t.test("a hook that fails leaves nothing that looks like a database", async () => {
      const directory = join(scratch, "hooked");
      const hook: RestoreHook = { name: "broken", run: () => Promise.reject(new Error("no")) };
      const failed = engine.restore({ target: { kind: "latest" }, directory, hooks: [hook] });
      await assert.rejects(failed, (error) => hasCode(error, "hook-failed"));
      await assert.rejects(stat(directory), { code: "ENOENT" });
    });

    await t.test("a target that it cannot know is refused", async () => {
      for (const target of TARGETS.filter(({ kind }) => !under.engine.targets.includes(kind)))
        await refused(engine, join(scratch, "unknown"), target, "target-unsupported");
    });

    if (under.engine.targets.includes("time")) await pointInTime(t, under);

    await t.test("of two backups at once one is told that it is", async () => {
      const outcomes = await Promise.allSettled([engine.run(), engine.run()]);
      const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
      assert.equal(reasons.length, 1);
      assert.ok(hasCode(reasons[0], "busy"), String(reasons[0]));
      assert.equal((await engine.list()).length, 2);
    });

    await t.test("a backup that is told to stop leaves none", async () => {
      const before = await engine.list();
      const stopped = engine.run({ signal: AbortSignal.abort(new Error("enough")) });
      await assert.rejects(stopped, /enough/);
      assert.deepEqual(await engine.list(), before);
    });
  });
}

const TARGETS: readonly RecoveryTarget[] = [
  { kind: "time", at: Date.now() },
  { kind: "transaction", id: "1000" },
  { kind: "name", name: "x" },
  { kind: "lsn", lsn: "0/3000000" },
];

type Context = { test(name: string, work: () => Promise<void>): Promise<void> };

/** Every way to name a moment finds the one between two commits. */
async function pointInTime(t: Context, under: EngineUnderTest): Promise<void> {
  const { database } = under;
  const { targets } = under.engine;
  const restore = restoring(under);
  const insert = (id: number) => database.query("INSERT INTO rows VALUES ($1)", [id]);
  const [tx] = await database.query<{ id: string }>(
    "WITH new AS (INSERT INTO rows VALUES (2001) RETURNING 1) SELECT pg_current_xact_id()::text AS id FROM new",
  );
  const [here] = await database.query<{ lsn: string; at: number }>(
    "SELECT pg_create_restore_point('between')::text AS lsn, ceil(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at",
  );
  await database.query("SELECT pg_sleep(0.01)");
  await insert(2002);
  await under.archived();
  const between: readonly RecoveryTarget[] = [
    { kind: "time", at: here?.at ?? 0 },
    { kind: "transaction", id: tx?.id ?? "" },
    { kind: "name", name: "between" },
    { kind: "lsn", lsn: here?.lsn ?? "" },
  ];
  await Promise.all(
    between
      .filter(({ kind }) => targets.includes(kind))
      .map((target) =>
        t.test(
          `restored to a ${target.kind} between two commits, the first is there and the second is not`,
          async () => {
            const { rows } = await restore(target);
            assert.deepEqual([rows.includes(2001), rows.includes(2002)], [true, false]);
          },
        ),
      ),
  );
  await t.test("restored to latest, both are there", async () => {
    const { rows } = await restore({ kind: "latest" });
    assert.deepEqual([rows.includes(2001), rows.includes(2002)], [true, true]);
  });
  await t.test("a time after everything is refused with the last one that can be", async () => {
    const failed = await under.engine
      .restore({ target: { kind: "time", at: Date.now() + 60_000 }, directory: join(under.scratch, "later") })
      .catch((error: unknown) => error);
    assert.ok(hasCode(failed, "target-unreachable"), String(failed));
    const { recoverableTo } = await under.engine.status();
    assert.equal(failed.details.lastRestorableAt, recoverableTo);
  });
  await t.test("a time before every backup is refused", async () => {
    await refused(under.engine, join(under.scratch, "early"), { kind: "time", at: 1_000 }, "no-backup");
  });
}

function restoring({ engine, scratch }: EngineUnderTest) {
  let count = 0;
  return async (target: RecoveryTarget): Promise<{ rows: number[]; report: RestoreReport }> => {
    let rows: number[] = [];
    count += 1;
    const report = await engine.restore({
      target,
      directory: join(scratch, `restored-${target.kind}-${count}`),
      hooks: [
        {
          name: "read",
          async run({ database }) {
            rows = (await database.query<{ id: number }>("SELECT id FROM rows")).map(({ id }) => id);
          },
        },
      ],
    });
    assert.deepEqual(report.hooks, ["read"]);
    return { rows, report };
  };
}

async function refused(
  engine: BackupEngine,
  directory: string,
  target: RecoveryTarget,
  code: BackupErrorCode,
): Promise<void> {
  await assert.rejects(engine.restore({ target, directory }), (error) => {
    assert.ok(hasCode(error, code), String(error));
    return true;
  });
}
