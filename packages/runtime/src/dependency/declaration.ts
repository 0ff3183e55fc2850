import type { RuntimeError } from "../errors.ts";

/**
 * What the caller gets when the dependency gives no answer.
 *
 * - `fail`: a `RuntimeError`, so the caller's own operation fails. The choice wherever the answer decides about access,
 *   money or durability.
 * - `fallback`: a value made locally, such as a cached answer, for at most `forAtMostMs` since the dependency last
 *   answered; then it fails, so that a degraded mode cannot become the normal one unnoticed.
 * - `skip`: this value, for as long as it takes. Only for what nobody waits for: a hint, a metric, a notification.
 */
export type FailureMode<Fallback> =
  | { readonly mode: "fail" }
  | {
      readonly mode: "fallback";
      readonly value: (cause: RuntimeError) => Fallback | Promise<Fallback>;
      readonly forAtMostMs: number;
    }
  | { readonly mode: "skip"; readonly value: Fallback };

export interface RetryDeclaration {
  /** Calls in all, the first included. */
  readonly attempts: number;
  /** Milliseconds before the second call, spread by decorrelated jitter; grows up to `maxDelayMs`. */
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

export interface BreakerDeclaration {
  /** Consecutive failed attempts that open the circuit. */
  readonly failures: number;
  /** Milliseconds until one call may try the dependency again. */
  readonly halfOpenAfterMs: number;
}

/** All there is to know about a dependency. It stays readable on the made value, so tests and tools can act on it. */
export interface DependencyDeclaration<Fallback = never> {
  readonly name: string;
  /** Milliseconds for a whole call: every attempt, and the waits between them. */
  readonly budgetMs: number;
  /** Milliseconds for one attempt; the whole budget unless told. */
  readonly attemptMs?: number;
  readonly onFailure: FailureMode<Fallback>;
  /** `none` for what must not be repeated because it is not idempotent. */
  readonly retry: RetryDeclaration | "none";
  readonly breaker: BreakerDeclaration | "none";
  /**
   * False for an error that is a healthy dependency's answer, such as "not found": it passes to the caller as it is, is not
   * repeated, and does not open the circuit. Every error is a failure unless told.
   */
  readonly isFailure?: (error: unknown) => boolean;
}

/** Throws `TypeError` for a declaration that could not work. */
export function assertDeclaration(declaration: DependencyDeclaration<unknown>): void {
  const { name, budgetMs, attemptMs = budgetMs, retry, breaker, onFailure } = declaration;
  const refuse = (problem: string): never => {
    throw new TypeError(`dependency ${name}: ${problem}`);
  };
  if (!(budgetMs > 0)) refuse("budgetMs must be positive");
  if (!(attemptMs > 0 && attemptMs <= budgetMs)) refuse("attemptMs must be positive and within the budget");
  if (retry !== "none" && !(Number.isInteger(retry.attempts) && retry.attempts >= 1))
    refuse("attempts must be at least 1");
  if (breaker !== "none" && !(breaker.failures >= 1 && breaker.halfOpenAfterMs > 0))
    refuse("the breaker can never close");
  if (onFailure.mode === "fallback" && !(onFailure.forAtMostMs > 0)) refuse("forAtMostMs must be positive");
}
