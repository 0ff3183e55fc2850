import type { SpanContext } from "@opentelemetry/api";
import type { Scope } from "../scope.ts";
import type { ParentFields, TraceHeaders } from "./parent.ts";

/** What the edge, the database and the runtime call, matched by shape: none of them is imported. */

export interface FollowedFacts extends ParentFields {
  readonly method: string;
}

export interface FollowedOutcome {
  /** The application's name for the route, never the path. */
  readonly route: string;
  readonly status: number;
  readonly code: string | null;
  readonly aborted: boolean;
}

export interface FollowedRequest {
  run<T>(work: () => T): T;
  end(outcome: FollowedOutcome): void;
}

export type StatementTracer = (text: string, name: string | undefined) => (error?: unknown) => void;
export type CallTracer = <T>(dependency: string, work: () => Promise<T>) => Promise<T>;

/** Where something that happens later comes from: a message on a socket, from the request that opened it. */
export interface Origin extends Scope {
  readonly span?: SpanContext;
}

/** Runs something as part of what was handled when it was kept. */
export type Held = <T>(work: () => T) => T;

/** All of it is there, and does next to nothing, while traces are off. */
export interface Tracing {
  /** For an edge's `tracer`. Log lines get the request's id from it, also while traces are off. */
  readonly requests: { begin(facts: FollowedFacts, requestId: string): FollowedRequest };
  /** For a database's `trace`. Statements outside of any trace are not followed. */
  readonly statement?: StatementTracer;
  /** For a dependency's `trace`. */
  readonly call?: CallTracer;
  /** The present request, to be kept for what it causes later. Undefined outside of one. */
  origin(): Origin | undefined;
  /**
   * Runs the handling of one message as a trace of its own that names its origin, until what `work` answers is settled. `kind` is
   * one of few; `traceparent` is the sender's, in the message itself.
   */
  message<T>(kind: string, origin: Origin | undefined, work: () => T, traceparent?: string): T;
  /** Keeps what is handled now, for what is done for it later among other things. */
  readonly hold?: () => Held;
  /** What tells the next process; undefined outside of a trace. */
  headers(): TraceHeaders | undefined;
  /** Sends what waits, for two seconds at most. */
  close(): Promise<void>;
}
