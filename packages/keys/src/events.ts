import type { Logger } from "@rempart/runtime";
import type { KeysErrorCode } from "./errors.ts";

/** Why the local key stands in for the primary provider. A denial is never among the reasons. */
export type FailoverReason = "unavailable" | "throttled" | "timeout" | "circuit-open";

export type KeysEvent =
  /** One provider was asked for one data key. To be counted as `kms_operations_total`. */
  | {
      readonly type: "operation";
      readonly provider: string;
      readonly operation: "wrap" | "unwrap";
      readonly outcome: "ok" | FailoverReason | KeysErrorCode | "error";
      /** Milliseconds. */
      readonly durationMs: number;
    }
  /** A data key was made or opened without the primary provider. To be counted as `kms_failover_total`. */
  | {
      readonly type: "failover";
      readonly provider: string;
      readonly operation: "wrap" | "unwrap";
      readonly reason: FailoverReason;
    }
  /** New values stand under the primary provider again. Those sealed meanwhile wait for `rewrap`. */
  | { readonly type: "recovered"; readonly provider: string; readonly afterMs: number };

/** Counts and alarms. It is given names, never keys or values. What it throws is swallowed. */
export type KeysObserver = (event: KeysEvent) => void;

export function reporter(observe: KeysObserver | undefined, log: Logger): (event: KeysEvent) => void {
  return (event) => {
    logEvent(event, log);
    try {
      observe?.(event);
    } catch {
      // Watching may not change what is watched.
    }
  };
}

function logEvent(event: KeysEvent, log: Logger): void {
  if (event.type === "failover") log.warn(event, `the local key stands in for ${event.provider}`);
  else if (event.type === "recovered") log.info(event, `${event.provider} wraps data keys again`);
  else if (event.outcome === "ok") log.debug(event, "key provider called");
  else log.warn(event, "key provider failed");
}
