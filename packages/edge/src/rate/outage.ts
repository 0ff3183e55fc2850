import type { Clock } from "@rempart/kernel";
import type { FailureMode, RateLimitEvent } from "../ports.ts";

export interface OutageOptions {
  readonly clock: Clock;
  readonly onFailure: FailureMode;
  /** Must not throw. */
  readonly observe: (event: RateLimitEvent) => void;
}

/** Whether the store is worth asking. */
export interface Outage {
  /** While down: true for one probe at a time, after a rest. Counts the decisions it denies. */
  mayAsk(): boolean;
  isDown(): boolean;
  cause(): Error;
  succeeded(): void;
  failed(cause: Error): void;
}

const FAILURES_TO_DOWN = 5;
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 5000;

/** A circuit breaker that is told of every call. Each failed probe doubles the rest before the next. */
export function createOutage({ clock, onFailure, observe }: OutageOptions): Outage {
  let failures = 0;
  let downSince: number | null = null;
  let nextProbeAt = 0;
  let restMs = FIRST_REST_MS;
  let unanswered = 0;
  let lastCause = new Error("the rate limit store is down");

  return {
    isDown: () => downSince !== null,
    cause: () => lastCause,
    mayAsk() {
      if (downSince === null) return true;
      const now = clock.monotonic();
      if (now < nextProbeAt) {
        unanswered += 1;
        return false;
      }
      nextProbeAt = now + restMs;
      restMs = Math.min(restMs * 2, LONGEST_REST_MS);
      return true;
    },
    succeeded() {
      failures = 0;
      if (downSince === null) return;
      const downMs = clock.monotonic() - downSince;
      downSince = null;
      restMs = FIRST_REST_MS;
      observe({ kind: "store-up", downMs, unanswered });
    },
    failed(cause) {
      lastCause = cause;
      failures += 1;
      unanswered = downSince === null && failures === 1 ? 1 : unanswered + 1;
      if (downSince !== null || failures < FAILURES_TO_DOWN) return;
      downSince = clock.monotonic();
      nextProbeAt = downSince + restMs;
      observe({ kind: "store-down", cause, onFailure });
    },
  };
}
