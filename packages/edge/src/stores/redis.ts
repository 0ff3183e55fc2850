/** Counts in Redis 7, for several processes. The client is matched by shape and never imported. */
import { type Clock, toHex, utf8 } from "@rempart/kernel";
import type { RateLimitDecision, RateLimiter, RateLimitPolicy, RateLimitStore } from "../ports.ts";
import { checkCost, unknownPolicy } from "../rate/meter.ts";
import { slotsOf } from "../rate/sliding-window.ts";
import { burstOf } from "../rate/token-bucket.ts";
import { BUCKET_SCRIPT, WINDOW_SCRIPT } from "./redis-scripts.ts";

export interface ScriptCall {
  keys: string[];
  arguments: string[];
}

/**
 * What is used of a client or a cluster of the `redis` package. Make it fail fast while it is not connected
 * (`disableOfflineQueue: true`) and bound its queue (`commandsQueueMaxLength`).
 */
export interface RedisClient {
  evalSha(sha: string, call: ScriptCall): Promise<unknown>;
  eval(script: string, call: ScriptCall): Promise<unknown>;
}

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

type Script = (call: ScriptCall) => Promise<unknown>;

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

/** By its digest; by its text where the server does not know it yet: at first, and after a restart or `SCRIPT FLUSH`. */
function createScript(client: RedisClient, text: string): Script {
  const digest = sha1(text);
  return async (call) => {
    try {
      return await client.evalSha(await digest, call);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return client.eval(text, call);
    }
  };
}

/** The name Redis gives a script, not a safeguard. */
async function sha1(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", utf8(text));
  return toHex(new Uint8Array(digest));
}
