import type { ReplayStore } from "../webhooks/replay-store.ts";
import { createScript } from "./redis-client.ts";
import type { RedisKeysOptions } from "./redis-idempotency.ts";
import { CLAIM_SCRIPT, RELEASE_SCRIPT } from "./redis-scripts.ts";

/**
 * Events that were taken, for several processes: exactly one of them gets an id, as long as Redis keeps its data. A store
 * that does not answer makes `verify` reject: the sender tries again.
 */
export function redisReplayStore({ client, prefix = "rempart:event" }: RedisKeysOptions): ReplayStore {
  const claim = createScript(client, CLAIM_SCRIPT);
  const release = createScript(client, RELEASE_SCRIPT);
  const keysOf = (id: string): string[] => [`${prefix}:{${id}}`];
  return {
    async claim(id, ttlSeconds) {
      const milliseconds = String(Math.ceil(ttlSeconds * 1000));
      return (await claim({ keys: keysOf(id), arguments: [milliseconds] })) === 1;
    },
    async release(id) {
      await release({ keys: keysOf(id), arguments: [] });
    },
  };
}
