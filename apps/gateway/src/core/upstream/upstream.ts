import type { Clock } from "@rempart/kernel";
import type { UpstreamSettings } from "../../config/schema.ts";
import { GatewayError } from "../../errors.ts";
import { askBreaker, type Breaker, CLOSED, tellBreaker } from "./breaker.ts";
import { type Candidate, chooseTarget } from "./choose.ts";
import { type Health, type HealthChange, type HealthEvent, healthChange, nextHealth } from "./health.ts";
import { earnRetry, FULL_BUDGET, type RetryBudget, spendRetry } from "./retry.ts";

/** What somebody should hear of: a target or a circuit that changed. */
export type UpstreamEvent = {
  readonly upstream: string;
  /** Of the request that tipped the balance, where it was one. */
  readonly requestId?: string;
} & (
  | { readonly kind: HealthChange; readonly target: string }
  | { readonly kind: "circuit-opened" | "circuit-closed" }
);

/** One address of an upstream, however it is reached. */
export interface JudgedTarget extends Candidate {
  readonly name: string;
  health: Health;
}

/** A named service behind the gateway: its targets, and what is known of them. */
export class Upstream<T extends JudgedTarget> {
  readonly name: string;
  readonly settings: UpstreamSettings;
  readonly targets: readonly T[];
  readonly #clock: Clock;
  readonly #observe: (event: UpstreamEvent) => void;
  #breaker: Breaker = CLOSED;
  #budget: RetryBudget = FULL_BUDGET;
  #turn = 0;

  constructor(
    name: string,
    settings: UpstreamSettings,
    targets: readonly T[],
    clock: Clock,
    observe: (event: UpstreamEvent) => void,
  ) {
    this.name = name;
    this.settings = settings;
    this.targets = targets;
    this.#clock = clock;
    this.#observe = observe;
  }

  get circuit(): Breaker["kind"] {
    return this.#breaker.kind;
  }

  /** Asked once per request, before its first attempt. Throws `upstream-unavailable` while the circuit is open. */
  admit(): void {
    const { allowed, breaker } = askBreaker(this.#breaker, this.#clock.monotonic(), this.settings.breaker);
    this.#breaker = breaker;
    if (!allowed) throw new GatewayError("upstream-unavailable", `The circuit of ${this.name} is open`);
    this.#budget = earnRetry(this.#budget, this.settings.retry);
  }

  /** Whether the budget bears another attempt; it is spent then. */
  spendRetry(): boolean {
    const left = spendRetry(this.#budget);
    if (left !== null) this.#budget = left;
    return left !== null;
  }

  /** The target for the next attempt. Throws `upstream-unavailable` when none is up. */
  choose(tried: ReadonlySet<T> | null): T {
    const target = chooseTarget(this.targets, this.#turn, this.#clock.monotonic(), tried);
    this.#turn = (this.#turn + 1) % this.targets.length;
    if (target === null) throw new GatewayError("upstream-unavailable", `No target of ${this.name} is up`);
    return target;
  }

  /** How a request to `target` went. */
  tell(target: T, succeeded: boolean, requestId: string): void {
    const now = this.#clock.monotonic();
    const before = this.#breaker.kind;
    this.#breaker = tellBreaker(this.#breaker, succeeded, now, this.settings.breaker);
    if (this.#breaker.kind !== before && this.#breaker.kind !== "half-open") {
      const kind = this.#breaker.kind === "open" ? "circuit-opened" : "circuit-closed";
      this.#observe({ kind, upstream: this.name, requestId });
    }
    this.judge(target, succeeded ? "request-succeeded" : "request-failed", requestId);
  }

  judge(target: T, event: HealthEvent, requestId?: string): void {
    const before = target.health;
    target.health = nextHealth(before, event, this.#clock.monotonic(), this.settings.health);
    const change = healthChange(before, target.health);
    if (change === null) return;
    const cause = requestId === undefined ? {} : { requestId };
    this.#observe({ kind: change, upstream: this.name, target: target.name, ...cause });
  }
}
