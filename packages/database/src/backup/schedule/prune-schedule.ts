import { explain, hasCode } from "@rempart/kernel";
import { type Component, type Logger, repeat, silentLogger } from "@rempart/runtime";
import type { PruneReport } from "../retention/prune.ts";

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
  const stopping = new AbortController();
  const { signal } = stopping;
  let running: Promise<void> = Promise.resolve();
  let begun = false;
  const round = async (): Promise<number> => {
    if (!begun) {
      begun = true;
      return FIRST_MS;
    }
    try {
      const { removed, orphans, segments, bytes } = await prune(signal);
      if (bytes > 0) log.info({ removed, orphans, segments, bytes }, "backups were pruned");
      return EVERY_MS;
    } catch (error) {
      const quiet = signal.aborted || hasCode(error, "busy");
      if (!quiet) log.error({ error: explain(error) }, "backups were not pruned; it is tried again");
      return RETRY_MS;
    }
  };
  return {
    name: "prune-schedule",
    async start() {
      running = repeat(signal, round);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
