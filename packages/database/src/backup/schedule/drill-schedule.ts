import { explain, hasCode, systemClock } from "@rempart/kernel";
import { type Component, type Logger, silentLogger } from "@rempart/runtime";
import type { DrillHistory, DrillRecord } from "../drill/records.ts";
import type { BackupEngine } from "../ports.ts";
import { inRounds } from "./rounds.ts";
import { inTurn, type SharedSchedule } from "./turn.ts";

export interface DrillScheduleOptions extends SharedSchedule {
  readonly engine: Pick<BackupEngine, "list">;
  /** What drills found so far, as the repository knows it. */
  readonly history: () => Promise<DrillHistory>;
  readonly drill: (signal: AbortSignal) => Promise<DrillRecord>;
  /** Told of what is known: at the start, at each look, and after each drill. Never throws. */
  readonly observe?: (history: DrillHistory) => void;
  /** Milliseconds from one drill to the next; a week unless told. */
  readonly everyMs?: number;
  readonly log?: Logger;
}

const WEEK_MS = 7 * 24 * 3_600_000;
const LOOK_EVERY_MS = 5 * 60_000;
/** A first backup takes its time, and a drill is not what a start should wait for. */
const FIRST_LOOK_MS = 60_000;
/** After one that failed: soon enough to see that what was mended holds. */
const RETRY_MS = 6 * 3_600_000;

/** Proves once a week that what is backed up can be had back, also when no process ran on the day. */
export function drillSchedule(options: DrillScheduleOptions): Component {
  let looked = false;
  return inRounds("drill-schedule", async (signal) => {
    if (looked) return drillWhenDue(options, signal);
    looked = true;
    await tellHistory(options).catch(() => {});
    return FIRST_LOOK_MS;
  });
}

async function drillWhenDue(options: DrillScheduleOptions, signal: AbortSignal): Promise<number> {
  const { log = silentLogger } = options;
  try {
    if (!(await isDrillDue(options))) return LOOK_EVERY_MS;
    await inTurn(options, "drill", signal, async (turn) => {
      if (await isDrillDue(options)) await drillNow(options, turn);
    });
  } catch (error) {
    const quiet = signal.aborted || hasCode(error, "busy");
    if (!quiet) log.error({ error: explain(error) }, "the restore drill could not be made");
  }
  return LOOK_EVERY_MS;
}

async function isDrillDue(options: DrillScheduleOptions): Promise<boolean> {
  const { clock = systemClock, everyMs = WEEK_MS, engine } = options;
  const { newest } = await tellHistory(options);
  if (newest !== null && !isDue(newest, clock.now(), everyMs)) return false;
  return (await engine.list()).length > 0;
}

async function drillNow(options: DrillScheduleOptions, signal: AbortSignal): Promise<void> {
  const { log = silentLogger } = options;
  const record = await options.drill(signal);
  if (record.passed) log.info({ drill: record }, "a backup was restored and found whole");
  else log.error({ drill: record }, "the restore drill failed: backups may not be what they should be");
  await tellHistory(options);
}

/** One from the future is of a clock that went back since. */
function isDue({ startedAt, passed }: DrillRecord, now: number, everyMs: number): boolean {
  const age = now - startedAt;
  return age < 0 || age >= (passed ? everyMs : Math.min(everyMs, RETRY_MS));
}

/** Also of drills that were made by hand. */
async function tellHistory({ history, observe = () => {} }: DrillScheduleOptions): Promise<DrillHistory> {
  const known = await history();
  observe(known);
  return known;
}
