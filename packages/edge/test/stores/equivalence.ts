import assert from "node:assert/strict";
import { type ManualClock, manualClock } from "@rempart/kernel";
import fc from "fast-check";
import type { RateLimiter, RateLimitPolicy, RateLimitStore } from "../../src/ports.ts";
import { ReferenceLimiter } from "./model.ts";

export interface Subject {
  readonly name: string;
  readonly policies: readonly RateLimitPolicy[];
  /** A fresh store with nothing in it. */
  create(): RateLimitStore;
}

interface Model {
  readonly reference: ReferenceLimiter;
}

interface Real {
  readonly clock: ManualClock;
  readonly limiter: RateLimiter;
}

class Check implements fc.AsyncCommand<Model, Real> {
  readonly key: string;
  readonly policy: RateLimitPolicy;
  readonly cost: number;

  constructor(key: string, policy: RateLimitPolicy, cost: number) {
    this.key = key;
    this.policy = policy;
    this.cost = cost;
  }

  check(): boolean {
    return true;
  }

  async run({ reference }: Model, { clock, limiter }: Real): Promise<void> {
    const expected = reference.check(this.key, this.policy, this.cost, clock.now());
    const { allowed, remaining, resetSeconds } = await limiter.check(this.key, this.policy.name, this.cost);
    assert.deepEqual({ allowed, remaining, resetSeconds }, expected, this.toString());
  }

  toString(): string {
    return `check(${JSON.stringify(this.key)}, ${this.policy.name}, ${this.cost})`;
  }
}

class Wait implements fc.AsyncCommand<Model, Real> {
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }

  check(): boolean {
    return true;
  }

  async run(_model: Model, { clock }: Real): Promise<void> {
    clock.advance(this.milliseconds);
  }

  toString(): string {
    return `wait(${this.milliseconds})`;
  }
}

const KEYS = ["a", "b", "}:x{", "2001:db8:0:1::/64"];

function commands(policies: readonly RateLimitPolicy[]) {
  const check = fc
    .tuple(
      fc.constantFrom(...KEYS),
      fc.constantFrom(...policies),
      fc.oneof(
        { weight: 4, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) },
      ),
    )
    .map(([key, policy, cost]) => new Check(key, policy, cost));
  const wait = fc
    .oneof(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 0, max: 90_000 }),
      fc.constantFrom(1, 4000, 10_000),
    )
    .map((milliseconds) => new Wait(milliseconds));
  return fc.commands([check, check, check, wait], { maxCommands: 60, size: "+1" });
}

/** Every store answers every sequence of calls as the reference does, over made-up time. */
export async function assertEquivalent(subject: Subject, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(commands(subject.policies), async (sequence) => {
    const clock = manualClock();
    const limiter = subject.create().open(subject.policies, clock);
    const setup = () => ({ model: { reference: new ReferenceLimiter() }, real: { clock, limiter } });
    await fc.asyncModelRun(setup, sequence);
  });
  await fc.assert(property, { numRuns });
}
