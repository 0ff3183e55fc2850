/** When a failed attempt may be made again. Pure. */

export interface RetryRules {
  /** Attempts after the first. */
  readonly retries: number;
  /** Retries allowed per request on average, so that an outage is not answered with a multiple of its load. */
  readonly budget: number;
}

export interface Attempt {
  readonly method: string;
  /** Attempts made, this one included. */
  readonly made: number;
  /** Whether a byte of the request was handed to the connection. */
  readonly wasSent: boolean;
  readonly hasBody: boolean;
  /** Whether the answer's head has come. */
  readonly wasAnswered: boolean;
}

/** RFC 9110, 9.2.2. */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * A request that was never sent may be sent elsewhere, whatever its method. One that was, only when repeating it changes
 * nothing, nothing was answered, and no body went with it: a streamed body is gone.
 */
export function mayRetry(
  { method, made, wasSent, hasBody, wasAnswered }: Attempt,
  { retries }: RetryRules,
): boolean {
  if (wasAnswered || made > retries) return false;
  return !wasSent || (IDEMPOTENT.has(method) && !hasBody);
}

/** Tokens that retries spend and requests earn. */
export interface RetryBudget {
  readonly tokens: number;
}

/** What a quiet upstream may spend at once. */
const MOST_TOKENS = 10;

export const FULL_BUDGET: RetryBudget = { tokens: MOST_TOKENS };

export function earnRetry(budget: RetryBudget, { budget: share }: RetryRules): RetryBudget {
  return budget.tokens >= MOST_TOKENS ? budget : { tokens: Math.min(MOST_TOKENS, budget.tokens + share) };
}

/** Null when the budget is spent. */
export function spendRetry(budget: RetryBudget): RetryBudget | null {
  return budget.tokens < 1 ? null : { tokens: budget.tokens - 1 };
}
