import type { Clock } from "@rempart/kernel";
import {
  type BreakerDeclaration,
  type CallTracer,
  type DependencyHealth,
  dependency,
  type RetryDeclaration,
  RuntimeError,
} from "@rempart/runtime";
import { assertProviderName } from "../envelope/header.ts";
import { KeysError } from "../errors.ts";
import type { FailoverReason, KeysEvent } from "../events.ts";
import type { KeyProvider, WrappedKey } from "../ports.ts";

/** How providers are called; the defaults bound a call of the primary to two seconds. */
export interface ProviderCalls {
  readonly budgetMs: number;
  readonly attemptMs: number;
  readonly retry: RetryDeclaration | "none";
  readonly breaker: BreakerDeclaration;
}

export const PROVIDER_CALLS: ProviderCalls = {
  budgetMs: 2_000,
  attemptMs: 900,
  retry: { attempts: 2, initialDelayMs: 50, maxDelayMs: 200 },
  breaker: { failures: 3, halfOpenAfterMs: 10_000 },
};

/** A file is late when the process is busy, and nothing stands in for it: to give up early would lose what patience saves. */
export const LOCAL_CALLS: ProviderCalls = { ...PROVIDER_CALLS, budgetMs: 30_000, attemptMs: 10_000 };

/** A provider that is called only as declared, and each of whose calls is reported. */
export interface GuardedProvider {
  readonly name: string;
  wrap(key: Uint8Array): Promise<WrappedKey>;
  unwrap(wrapped: WrappedKey): Promise<Uint8Array>;
  health(): DependencyHealth;
}

interface GuardPorts {
  readonly calls: ProviderCalls;
  readonly clock: Clock;
  readonly report: (event: KeysEvent) => void;
  readonly trace?: CallTracer | undefined;
}

export function guardProvider(
  provider: KeyProvider,
  { calls, clock, report, trace }: GuardPorts,
): GuardedProvider {
  assertProviderName(provider.name);
  const guard = dependency(
    { name: `keys-${provider.name}`, onFailure: { mode: "fail" }, ...calls, isFailure: isOutage },
    { clock, ...(trace === undefined ? {} : { trace }) },
  );

  async function call<T>(
    operation: "wrap" | "unwrap",
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const startedAt = clock.monotonic();
    const done = (outcome: (KeysEvent & { type: "operation" })["outcome"]): void =>
      report({
        type: "operation",
        provider: provider.name,
        operation,
        outcome,
        durationMs: clock.monotonic() - startedAt,
      });
    try {
      const answer = await guard.call(work);
      done("ok");
      return answer;
    } catch (error) {
      done(outageOf(error) ?? (error instanceof KeysError ? error.code : "error"));
      throw error;
    }
  }

  return {
    name: provider.name,
    wrap: (key) => call("wrap", (signal) => provider.wrap(key, signal)),
    unwrap: (wrapped) => call("unwrap", (signal) => provider.unwrap(wrapped, signal)),
    health: () => guard.health(),
  };
}

function isOutage(error: unknown): boolean {
  return (
    error instanceof KeysError &&
    (error.code === "provider-unavailable" || error.code === "provider-throttled")
  );
}

/** Null when the provider did answer, or failed in a way nobody foresaw: then no other key may stand in for it. */
export function outageOf(error: unknown): FailoverReason | null {
  if (!(error instanceof RuntimeError)) return null;
  if (error.code === "dependency-timeout") return "timeout";
  if (error.code === "dependency-open") return "circuit-open";
  const { cause } = error;
  return cause instanceof KeysError && cause.code === "provider-throttled" ? "throttled" : "unavailable";
}
