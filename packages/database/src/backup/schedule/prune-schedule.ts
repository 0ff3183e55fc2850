import { explain, hasCode } from "@rempart/kernel";
import { type Component, type Logger, silentLogger } from "@rempart/runtime";
import type { PruneReport } from "../retention/prune.ts";
import { inRounds } from "./rounds.ts";

export interface PruneScheduleOptions {
  readonly prune: (signal: AbortSignal) => Promise<PruneReport>;
  readonly log?: Logger;
}

/** A start is for the backup that may be due: of the two only one works at a time. */
const FIRST_MS = 10 * 60_000;
const EVERY_MS = 6 * 3_600_000;
const RETRY_MS = 10 * 60_000;

/** Removes what has outlived its time, a few times a day. */
export function pruneSchedule({ prune, log = silentLogger }: PruneScheduleOptions): Component {
  let begun = false;
  return inRounds("prune-schedule", async (signal) => {
    if (begun) return round(prune, signal, log);
    begun = true;
    return FIRST_MS;
  });
}

async function round(
  prune: PruneScheduleOptions["prune"],
  signal: AbortSignal,
  log: Logger,
): Promise<number> {
  try {
    const { removed, orphans, segments, bytes } = await prune(signal);
    if (bytes > 0) log.info({ removed, orphans, segments, bytes }, "backups were pruned");
    return EVERY_MS;
  } catch (error) {
    const quiet = signal.aborted || hasCode(error, "busy");
    if (!quiet) log.error({ error: explain(error) }, "backups were not pruned; it is tried again");
    return RETRY_MS;
  }
}
