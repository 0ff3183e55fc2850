/** Counts in Redis 7, for several processes. The client is matched by shape and never imported. */
import type { Clock } from "@rempart/kernel";
import type { RateLimitDecision, RateLimiter, RateLimitPolicy, RateLimitStore } from "../ports.ts";
import { checkCost, unknownPolicy } from "../rate/meter.ts";
import { slotsOf } from "../rate/sliding-window.ts";
import { burstOf } from "../rate/token-bucket.ts";
import { createScript, type RedisClient, type Script } from "./redis-client.ts";
import { BUCKET_SCRIPT, WINDOW_SCRIPT } from "./redis-scripts.ts";

export type { RedisClient, ScriptCall } from "./redis-client.ts";
export { type RedisKeysOptions, redisIdempotencyStore } from "./redis-idempotency.ts";
export { redisReplayStore } from "./redis-replays.ts";

export interface RedisStoreOptions {
  readonly client: RedisClient;
  /** Start of every key; default `rempart:limit`. */
  readonly prefix?: string;
  /**
   * Whose clock counts. `server` (default): Redis's own, one for all processes, so that none of them needs a right clock.
   * `process`: the caller's; processes whose clocks differ then move each other's windows.
   */
  readonly time?: "server" | "process";
}

/** One script call per decision, on one key; the client's key is the hash tag, so a cluster keeps its policies together. */
export function redisStore({
  client,
  prefix = "rempart:limit",
  time = "server",
}: RedisStoreOptions): RateLimitStore {
  const scripts = {
    window: createScript(client, WINDOW_SCRIPT),
    bucket: createScript(client, BUCKET_SCRIPT),
  };
  return {
    open(policies, clock) {
      const now = time === "server" ? () => "" : () => wallMilliseconds(clock);
      const counters = new Map(policies.map((policy) => [policy.name, compileCounter(policy, scripts)]));
      return redisLimiter(counters, prefix, now);
    },
  };
}

interface Counter {
  readonly policy: RateLimitPolicy;
  readonly run: Script;
  /** What of the policy the meaning of a stored state depends on: another one finds no state to misread. */
  readonly suffix: string;
  readonly settings: readonly string[];
}

function compileCounter(policy: RateLimitPolicy, scripts: { window: Script; bucket: Script }): Counter {
  const isBucket = policy.algorithm === "token-bucket";
  const { count, parts, windowMs } = slotsOf(policy);
  const settings = isBucket ? [burstOf(policy), windowMs] : [count, parts, windowMs];
  return {
    policy,
    run: isBucket ? scripts.bucket : scripts.window,
    suffix: `}:${policy.name}:${policy.algorithm ?? "sliding-window"}:${policy.windowSeconds}`,
    settings: [policy.limit, ...settings].map(String),
  };
}

function redisLimiter(
  counters: ReadonlyMap<string, Counter>,
  prefix: string,
  now: () => string,
): RateLimiter {
  return {
    async check(key, name, cost = 1) {
      const counter = counters.get(name);
      if (counter === undefined) throw unknownPolicy(name);
      checkCost(cost);
      const { policy, run, suffix, settings } = counter;
      const answer = await run({
        keys: [`${prefix}:{${key}${suffix}`],
        arguments: [now(), String(cost), ...settings],
      });
      return readDecision(policy, answer);
    },
  };
}

function wallMilliseconds(clock: Clock): string {
  return String(Math.floor(clock.now()));
}

function readDecision(policy: RateLimitPolicy, answer: unknown): RateLimitDecision {
  const [allowed, remaining, resetSeconds] = Array.isArray(answer) ? answer : [];
  if (![allowed, remaining, resetSeconds].every(Number.isSafeInteger)) {
    throw new Error("Redis did not answer a decision of the rate limiter");
  }
  return { policy, allowed: allowed === 1, remaining, resetSeconds };
}
