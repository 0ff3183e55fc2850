import { type Clock, explain, systemClock } from "@rempart/kernel";
import { RuntimeError } from "./errors.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { timeLimit } from "./time-limit.ts";

/** A part of the process with a life of its own: a server, a pool, a worker. */
export interface Component {
  readonly name: string;
  /**
   * Called once, after every component before it has started. Resolves when the component serves. `signal` aborts when
   * the process is told to stop meanwhile: reject then, having released what was taken.
   */
  start(signal: AbortSignal): Promise<void>;
  /** Called once, only after `start` resolved, when every component after it has stopped. */
  stop(): Promise<void>;
  /** Resolves when the component ends by itself and cannot go on; the process then stops. Never rejects. */
  readonly ended?: Promise<Error>;
}

export interface LifecycleOptions {
  /** In the order of starting; stopped in reverse. */
  components: readonly Component[];
  log?: Logger;
  /** Milliseconds for stopping everything. */
  stopDeadlineMs?: number;
  clock?: Clock;
}

export interface Lifecycle extends AsyncDisposable {
  readonly state: LifecycleState;
  /**
   * Starts every component. When one fails or `signal` aborts, stops what had started and rejects with `start-failed` or
   * `start-aborted`.
   */
  start(signal?: AbortSignal): Promise<void>;
  /** Stops every started component. Later calls return the promise of the first. Rejects with `stop-failed` or `stop-deadline`. */
  stop(): Promise<void>;
  /** Resolves with the first component's error that ends by itself after its start. */
  readonly ended: Promise<RuntimeError>;
}

export type LifecycleState = "new" | "starting" | "running" | "stopping" | "stopped";

const DEFAULT_STOP_DEADLINE_MS = 10_000;

/** What the components still left get, all at once, when the deadline has passed. */
const LAST_CALL_MS = 1_000;

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const {
    components,
    log = silentLogger,
    stopDeadlineMs = DEFAULT_STOP_DEADLINE_MS,
    clock = systemClock,
  } = options;
  const started: Component[] = [];
  const end = Promise.withResolvers<RuntimeError>();
  let state: LifecycleState = "new";
  let stopping: Promise<void> | undefined;

  async function start(signal: AbortSignal = new AbortController().signal): Promise<void> {
    if (state !== "new") throw new TypeError(`a lifecycle starts once; it is ${state}`);
    state = "starting";
    for (const component of components) {
      const failure = await startOne(component, signal);
      if (failure === undefined) continue;
      await stop().catch((error) => log.error({ error: explain(error) }, "stopping after a failed start"));
      throw failure;
    }
    state = "running";
  }

  async function startOne(component: Component, signal: AbortSignal): Promise<RuntimeError | undefined> {
    if (signal.aborted) return aborted(component);
    const before = clock.monotonic();
    try {
      await component.start(signal);
    } catch (cause) {
      return signal.aborted ? aborted(component, cause) : startFailed(component, cause);
    }
    started.push(component);
    component.ended?.then((cause) => end.resolve(componentEnded(component, cause)));
    log.debug({ component: component.name, ms: Math.round(clock.monotonic() - before) }, "started");
    return undefined;
  }

  function stop(): Promise<void> {
    stopping ??= stopAll();
    return stopping;
  }

  async function stopAll(): Promise<void> {
    state = "stopping";
    const failures: StopFailure[] = [];
    const deadline = clock.monotonic() + stopDeadlineMs;
    while (started.length > 0 && clock.monotonic() < deadline) {
      const component = started.pop() as Component;
      const failure = await stopOne(component, deadline - clock.monotonic());
      if (failure !== undefined) failures.push(failure);
    }
    const late = await Promise.all(started.reverse().map((component) => stopOne(component, LAST_CALL_MS)));
    failures.push(...late.filter((failure) => failure !== undefined));
    state = "stopped";
    if (failures.length > 0) throw stopError(failures, stopDeadlineMs);
  }

  async function stopOne(component: Component, milliseconds: number): Promise<StopFailure | undefined> {
    try {
      const inTime = await timeLimit(component.stop(), milliseconds);
      if (inTime) log.debug({ component: component.name }, "stopped");
      return inTime ? undefined : { component: component.name, late: true };
    } catch (cause) {
      log.error({ component: component.name, error: explain(cause) }, "failed to stop");
      return { component: component.name, late: false, cause };
    }
  }

  return {
    get state() {
      return state;
    },
    start,
    stop,
    ended: end.promise,
    [Symbol.asyncDispose]: stop,
  };
}

export interface RunOptions extends LifecycleOptions {
  /** Aborts when the process is to stop; `installSignals` makes one. */
  signal: AbortSignal;
}

/**
 * The life of a process: starts the components, waits until `signal` aborts or a component ends by itself, stops them.
 * Resolves when all have stopped; otherwise sets the process's exit code to 1 and rejects with a `RuntimeError`. Being
 * told to stop while starting is a clean end. It never calls `process.exit`: the process ends when its event loop is empty.
 */
export async function run(options: RunOptions): Promise<void> {
  const lifecycle = createLifecycle(options);
  try {
    await lifecycle.start(options.signal);
    const failure = await Promise.race([whenAborted(options.signal), lifecycle.ended]);
    await lifecycle.stop();
    if (failure !== undefined) throw failure;
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "start-aborted") return;
    process.exitCode = 1;
    throw error;
  }
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (signal.aborted) resolve(undefined);
  else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  return promise;
}

interface StopFailure {
  component: string;
  late: boolean;
  cause?: unknown;
}

function startFailed(component: Component, cause: unknown): RuntimeError {
  return new RuntimeError("start-failed", `Cannot start ${component.name}`, {
    cause,
    details: { component: component.name },
  });
}

function aborted(component: Component, cause?: unknown): RuntimeError {
  return new RuntimeError("start-aborted", `Told to stop before ${component.name} had started`, {
    cause,
    details: { component: component.name },
  });
}

function componentEnded(component: Component, cause: unknown): RuntimeError {
  return new RuntimeError("component-ended", `${component.name} ended by itself`, {
    cause,
    details: { component: component.name },
  });
}

function stopError(failures: readonly StopFailure[], deadlineMs: number): RuntimeError {
  const late = failures.filter((failure) => failure.late).map((failure) => failure.component);
  const failed = failures.filter((failure) => !failure.late).map((failure) => failure.component);
  const details = { late, failed };
  const cause = failures.find((failure) => failure.cause !== undefined)?.cause;
  if (late.length > 0) {
    return new RuntimeError("stop-deadline", `Not stopped within ${deadlineMs} ms: ${late.join(", ")}`, {
      cause,
      details,
    });
  }
  return new RuntimeError("stop-failed", `Failed to stop: ${failed.join(", ")}`, { cause, details });
}
