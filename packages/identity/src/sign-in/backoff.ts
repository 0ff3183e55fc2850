import type { AttemptPolicy } from "../config.ts";

/** What is known of one key. Unix milliseconds. */
export interface AttemptState {
  readonly failures: number;
  readonly lastAttemptAt: number;
  readonly blockedUntil: number | null;
}

/** Milliseconds until the next attempt under this key is let through; 0: now. */
export function waitFor(state: AttemptState, now: number): number {
  return state.blockedUntil === null ? 0 : Math.max(0, state.blockedUntil - now);
}

/** The state after one more attempt, which counts as failed until it succeeds: parallel guesses cannot slip through together. */
export function charge(
  state: AttemptState,
  policy: AttemptPolicy,
  forgetMs: number,
  now: number,
): AttemptState {
  const failures = now - state.lastAttemptAt > forgetMs ? 1 : state.failures + 1;
  const over = failures - policy.free;
  // 2^31 first delays are past any cap; the exponent must not reach Infinity.
  const delay = over < 0 ? 0 : Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.min(over, 31));
  return { failures, lastAttemptAt: now, blockedUntil: delay === 0 ? null : now + delay };
}
