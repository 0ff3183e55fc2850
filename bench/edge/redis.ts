/**
 * What counting in Redis adds to a decision: `node bench/edge/redis.ts` (needs `redis-server`; CALLS sets the length).
 * One call at a time and sixteen at a time, beside the memory store; then with the server stopped by SIGSTOP: how long the
 * slowest answers take, and how many asked it at all. Written to `bench/results/edge-redis.md`.
 */

import { setImmediate } from "node:timers/promises";
import { guardLimiter, memoryStore, type RateLimiter, type RateLimitPolicy } from "@rempart/edge";
import { redisStore } from "@rempart/edge/redis";
import { systemClock } from "@rempart/kernel";
import { startRedis } from "@rempart/testing";
import { createClient } from "redis";
import { count, quantile, type Row, table, writeReport } from "../lib/report.ts";

const CALLS = Number(process.env.CALLS ?? 20_000);
const WARM_UP = 2000;
const BUDGET_MS = 20;
const KEYS = 1000;
const POLICIES: readonly RateLimitPolicy[] = [
  { name: "sliding", limit: 1_000_000, windowSeconds: 60 },
  { name: "bucket", limit: 1_000_000, windowSeconds: 60, algorithm: "token-bucket" },
];

/** Milliseconds of each call, `lanes` of them at a time. */
async function latencies(
  limiter: RateLimiter,
  policy: string,
  calls: number,
  lanes: number,
): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < calls) {
      const key = `198.51.100.${next % KEYS}`;
      next += 1;
      // As a request would, each call comes from the event loop: lanes that never left it would hold up the budget's timers.
      await setImmediate();
      const from = performance.now();
      await limiter.check(key, policy);
      times.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return times;
}

function row(name: string, times: readonly number[]): Row {
  const at = (q: number): string => quantile(times, q).toFixed(3);
  return [name, count(times.length), at(0.5), at(0.99), Math.max(...times).toFixed(3)];
}

const redis = await startRedis();
const client = createClient({ url: redis.url, disableOfflineQueue: true, commandsQueueMaxLength: 10_000 });
client.on("error", () => {});
await client.connect();

const guarded = guardLimiter(redisStore({ client }).open(POLICIES, systemClock), {
  policies: POLICIES,
  clock: systemClock,
  budgetMs: BUDGET_MS,
  onFailure: "local",
  observe: ({ kind }) => process.stderr.write(`${kind}\n`),
});
const memory = memoryStore().open(POLICIES, systemClock);

const rows: Row[] = [];
for (const { name } of POLICIES) {
  await latencies(guarded, name, WARM_UP, 16);
  rows.push(row(`memory, ${name}`, await latencies(memory, name, CALLS, 1)));
  rows.push(row(`Redis, ${name}, one at a time`, await latencies(guarded, name, CALLS, 1)));
  rows.push(row(`Redis, ${name}, 16 at a time`, await latencies(guarded, name, CALLS, 16)));
}

redis.freeze();
const before = guarded.stats();
const frozen = await latencies(guarded, "sliding", CALLS, 16);
const { unanswered, pending } = guarded.stats();
rows.push(row(`Redis frozen, budget ${BUDGET_MS} ms, 16 at a time`, frozen));
redis.thaw();
client.destroy();
await redis.stop();

writeReport("edge-redis", "A decision counted in Redis", [
  "Milliseconds a decision takes, guard and client included, on one machine over loopback.",
  table(["store", "calls", "p50 ms", "p99 ms", "slowest ms"], rows),
  `While frozen, ${count(unanswered - before.unanswered)} decisions were taken from the local count; the server held ${pending} unanswered calls at the end, and ${count(frozen.filter((ms) => ms > BUDGET_MS + 5).length)} answers took more than the budget and 5 ms.`,
]);
