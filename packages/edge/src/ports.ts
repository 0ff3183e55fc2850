import type { Clock } from "@rempart/kernel";
import type { Address } from "./address/ip.ts";
import type { RequestFacts } from "./facts.ts";
import type { Problem } from "./problem.ts";

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
  /** Of a refusal whose code stands for several reasons: which, fit for a metric label. Else null. */
  readonly reason: string | null;
  /** The peer went away before the answer was complete. */
  readonly aborted: boolean;
  /** What a handler threw, or why a limiter could not answer. Never shown to the client. */
  readonly cause: unknown;
}

/** Who sends a request, as the application has verified it. */
export interface Identity {
  /** The same for one account on every request: idempotency keys and bans are told apart by it. */
  readonly user: string;
  readonly tenant?: string;
  /** Whatever else handlers need to know: a session, roles, the claims of a token. */
  readonly details?: unknown;
}

export type Identification =
  | { readonly kind: "known"; readonly identity: Identity }
  /** No credentials, or none of a kind this port reads. */
  | { readonly kind: "anonymous" }
  /** Credentials that are wrong, expired or revoked: the request is answered with the problem. */
  | { readonly kind: "refused"; readonly problem: Problem; readonly headers?: readonly string[] };

/**
 * Asked once per request that passed rate limits and CSRF, before anything is validated. What it throws refuses the request
 * as a failure (500).
 */
export interface IdentityPort {
  identify(facts: RequestFacts, client: Address): Identification | Promise<Identification>;
}

/** Told of every settled request, early protocol errors included. What it throws is dropped. */
export interface Observer {
  settled(outcome: Outcome): void;
}

/** Follows a request through the process and beyond it. */
export interface RequestTracer {
  /**
   * Called once for a request that has an id and is judged by nobody yet: what its headers say is the peer's word. Null: this
   * one is not followed. What it throws refuses the request as a failure (500).
   */
  begin(facts: RequestFacts, requestId: string): RequestTrace | null;
}

export interface RequestTrace {
  /** Runs what happens on behalf of the request: who asks, and the handler. Answers what `work` does, or throws it. */
  run<T>(work: () => T): T;
  /** Once, when the request is settled. What it throws is dropped. */
  end(outcome: Outcome): void;
}

/**
 * - `sliding-window` (default): no window, wherever it starts, holds more than the limit.
 * - `token-bucket`: an even pace with bursts; up to `limit + burst` in a window.
 * - `fixed-window`: windows by the clock, all keys start afresh together; up to twice the limit around a boundary.
 */
export type RateLimitAlgorithm = "sliding-window" | "token-bucket" | "fixed-window";

/** What a counter can be told apart by. `endpoint` is the matching route rule. */
export type KeyPart = "address" | "user" | "tenant" | "endpoint";

/** What a store needs to count. */
export interface RateLimitPolicy {
  /** Lower-case letters, digits and hyphens: it is sent in headers and used in configuration. */
  readonly name: string;
  /** Accepted calls in any window. */
  readonly limit: number;
  readonly windowSeconds: number;
  readonly algorithm?: RateLimitAlgorithm;
  /** Calls a rested token bucket lets through at once, 1 to `limit`; default `limit`. */
  readonly burst?: number;
}

export interface RateLimitDecision {
  readonly policy: RateLimitPolicy;
  readonly allowed: boolean;
  readonly remaining: number;
  /** Whole seconds until quota comes back: until some, after a refusal enough for the refused call. */
  readonly resetSeconds: number;
  /** The store could not say: this is what was declared for that case. Only in the mode `local` was anything counted. */
  readonly failure?: { readonly mode: FailureMode; readonly cause: Error };
}

/**
 * Counts a call against a policy and says whether it may go on. A refused call is not counted.
 * Throws `TypeError` for a policy it does not know.
 */
export interface RateLimiter {
  check(key: string, policy: string, cost?: number): RateLimitDecision | Promise<RateLimitDecision>;
}

/** Where counts are kept. Opened once, at start. A store across processes answers with promises, and may reject. */
export interface RateLimitStore {
  /** Throws `TypeError` for a policy it cannot count. */
  open(policies: readonly RateLimitPolicy[], clock: Clock): RateLimiter;
}

/** What somebody should hear of at once, beside the outcome of each request. Must not throw; what it throws is dropped. */
export type RateLimitEvent =
  /** The store stopped answering: requests now get what `onFailure` declares. Once per outage. */
  | { readonly kind: "store-down"; readonly cause: Error; readonly onFailure: FailureMode }
  /** It answers again. `unanswered` decisions were taken without it. */
  | { readonly kind: "store-up"; readonly downMs: number; readonly unanswered: number }
  /** A policy in shadow mode would have refused this request. */
  | {
      readonly kind: "shadow-refusal";
      readonly policy: string;
      readonly key: string;
      readonly requestId: string;
    };

/** What a request gets when the store fails or is late: through, 503, or a count of this process alone. */
export type FailureMode = "allow" | "refuse" | "local";
