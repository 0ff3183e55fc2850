/** A circuit breaker over all requests to one upstream. Pure: states are values, time is an argument (monotonic ms). */

export interface BreakerRules {
  /** How long failures are counted together, in milliseconds. */
  readonly windowMs: number;
  /** Requests in a window below which the circuit never opens: three failures out of four prove little. */
  readonly minimum: number;
  /** Share of failures, 0 to 1, that opens it. */
  readonly threshold: number;
  readonly openMs: number;
}

interface ClosedBreaker {
  readonly kind: "closed";
  /** When the present window began. */
  readonly since: number;
  readonly requests: number;
  readonly failures: number;
}

export type Breaker =
  | ClosedBreaker
  | { readonly kind: "open"; readonly until: number }
  /** One request is under way to find out. `until` is when it is given up on. */
  | { readonly kind: "half-open"; readonly until: number };

export const CLOSED: ClosedBreaker = { kind: "closed", since: 0, requests: 0, failures: 0 };

/** Whether a request may go on, and the state after asking: an open circuit lets one through when its time is over. */
export function askBreaker(
  breaker: Breaker,
  now: number,
  { openMs }: BreakerRules,
): { readonly allowed: boolean; readonly breaker: Breaker } {
  if (breaker.kind === "closed") return { allowed: true, breaker };
  if (now < breaker.until) return { allowed: false, breaker };
  return { allowed: true, breaker: { kind: "half-open", until: now + openMs } };
}

/** The state after a request's end. Those that began before the circuit opened do not close it again. */
export function tellBreaker(breaker: Breaker, succeeded: boolean, now: number, rules: BreakerRules): Breaker {
  switch (breaker.kind) {
    case "open":
      return breaker;
    case "half-open":
      return succeeded ? { ...CLOSED, since: now } : { kind: "open", until: now + rules.openMs };
    case "closed":
      return counted(breaker, succeeded, now, rules);
  }
}

function counted(
  breaker: ClosedBreaker,
  succeeded: boolean,
  now: number,
  { windowMs, minimum, threshold, openMs }: BreakerRules,
): Breaker {
  const isOver = now - breaker.since >= windowMs;
  const requests = (isOver ? 0 : breaker.requests) + 1;
  const failures = (isOver ? 0 : breaker.failures) + (succeeded ? 0 : 1);
  if (!succeeded && requests >= minimum && failures >= threshold * requests) {
    return { kind: "open", until: now + openMs };
  }
  return { kind: "closed", since: isOver ? now : breaker.since, requests, failures };
}
