import type { RateLimitPolicy } from "../../src/ports.ts";

interface Accepted {
  readonly at: number;
  readonly cost: number;
}

export interface Expected {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly resetSeconds: number;
}

/**
 * The reference: it keeps every accepted call of a key for ever and reckons each answer anew from the definition of its
 * algorithm. Slow, and without any of the stores' shortcuts.
 */
export class ReferenceLimiter {
  readonly #log = new Map<string, Accepted[]>();

  check(key: string, policy: RateLimitPolicy, cost: number, now: number): Expected {
    const id = `${policy.name} ${key}`;
    const accepted = this.#log.get(id) ?? [];
    const before = freeAt(policy, accepted, now);
    const allowed = cost <= before;
    if (allowed) this.#log.set(id, [...accepted, { at: now, cost }]);
    const after = allowed ? before - cost : before;
    const log = this.#log.get(id) ?? [];
    const wanted = allowed ? after + 1 : cost;
    return { allowed, remaining: after, resetSeconds: secondsUntil(policy, log, now, wanted) };
  }
}

/** Quota at an instant, given the calls accepted until then. */
function freeAt(policy: RateLimitPolicy, accepted: readonly Accepted[], now: number): number {
  if (policy.algorithm === "token-bucket") return Math.floor(tokensAt(policy, accepted, now));
  const { slots, slotOf } = cut(policy);
  const counted = accepted.filter(({ at }) => slotOf(at) > slotOf(now) - slots);
  return policy.limit - counted.reduce((sum, { cost }) => sum + cost, 0);
}

function cut({ algorithm, windowSeconds }: RateLimitPolicy) {
  const parts = algorithm === "fixed-window" ? 1n : 15n;
  const windowMs = BigInt(windowSeconds * 1000);
  return {
    slots: algorithm === "fixed-window" ? 1 : 16,
    slotOf: (at: number) => Number((BigInt(at) * parts) / windowMs),
  };
}

/** A bucket filled evenly from the first call on, in exact fractions of a token: thousandths of a window are its unit. */
function tokensAt(policy: RateLimitPolicy, accepted: readonly Accepted[], now: number): number {
  const windowMs = BigInt(policy.windowSeconds * 1000);
  const capacity = BigInt(policy.burst ?? policy.limit) * windowMs;
  let level = capacity;
  let last = 0;
  for (const { at, cost } of [...accepted, { at: now, cost: 0 }]) {
    level += BigInt(at - last) * BigInt(policy.limit);
    if (level > capacity) level = capacity;
    level -= BigInt(cost) * windowMs;
    last = at;
  }
  return Number(level) / Number(windowMs);
}

/** The first whole second, counted up from one, at which `wanted` is free: found by looking. */
function secondsUntil(
  policy: RateLimitPolicy,
  accepted: readonly Accepted[],
  now: number,
  wanted: number,
): number {
  const most = policy.algorithm === "token-bucket" ? (policy.burst ?? policy.limit) : policy.limit;
  const reachable = Math.min(wanted, most);
  for (let seconds = 1; seconds <= policy.windowSeconds * 2; seconds += 1) {
    if (freeAt(policy, accepted, now + seconds * 1000) >= reachable) return seconds;
  }
  throw new Error(`${policy.name} never has ${wanted} free again`);
}
