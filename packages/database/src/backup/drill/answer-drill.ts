import { once } from "node:events";
import { explain } from "@rempart/kernel";
import type { Progress } from "../ports.ts";
import { ALIVE_EVERY_MS, CLEAN_UP_MS, type DrillMessage } from "./messages.ts";
import type { DrillRecord } from "./records.ts";

export interface AskedSideDrill {
  /** Aborts when this process or the one that asked is told to stop, or that one is gone. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * What the module does that `drillAside` starts: one drill, for the process that it is a child of. Ends this process when the
 * other one has its outcome.
 */
export async function answerDrill(drill: (asked: AskedSideDrill) => Promise<DrillRecord>): Promise<void> {
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort(new Error("the drill was told to stop, or nobody waits for it any more"));
    setTimeout(() => process.exit(1), CLEAN_UP_MS).unref();
  };
  process.once("SIGTERM", stop).once("SIGINT", stop).once("disconnect", stop);
  say({ type: "alive" });
  setInterval(() => say({ type: "alive" }), ALIVE_EVERY_MS).unref();
  const onProgress = (progress: Progress): void => say({ type: "progress", progress });
  const { signal } = stopping;
  const last = await lastWord(drill({ signal, onProgress }), signal);
  process.off("disconnect", stop);
  say(last);
  // It hangs up when it has heard: of who ended before, the last word might be lost.
  if (process.connected) await once(process, "disconnect");
  process.exit(0);
}

async function lastWord(drill: Promise<DrillRecord>, signal: AbortSignal): Promise<DrillMessage> {
  return drill.then(
    (record) => ({ type: "record", record }) as const,
    (error: unknown) =>
      signal.aborted ? ({ type: "stopped" } as const) : ({ type: "failed", why: explain(error) } as const),
  );
}

/** Nothing is said to nobody. */
function say(message: DrillMessage): void {
  if (process.connected) process.send?.(message, () => {});
}
