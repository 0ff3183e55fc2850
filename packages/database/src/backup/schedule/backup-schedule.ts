import { explain, hasCode, systemClock } from "@rempart/kernel";
import { type Component, type Logger, repeat, silentLogger } from "@rempart/runtime";
import type { BackupEngine, BackupObserver } from "../ports.ts";
import { inTurn, type SharedSchedule } from "./turn.ts";

export interface BackupScheduleOptions extends SharedSchedule {
  readonly engine: BackupEngine;
  /** Milliseconds from the start of one backup to that of the next; a day unless told. */
  readonly everyMs?: number;
  /** Milliseconds between two readings of the recovery point; a minute unless told. */
  readonly lookEveryMs?: number;
  readonly log?: Logger;
  /** Told of the recovery point. The engine tells of backups itself. */
  readonly observe?: BackupObserver;
}

const DAY_MS = 24 * 3_600_000;
const LOOK_EVERY_MS = 60_000;
const RETRY_MS = 5 * 60_000;

/**
 * Takes a backup when the newest is old or there is none, also after days in which no process ran: the repository knows when
 * the last one was. One that fails is tried again after five minutes.
 */
export function backupSchedule(options: BackupScheduleOptions): Component {
  const { lookEveryMs = LOOK_EVERY_MS } = options;
  const stopping = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  return {
    name: "backup-schedule",
    async start() {
      const { signal } = stopping;
      running = Promise.all([
        repeat(signal, () => backUpWhenDue(options, signal)),
        repeat(signal, () => look(options, lookEveryMs)),
      ]);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Milliseconds until it is to be asked again. */
async function backUpWhenDue(options: BackupScheduleOptions, signal: AbortSignal): Promise<number> {
  const { log = silentLogger } = options;
  try {
    const wait = await untilDue(options);
    if (wait > 0) return Math.min(wait, RETRY_MS);
    await inTurn(options, "backup", signal, async (turn) => {
      if ((await untilDue(options)) === 0) await options.engine.run({ signal: turn });
    });
  } catch (error) {
    if (signal.aborted) return 0;
    if (!hasCode(error, "busy")) log.error({ error: explain(error) }, "the backup failed; it is tried again");
  }
  return RETRY_MS;
}

/** Milliseconds; 0: now. */
async function untilDue({
  engine,
  everyMs = DAY_MS,
  clock = systemClock,
}: BackupScheduleOptions): Promise<number> {
  const newest = (await engine.list()).at(-1);
  if (newest === undefined) return 0;
  const age = clock.now() - newest.startedAt;
  // A backup from the future is one of a clock that went back since.
  return age < 0 ? 0 : Math.max(0, everyMs - age);
}

async function look(
  { engine, log = silentLogger, observe = () => {} }: BackupScheduleOptions,
  againMs: number,
): Promise<number> {
  try {
    const { recoverableTo, newest } = await engine.status();
    observe({ type: "recovery-point", recoverableTo, damaged: newest?.damaged ?? null });
  } catch (error) {
    log.error({ error: explain(error) }, "the recovery point cannot be read from the repository");
  }
  return againMs;
}
