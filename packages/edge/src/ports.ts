/** The small faces through which the edge reaches what it does not own. All are matched structurally. */

/** One settled request. Fields stay valid after the call. */
export interface Outcome {
  readonly requestId: string;
  readonly method: string;
  /** Without the query, which may hold secrets. As sent by the peer: escape it before printing. */
  readonly path: string;
  /** The name of the matching route rule, or `default`: low cardinality, fit for a metric label. */
  readonly routeClass: string;
  /** What the application called its route (`/users/:id`), or the route class. */
  readonly route: string;
  /** 101 for an accepted upgrade. When `aborted`, the status that was or would have been sent. */
  readonly status: number;
  readonly durationMs: number;
  /** Canonical client address; empty when unknown. */
  readonly address: string;
  readonly verdict: "pass" | "reject" | "redirect" | "answer";
  /** The problem's code for a refusal or a failure, else null. */
  readonly code: string | null;
  /** The peer went away before the answer was complete. */
  readonly aborted: boolean;
  /** What a handler threw, or why a limiter could not answer. Never shown to the client. */
  readonly cause: unknown;
}

/** Told of every settled request, early protocol errors included. What it throws is dropped. */
export interface Observer {
  settled(outcome: Outcome): void;
}

export interface RateLimitPolicy {
  /** Lower-case letters, digits and hyphens: it is sent in headers and used in configuration. */
  readonly name: string;
  /** Accepted calls in any window. */
  readonly limit: number;
  readonly windowSeconds: number;
}

export interface RateLimitDecision {
  readonly policy: RateLimitPolicy;
  readonly allowed: boolean;
  readonly remaining: number;
  /** Whole seconds until quota comes back: until some, after a refusal enough for the refused call. */
  readonly resetSeconds: number;
}

/**
 * Counts a call against a policy and says whether it may go on. A refused call is not counted.
 * Throws `TypeError` for a policy it does not know.
 */
export interface RateLimiter {
  check(key: string, policy: string, cost?: number): RateLimitDecision | Promise<RateLimitDecision>;
}
