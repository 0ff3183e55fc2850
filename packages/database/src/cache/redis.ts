import { randomUUID } from "node:crypto";
import type { CacheStore, Found, Keeping } from "./store.ts";

/** What is used of a client of `redis`: it is matched by shape and never imported. */
export interface CacheRedis {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

const NOW = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

const READ = `${NOW}
  local found = redis.call('HMGET', KEYS[1], 'value', 'fresh')
  if not found[1] then return false end
  return { found[1], tonumber(found[2]) > now and 1 or 0 }`;

/** KEYS: entry, claim, tags. ARGV: value, ttl, stale, claim held or '', tags as one text. */
const WRITE = `${NOW}
  if ARGV[4] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[4] then return 0 end
  local life = tonumber(ARGV[2]) + tonumber(ARGV[3])
  redis.call('HSET', KEYS[1], 'value', ARGV[1], 'fresh', now + tonumber(ARGV[2]), 'tags', ARGV[5])
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('DEL', KEYS[2])
  for i = 3, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
    redis.call('ZADD', KEYS[i], now + life, KEYS[1])
    if redis.call('PTTL', KEYS[i]) < life then redis.call('PEXPIRE', KEYS[i], life) end
  end
  return 1`;

const REMOVE = `
  redis.call('DEL', KEYS[2])
  return redis.call('DEL', KEYS[1])`;

/** A member is an entry, which may have other tags by now, or a claim. ARGV: tag between its edges, how entries and claims begin. */
const REMOVE_TAG = `
  local gone = 0
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if redis.call('TYPE', member).ok == 'string' then
      redis.call('DEL', member)
    else
      local tags = redis.call('HGET', member, 'tags')
      if tags and string.find(tags, ARGV[1], 1, true) then
        gone = gone + redis.call('DEL', member)
        redis.call('DEL', ARGV[3] .. string.sub(member, #ARGV[2] + 1))
      end
    end
  end
  redis.call('DEL', KEYS[1])
  return gone`;

/** KEYS: entry, claim, tags. ARGV: token, lease. */
const CLAIM = `${NOW}
  local fresh = redis.call('HGET', KEYS[1], 'fresh')
  if fresh and tonumber(fresh) > now then return 0 end
  if not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
  local lease = tonumber(ARGV[2])
  for i = 3, #KEYS do
    redis.call('ZADD', KEYS[i], now + lease, KEYS[2])
    if redis.call('PTTL', KEYS[i]) < lease then redis.call('PEXPIRE', KEYS[i], lease) end
  end
  return 1`;

const RELEASE = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return 1`;

/** Stands around each tag of an entry, and in none. */
const EDGE = "\u001f";

export interface RedisCacheOptions {
  readonly client: CacheRedis;
  /** Start of every key; default `rempart:cache`. */
  readonly prefix?: string;
}

/** In Redis 7, one node with its replicas: a tag names keys of every slot, so a cluster cannot hold it. */
export function redisCacheStore({ client, prefix = "rempart:cache" }: RedisCacheOptions): CacheStore {
  const entryOf = (key: string): string => `${prefix}:entry:${key}`;
  const claimOf = (key: string): string => `${prefix}:claim:${key}`;
  const tagsOf = (tags: readonly string[]): string[] => tags.map((tag) => `${prefix}:tag:${tag}`);
  const run = (script: string, keys: string[], ...args: readonly (string | number)[]): Promise<unknown> =>
    client.eval(script, { keys, arguments: args.map(String) });

  async function write(key: string, value: string, keeping: Keeping, claim: string): Promise<boolean> {
    const { ttlMs, staleMs, tags } = keeping;
    const keys = [entryOf(key), claimOf(key), ...tagsOf(tags)];
    const marked = tags.map((tag) => EDGE + tag + EDGE).join("");
    return (await run(WRITE, keys, value, ttlMs, staleMs, claim, marked)) === 1;
  }

  return {
    async read(key): Promise<Found | null> {
      const found = (await run(READ, [entryOf(key)])) as readonly [string, number] | null;
      return found === null ? null : { value: found[0], fresh: found[1] === 1 };
    },
    async write(key, value, keeping) {
      await write(key, value, keeping, "");
    },
    remove: async (key) => (await run(REMOVE, [entryOf(key), claimOf(key)])) === 1,
    removeTag: async (tag) =>
      Number(await run(REMOVE_TAG, tagsOf([tag]), EDGE + tag + EDGE, entryOf(""), claimOf(""))),
    async claim(key, leaseMs, tags) {
      const token = randomUUID();
      const taken = await run(CLAIM, [entryOf(key), claimOf(key), ...tagsOf(tags)], token, leaseMs);
      return taken === 1 ? token : null;
    },
    fill: (key, claim, value, keeping) => write(key, value, keeping, claim),
    async release(key, claim) {
      await run(RELEASE, [claimOf(key)], claim);
    },
  };
}
