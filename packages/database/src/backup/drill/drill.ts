import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, systemClock } from "@rempart/kernel";
import type { Database } from "../../pool/ports.ts";
import { hasPageChecksums } from "../builtin/server.ts";
import type { BackupEngine, Progress, RestoreContext, RestoreReport } from "../ports.ts";
import { type CheckOutcome, type DrillCheck, runCheck, Skipped } from "./checks.ts";
import { checkForeignKeys } from "./foreign-keys.ts";
import { checkIndexes } from "./index-check.ts";
import { readPrimary, untilArchived } from "./primary.ts";
import { readPages } from "./read-pages.ts";
import { type DrillReport, reportOf } from "./report.ts";
import { compareCounts, countRows, type RowCounts, readChanges } from "./row-counts.ts";
import { inThrowAwayPlace } from "./throw-away-place.ts";

export interface DrillOptions {
  readonly engine: BackupEngine;
  /** Where there is room: a directory is made in it, and removed whatever happens, with those that killed drills left. */
  readonly place: string;
  /** As whom and where the application works. */
  readonly application: { readonly role: string; readonly database: string };
  /** A superuser's, in the application's database. Left out on a machine without the server: nothing is compared with it then. */
  readonly primary?: Database;
  /** The first thing the application asks; rejects when the answer is wrong. Recovery is over when it resolves. */
  readonly firstQuery: (database: Database) => Promise<void>;
  readonly checks?: readonly DrillCheck[];
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Milliseconds that what the server has may take to reach the repository; 2 minutes unless told. */
  readonly archiveWaitMs?: number;
  /** Milliseconds in which every session of the server tells what it changed; 11 seconds unless told. */
  readonly countersSettleMs?: number;
}

const ARCHIVE_WAIT_MS = 120_000;
/** A session at rest tells within ten seconds (PostgreSQL source: `pgstat.c`, `PGSTAT_IDLE_INTERVAL`). */
const COUNTERS_SETTLE_MS = 11_000;

/**
 * Restores the newest that there is beside everything else, proves it, and measures how long that takes and how much would have
 * been lost. What is wrong is in the report. Rejects as `BackupEngine.restore` does when nothing can be restored at all.
 */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const { clock = systemClock, engine } = options;
  const { recoverableTo } = await engine.status();
  const primary = options.primary === undefined ? null : await readPrimary(options.primary);
  const startedAt = primary?.now ?? clock.now();
  const counted = await countBefore(options, clock);
  return inThrowAwayPlace(options.place, async (directory) => {
    const { restored, answerMs, summed, checks } = await restoreAndLook(options, directory, clock, counted);
    const pages = await runCheck("page checksums", clock, () =>
      checkPages(join(directory, "data"), summed, options.signal),
    );
    return reportOf({ startedAt, recoverableTo, primary, restored, answerMs, checks: [...checks, pages] });
  });
}

/** What is restored afterwards is at least as new as what was counted. */
async function countBefore(
  { engine, primary, archiveWaitMs = ARCHIVE_WAIT_MS, signal }: DrillOptions,
  clock: Clock,
): Promise<RowCounts | null> {
  if (primary === undefined || !followsLog(engine)) return null;
  const counts = await countRows(primary);
  await untilArchived(primary, clock, archiveWaitMs, signal);
  return counts;
}

/** Otherwise it holds moments, of which the server knows nothing any more. */
function followsLog({ targets }: BackupEngine): boolean {
  return targets.includes("time");
}

interface Restored {
  readonly restored: RestoreReport;
  readonly answerMs: number;
  /** Whether its pages carry checksums. */
  readonly summed: boolean;
  readonly checks: readonly CheckOutcome[];
}

async function restoreAndLook(
  options: DrillOptions,
  directory: string,
  clock: Clock,
  counted: RowCounts | null,
): Promise<Restored> {
  let answerMs = 0;
  let summed = false;
  let checks: readonly CheckOutcome[] = [];
  const hook = {
    name: "drill",
    async run(context: RestoreContext) {
      const { role, database } = options.application;
      const opened = context.open(role, database);
      const askedAt = clock.monotonic();
      await options.firstQuery(opened);
      answerMs = clock.monotonic() - askedAt;
      summed = await hasPageChecksums(opened);
      checks = await lookAt(context, opened, options, clock, counted);
    },
  };
  const { engine, signal, onProgress } = options;
  const restored = await engine.restore({
    target: { kind: "latest" },
    directory: join(directory, "data"),
    tablespaceDirectory: join(directory, "tablespaces"),
    hooks: [hook],
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  return { restored, answerMs, summed, checks };
}

async function lookAt(
  context: RestoreContext,
  opened: Database,
  options: DrillOptions,
  clock: Clock,
  counted: RowCounts | null,
): Promise<CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  for (const { name, superuser } of await databasesOf(context.database)) {
    const database = context.open(superuser, name);
    outcomes.push(await runCheck(`indexes of ${name}`, clock, () => checkIndexes(database)));
  }
  outcomes.push(await runCheck("foreign keys", clock, () => checkForeignKeys(opened)));
  outcomes.push(await runCheck("row counts", clock, () => checkRows(context, options, counted)));
  for (const check of options.checks ?? [])
    outcomes.push(await runCheck(check.name, clock, () => check.run(opened)));
  return outcomes;
}

function databasesOf(database: Database): Promise<{ name: string; superuser: string }[]> {
  return database.query(
    "SELECT datname AS name, current_user AS superuser FROM pg_database WHERE datallowconn ORDER BY 1",
  );
}

async function checkRows(
  { database, open }: RestoreContext,
  { engine, primary, application, countersSettleMs = COUNTERS_SETTLE_MS }: DrillOptions,
  counted: RowCounts | null,
): Promise<readonly string[]> {
  if (!followsLog(engine)) throw new Skipped("it holds a moment that the server has left behind");
  if (primary === undefined || counted === null) throw new Skipped("there is no server to compare with here");
  const [self] = await database.query<{ name: string }>("SELECT current_user AS name");
  const restored = await countRows(open(self?.name ?? "", application.database));
  const compare = async () => compareCounts(counted, restored, await readChanges(primary));
  let { findings, compared } = await compare();
  if (findings.length > 0) {
    // A session that has just written may not have told yet.
    await sleep(countersSettleMs);
    ({ findings, compared } = await compare());
  }
  if (compared === 0) throw new Skipped("there is no table to compare");
  return findings;
}

async function checkPages(
  dataDirectory: string,
  summed: boolean,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (!summed) throw new Skipped("its pages carry no checksums: initdb --data-checksums, or pg_checksums");
  const { pages, damaged } = await readPages(dataDirectory, signal);
  return pages === 0 ? ["no page was found"] : damaged;
}
