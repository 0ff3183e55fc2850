export type CircuitStateName = "closed" | "open" | "half-open" | "isolated";

/**
 * How a call ended: `ok` and `refused` are answers of a healthy dependency (`refused`: an error that `isFailure` says is
 * none), the others mean that the failure mode was applied or, with `abandoned`, that the caller's signal aborted.
 */
export type CallOutcome = "ok" | "refused" | "failed" | "timeout" | "open" | "abandoned";

export type DependencyEvent =
  | {
      readonly type: "call";
      readonly dependency: string;
      readonly outcome: CallOutcome;
      /** What the caller got instead, when it was not an error. */
      readonly degraded: "fallback" | "skip" | undefined;
      readonly attempts: number;
      readonly durationMs: number;
    }
  | {
      readonly type: "retry";
      readonly dependency: string;
      readonly attempt: number;
      readonly delayMs: number;
    }
  | { readonly type: "circuit"; readonly dependency: string; readonly state: CircuitStateName };

/** Counts, logs, alarms. What it throws is swallowed: watching a call may not change it. */
export type DependencyObserver = (event: DependencyEvent) => void;

/** Runs one call of the named dependency, with all its attempts, as something that can be followed. */
export type CallTracer = <T>(dependency: string, work: () => Promise<T>) => Promise<T>;
