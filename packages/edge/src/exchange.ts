import { type Address, UNKNOWN_ADDRESS } from "./address/ip.ts";
import type { RequestFacts } from "./facts.ts";
import type { Attempt } from "./idempotency/idempotency.ts";
import type { Identity, Outcome, RateLimitDecision, RequestTrace } from "./ports.ts";
import type { ConcurrencyLimit } from "./rate/concurrency.ts";
import type { CompiledRoute } from "./route-table.ts";
import type { RequestParts } from "./validation/validator.ts";
import { PASS, type Verdict } from "./verdict.ts";

/** What a handler is given beside the request. */
export interface EdgeContext {
  readonly requestId: string;
  /** The client's address, behind trusted proxies too. */
  readonly client: Address;
  /** How the client reached us; null when a proxy of ours does not say. */
  readonly scheme: "http" | "https" | null;
  /** For `<script nonce>` when the policy uses nonces; asking for it otherwise gives a value no policy names. */
  readonly nonce: string;
  /** Name of the matching route rule, or `default`. */
  readonly routeClass: string;
  /** The version of the API that was asked for; null without `versions`. */
  readonly version: string | null;
  /** Who asks, as the `identity` port verified it; null for nobody it knows. */
  readonly identity: Identity | null;
  /** What the route's schemas made of the request; read it with its types by `validated`. */
  readonly parts: RequestParts;
  /** Experiment → this browser's variant; empty without `experiments`. */
  readonly variants: Readonly<Record<string, string>>;
  /** Set it to the application's name for its route (`/users/:id`): metrics and logs then carry it. */
  route: string;
}

const NOTHING: Readonly<Record<string, never>> = Object.freeze({});

/** One request's state on its way through the edge. */
export class Exchange implements EdgeContext, Outcome {
  readonly facts: RequestFacts;
  readonly startedAt: number;
  readonly #newNonce: () => string;
  requestId = "";
  client: Address = UNKNOWN_ADDRESS;
  scheme: "http" | "https" | null = null;
  readonly matched: CompiledRoute;
  decided: Verdict = PASS;
  decision: RateLimitDecision | null = null;
  /** Decisions the application took itself. */
  moreDecisions: RateLimitDecision[] | null = null;
  /** The cross-origin caller that was allowed. */
  allowedOrigin: string | null = null;
  version: string | null = null;
  identity: Identity | null = null;
  parts: RequestParts = NOTHING;
  variants: Readonly<Record<string, string>> = NOTHING;
  /** What policies add to whatever is answered, as a flat list; see `ADDED_TO`. */
  added: readonly string[] | null = null;
  /** A policy must see the body before the handler does: the adapter reads it whole and calls `admitBody`. */
  needsBody = false;
  idempotencyKey: string | null = null;
  /** Held while the handler works: the adapter hands it the answer. */
  attempt: Attempt | null = null;
  trace: RequestTrace | null = null;
  /** Where this request has a place, to be given back when it settles. */
  place: ConcurrencyLimit | null = null;
  status = 0;
  durationMs = 0;
  aborted = false;
  code: string | null = null;
  reason: string | null = null;
  cause: unknown;
  #nonce = "";
  #route = "";

  constructor(facts: RequestFacts, startedAt: number, matched: CompiledRoute, newNonce: () => string) {
    this.facts = facts;
    this.startedAt = startedAt;
    this.matched = matched;
    this.#newNonce = newNonce;
  }

  get nonce(): string {
    if (this.#nonce === "") this.#nonce = this.#newNonce();
    return this.#nonce;
  }

  get verdict(): Verdict["kind"] {
    return this.decided.kind;
  }

  /** Runs what happens on behalf of this request. */
  run<T>(work: () => T): T {
    return this.trace === null ? work() : this.trace.run(work);
  }

  addDecision(decision: RateLimitDecision): void {
    if (this.decision === null) this.decision = decision;
    else if (this.moreDecisions === null) this.moreDecisions = [decision];
    else this.moreDecisions.push(decision);
  }

  addHeaders(headers: readonly string[]): void {
    if (headers.length > 0) this.added = this.added === null ? headers : [...this.added, ...headers];
  }

  get routeClass(): string {
    return this.matched.name;
  }

  get route(): string {
    return this.#route === "" ? this.matched.name : this.#route;
  }

  set route(name: string) {
    this.#route = name;
  }

  get method(): string {
    return this.facts.method;
  }

  get path(): string {
    const { target } = this.facts;
    const query = target.indexOf("?");
    return query < 0 ? target : target.slice(0, query);
  }

  get address(): string {
    return this.client.text;
  }
}
