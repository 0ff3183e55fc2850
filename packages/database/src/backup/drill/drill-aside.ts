import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock } from "@rempart/kernel";
import type { BackupEngine, RunOptions } from "../ports.ts";
import type { Vault } from "../sealed/objects.ts";
import { CLEAN_UP_MS, type DrillMessage } from "./messages.ts";
import { type DrillRecord, recordDrill } from "./records.ts";

export interface SideDrillOptions extends RunOptions {
  /** It calls `answerDrill`. */
  readonly module: URL;
  /** Whose backups it drills: where it fails without a word, that is kept with the others of this engine. */
  readonly engine: BackupEngine["name"];
  readonly environment?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** Milliseconds without a sign of life after which it is killed; 2 minutes unless told. */
  readonly silenceMs?: number;
  /** Milliseconds after which it is killed whatever it does; 12 hours unless told. */
  readonly limitMs?: number;
}

const SILENCE_MS = 2 * 60_000;
const LIMIT_MS = 12 * 3_600_000;
const MARGIN_MS = 2_000;
/** Whoever serves people comes first. The restored server and its processes inherit it. */
const NICENESS = 10;
/** MiB of a heap: what a drill reads passes through. */
const HEAP = "--max-old-space-size=512";

/**
 * A drill in a process of its own, which yields to this one and cannot take it along. It always has an outcome: a process that
 * crashes, falls silent or does not end is a drill that failed, and is recorded as one. Rejects when it was told to stop, by `signal`
 * or as a process.
 */
export async function drillAside(vault: Vault, options: SideDrillOptions): Promise<DrillRecord> {
  const { clock = systemClock, signal, engine } = options;
  signal?.throwIfAborted();
  const startedAt = clock.now();
  const outcome = await outcomeOf(start(options), options);
  if (typeof outcome !== "string") return outcome;
  const record = { startedAt, passed: false, error: outcome } as const;
  await recordDrill(vault, engine, record);
  return record;
}

function start({ module, environment = process.env }: SideDrillOptions): ChildProcess {
  const child = fork(fileURLToPath(module), {
    execArgv: [HEAP],
    env: environment,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  if (child.pid === undefined) return child;
  yieldToOthers(child.pid);
  const watchdog = killWithUs(child.pid);
  child.once("exit", () => watchdog.kill("SIGKILL"));
  return child;
}

/** Before it has more threads than one: they inherit it. It may have ended already. */
function yieldToOthers(pid: number): void {
  try {
    setPriority(pid, NICENESS);
  } catch {}
}

/**
 * It hears that we are gone, and cleans up. One that hears nothing any more is killed by whom end of file tells, which comes when
 * this process has ended, however it did. Once it is gone its number may be another's, who is left alone.
 */
const WATCHDOG = `read _
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  kill -0 "$1" 2>/dev/null || exit 0
  sleep 1
done
kill -KILL "$1" 2>/dev/null`;

function killWithUs(pid: number): ChildProcess {
  const watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "watchdog", String(pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  watchdog.unref();
  return watchdog;
}

/** What it recorded, or why it did not. */
async function outcomeOf(child: ChildProcess, options: SideDrillOptions): Promise<DrillRecord | string> {
  const { signal, onProgress, silenceMs = SILENCE_MS, limitMs = LIMIT_MS } = options;
  let record: DrillRecord | undefined;
  let failed: string | undefined;
  let stopped = false;
  const kill = (why: string) => (): void => {
    failed ??= why;
    child.kill("SIGKILL");
  };
  const silence = setTimeout(kill(`gave no sign of life for ${silenceMs / 1_000} s`), silenceMs);
  const limit = setTimeout(kill(`did not end within ${limitMs / 1_000} s`), limitMs);
  let hurry: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGTERM");
    hurry = setTimeout(kill("did not stop"), CLEAN_UP_MS + MARGIN_MS);
  };
  signal?.addEventListener("abort", stop, { once: true });
  child.on("message", (message: DrillMessage) => {
    silence.refresh();
    if (message.type === "progress") onProgress?.(message.progress);
    if (message.type === "alive" || message.type === "progress") return;
    if (message.type === "record") record = message.record;
    else if (message.type === "stopped") stopped = true;
    else failed = `failed: ${message.why}`;
    child.disconnect();
  });
  try {
    const [code, by] = await ended(child);
    signal?.throwIfAborted();
    if (stopped) throw new Error("the process of the drill was told to stop");
    return record ?? `the process of the drill ${failed ?? `ended with ${by ?? code}`}`;
  } finally {
    clearTimeout(silence);
    clearTimeout(limit);
    clearTimeout(hurry);
    signal?.removeEventListener("abort", stop);
  }
}

/** With what it ended, or why it did not begin. */
async function ended(child: ChildProcess): Promise<readonly [number | null, string | null]> {
  try {
    const [code, by] = (await once(child, "exit")) as [number | null, string | null];
    return [code, by];
  } catch (error) {
    return [null, (error as NodeJS.ErrnoException).code ?? String(error)];
  }
}
