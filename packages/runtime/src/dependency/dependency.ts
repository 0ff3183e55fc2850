import { type Clock, explain, systemClock } from "@rempart/kernel";
import { isBrokenCircuitError, isTaskCancelledError } from "cockatiel";
import { RuntimeError } from "../errors.ts";
import { assertDeclaration, type DependencyDeclaration } from "./declaration.ts";
import type {
  CallOutcome,
  CallTracer,
  CircuitStateName,
  DependencyEvent,
  DependencyObserver,
} from "./events.ts";
import { Abandoned, circuitName, createPolicies } from "./policy.ts";

export interface CallOptions {
  /** The caller's own: when it aborts the call rejects with its reason, and nothing counts against the dependency. */
  signal?: AbortSignal;
}

export interface DependencyHealth {
  /** `up`: the last call was answered. `degraded`: it was not, and callers get a fallback or nothing. `down`: they get errors. */
  readonly status: "up" | "degraded" | "down";
  readonly circuit: CircuitStateName;
  /** Milliseconds since the first call of the present run of failures; 0 when up. */
  readonly failingForMs: number;
  /** For operators only: it may name hosts. */
  readonly lastError: string | undefined;
}

export interface Dependency<Fallback = never> {
  readonly declaration: DependencyDeclaration<Fallback>;
  readonly state: CircuitStateName;
  /**
   * Runs `work` within the declared budget. `signal` aborts when its time is up: pass it on, so that the work ends too. Work
   * that ignores it is no longer waited for. Rejects with `dependency-timeout`, `dependency-open` or `dependency-failed`
   * unless the declaration says otherwise.
   */
  call<T>(work: Work<T>, options?: CallOptions): Promise<T | Fallback>;
  health(): DependencyHealth;
  /** Refuses every call as an open circuit does, until disposed: for maintenance, and for tests of the failure mode. */
  isolate(): Disposable;
}

export interface DependencyPorts {
  observe?: DependencyObserver;
  /** Follows each call; answers what `work` does. */
  trace?: CallTracer;
  clock?: Clock;
}

/**
 * A remote dependency, declared once and called only through this value: budget, retries, circuit breaker and failure mode
 * come with it. Throws `TypeError` for a declaration that could not work.
 */
export function dependency<Fallback = never>(
  declaration: DependencyDeclaration<Fallback>,
  ports: DependencyPorts = {},
): Dependency<Fallback> {
  assertDeclaration(declaration);
  const { name, onFailure, isFailure = () => true } = declaration;
  const clock = ports.clock ?? systemClock;
  const emit = quietly(ports.observe);
  const policies = createPolicies(declaration, emit);
  let failingSince: number | undefined;
  let lastError: string | undefined;

  function call<T>(work: Work<T>, options: CallOptions = {}): Promise<T | Fallback> {
    const { trace } = ports;
    return trace === undefined ? untraced(work, options) : trace(name, () => untraced(work, options));
  }

  async function untraced<T>(work: Work<T>, { signal }: CallOptions): Promise<T | Fallback> {
    signal?.throwIfAborted();
    const attempt = countAttempts(work, signal);
    const report = reporter(attempt);
    try {
      const answer = await unlessAborted(policies.execute(attempt.run), signal);
      failingSince = undefined;
      report("ok");
      return answer;
    } catch (error) {
      if (signal?.aborted) {
        report("abandoned");
        throw signal.reason;
      }
      const failure = failureOf(name, error, isFailure);
      if (failure !== undefined) return applyFailureMode(failure, report);
      failingSince = undefined;
      report("refused");
      throw error;
    }
  }

  function reporter(attempt: { readonly count: number }): Report {
    const startedAt = clock.monotonic();
    return (outcome, degraded) => {
      const durationMs = clock.monotonic() - startedAt;
      emit({ type: "call", dependency: name, outcome, degraded, attempts: attempt.count, durationMs });
    };
  }

  async function applyFailureMode(failure: RuntimeError, report: Report): Promise<Fallback> {
    const now = clock.monotonic();
    failingSince ??= now;
    lastError = explain(failure);
    const mode = modeAt(now);
    report(OUTCOMES[failure.code] ?? "failed", mode === "fail" ? undefined : mode);
    if (mode === "fail") throw failure;
    return onFailure.mode === "fallback"
      ? onFailure.value(failure)
      : (onFailure as { value: Fallback }).value;
  }

  function modeAt(now: number): "fail" | "fallback" | "skip" {
    if (onFailure.mode !== "fallback") return onFailure.mode;
    return now - (failingSince ?? now) <= onFailure.forAtMostMs ? "fallback" : "fail";
  }

  function health(): DependencyHealth {
    const circuit = circuitName(policies.breaker.state);
    const now = clock.monotonic();
    if (failingSince === undefined && circuit !== "isolated") {
      return { status: "up", circuit, failingForMs: 0, lastError };
    }
    const status = modeAt(now) === "fail" ? "down" : "degraded";
    return { status, circuit, failingForMs: now - (failingSince ?? now), lastError };
  }

  return {
    declaration,
    get state() {
      return circuitName(policies.breaker.state);
    },
    call,
    health,
    isolate() {
      const handle = policies.breaker.isolate();
      return { [Symbol.dispose]: () => handle.dispose() };
    },
  };
}

type Work<T> = (signal: AbortSignal) => Promise<T>;
type Report = (outcome: CallOutcome, degraded?: "fallback" | "skip") => void;

/** The work as the policies run it: counted, told of the caller's signal too, and no failure when the caller has gone. */
function countAttempts<T>(work: Work<T>, callerSignal: AbortSignal | undefined) {
  const attempt = { count: 0, run };
  async function run(signal: AbortSignal): Promise<T> {
    if (callerSignal?.aborted) throw new Abandoned();
    attempt.count += 1;
    try {
      const either = callerSignal === undefined ? signal : AbortSignal.any([signal, callerSignal]);
      return await unlessAborted(work(either), callerSignal);
    } catch (error) {
      throw callerSignal?.aborted ? new Abandoned() : error;
    }
  }
  return attempt;
}

const OUTCOMES: Readonly<Record<string, CallOutcome>> = {
  "dependency-timeout": "timeout",
  "dependency-open": "open",
  "dependency-failed": "failed",
};

/** The dependency's failure as ours; undefined when the error was a healthy dependency's answer. */
function failureOf(
  name: string,
  error: unknown,
  isFailure: (error: unknown) => boolean,
): RuntimeError | undefined {
  const options = { cause: error, details: { dependency: name } };
  if (isBrokenCircuitError(error)) {
    return new RuntimeError("dependency-open", `${name} is not asked: it failed too often just now`, options);
  }
  if (isTaskCancelledError(error)) {
    return new RuntimeError("dependency-timeout", `${name} did not answer in time`, options);
  }
  return isFailure(error) ? new RuntimeError("dependency-failed", `${name} failed`, options) : undefined;
}

/** Rejects as soon as the signal aborts; the work's own end is then nobody's business. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function quietly(observe: DependencyObserver | undefined): (event: DependencyEvent) => void {
  return (event) => {
    try {
      observe?.(event);
    } catch {
      // Watching a call may not change it.
    }
  };
}
