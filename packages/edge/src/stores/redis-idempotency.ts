import type { IdempotencyEntry, IdempotencyStore } from "../idempotency/store.ts";
import { fromText, toText } from "../idempotency/stored-text.ts";
import { createScript, type RedisClient } from "./redis-client.ts";
import { ABANDON_SCRIPT, BEGIN_SCRIPT, FINISH_SCRIPT } from "./redis-scripts.ts";

export interface RedisKeysOptions {
  readonly client: RedisClient;
  /** Start of every key. */
  readonly prefix?: string;
}

/**
 * Idempotency keys for several processes, one script call each, by the server's clock. Exact as long as Redis keeps its
 * data: without persistence, or in a fail-over, a key may be forgotten and its request run again.
 */
export function redisIdempotencyStore({
  client,
  prefix = "rempart:idempotency",
}: RedisKeysOptions): IdempotencyStore {
  const begin = createScript(client, BEGIN_SCRIPT);
  const finish = createScript(client, FINISH_SCRIPT);
  const abandon = createScript(client, ABANDON_SCRIPT);
  const keysOf = (key: string): string[] => [`${prefix}:{${key}}`];
  return {
    async begin(key, owner, fingerprint, holdSeconds) {
      const known = await begin({
        keys: keysOf(key),
        arguments: [owner, fingerprint, milliseconds(holdSeconds)],
      });
      return known === null ? null : readEntry(known);
    },
    async finish(key, owner, answer, keepSeconds) {
      const done = await finish({
        keys: keysOf(key),
        arguments: [owner, toText(answer), milliseconds(keepSeconds)],
      });
      return done === 1;
    },
    async abandon(key, owner) {
      return (await abandon({ keys: keysOf(key), arguments: [owner] })) === 1;
    },
  };
}

function milliseconds(seconds: number): string {
  return String(Math.ceil(seconds * 1000));
}

function readEntry(known: unknown): IdempotencyEntry {
  const [fingerprint, state, answer] = Array.isArray(known) ? known : [];
  if (typeof fingerprint === "string" && state === "running") return { state, fingerprint };
  if (typeof fingerprint === "string" && state === "done" && typeof answer === "string")
    return { state, fingerprint, answer: fromText(answer) };
  throw new Error("Redis did not answer what is known of an idempotency key");
}
