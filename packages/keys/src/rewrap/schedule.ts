import { setTimeout as sleep } from "node:timers/promises";
import type { Component, Logger } from "@rempart/runtime";
import type { Keyring } from "../keyring/keyring.ts";
import { type RewrapProgress, type RewrapSource, rewrap } from "./rewrap.ts";

export interface RewrapScheduleOptions {
  readonly keyring: Keyring;
  readonly sources: readonly RewrapSource[];
  /** Milliseconds between the end of one run and the next; an hour unless told. */
  readonly everyMs?: number;
  readonly log: Logger;
  readonly onProgress?: (progress: RewrapProgress) => void;
}

const EVERY_MS = 3_600_000;

/** Rewraps every source from time to time, for as long as the process runs. A run that fails is logged, and tried again. */
export function rewrapSchedule(options: RewrapScheduleOptions): Component {
  const { everyMs = EVERY_MS } = options;
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function loop(signal: AbortSignal): Promise<void> {
    while (await passes(everyMs, signal)) {
      for (const source of options.sources) await runOnce(source, options, signal);
    }
  }

  return {
    name: "rewrap-schedule",
    async start() {
      running = loop(stopping.signal);
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** False when the signal came first. */
async function passes(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return sleep(milliseconds, true, { signal }).catch(() => false);
}

async function runOnce(
  source: RewrapSource,
  { keyring, log, onProgress }: RewrapScheduleOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    const done = await rewrap(keyring, source, { signal, log, ...(onProgress && { onProgress }) });
    if (done.rewrapped + done.refused > 0) log.info(done, "sealed values rewrapped");
  } catch (error) {
    if (!signal.aborted)
      log.warn({ source: source.name, err: error }, "rewrapping stopped; it is tried again later");
  }
}
