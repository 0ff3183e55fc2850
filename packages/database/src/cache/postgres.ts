import type { MigrationSource } from "../migrations/files.ts";
import type { Queryable } from "../pool/ports.ts";
import type { CacheStore, Found } from "./store.ts";

/** The table of the cache, and its functions: `cache_get`, `cache_set`, `cache_delete`, `cache_cleanup_expired`, … */
export const cacheMigrations: MigrationSource = {
  name: "cache",
  directory: new URL("../../migrations/cache/", import.meta.url),
};

const READ = `
  SELECT value::text AS value, fresh_until > clock_timestamp() AS fresh,
         used_at < clock_timestamp() - interval '1 minute' AS resting
  FROM cache_entries WHERE key = $1 AND value IS NOT NULL AND stale_until > clock_timestamp()`;

const MS = "make_interval(secs => $ms::double precision / 1000)";
const interval = (parameter: number): string => MS.replace("$ms", `$${parameter}`);

/** In the application's own database. Nothing more to run; a value costs a query. */
export function postgresCacheStore(database: Queryable): CacheStore {
  async function one<T>(name: string, call: string, values: readonly unknown[]): Promise<T> {
    const options = { name: `rempart-cache-${name}` };
    const [row] = await database.query<{ answer: T }>(`SELECT ${call} AS answer`, values, options);
    return row?.answer as T;
  }
  return {
    async read(key) {
      const [row] = await database.query<Found & { resting: boolean }>(READ, [key], {
        name: "rempart-cache-read",
      });
      if (row?.resting)
        await database.query("UPDATE cache_entries SET used_at = clock_timestamp() WHERE key = $1", [key]);
      return row === undefined ? null : { value: row.value, fresh: row.fresh };
    },
    async write(key, value, { ttlMs, staleMs, tags }) {
      const call = `cache_set($1, $2, ${interval(3)}, $4, ${interval(5)})`;
      await one("write", call, [key, value, ttlMs, tags, staleMs]);
    },
    remove: (key) => one("remove", "cache_delete($1)", [key]),
    removeTag: (tag) => one("remove-tag", "cache_delete_tag($1)", [tag]),
    claim: (key, leaseMs, tags) => one("claim", `cache_claim($1, ${interval(2)}, $3)`, [key, leaseMs, tags]),
    fill: (key, claim, value, { ttlMs, staleMs, tags }) =>
      one("fill", `cache_fill($1, $2, $3, ${interval(4)}, $5, ${interval(6)})`, [
        key,
        claim,
        value,
        ttlMs,
        tags,
        staleMs,
      ]),
    release: (key, claim) => one("release", "cache_release($1, $2)", [key, claim]),
  };
}

export interface CacheStats {
  readonly entries: number;
  readonly fresh: number;
  readonly stale: number;
  readonly expired: number;
  /** Values in the making. */
  readonly claimed: number;
  readonly bytes: number;
  /** With its indexes and the room that is free in it. */
  readonly tableBytes: number;
}

export interface CacheBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export async function cacheStats(database: Queryable): Promise<CacheStats> {
  const [row] = await database.query<CacheStats>(`
    SELECT entries, fresh, stale, expired, claimed, bytes, table_bytes AS "tableBytes" FROM cache_stats()`);
  return row as CacheStats;
}

/** Removes what has expired, and then the least recently used beyond the bounds. Answers how many. For a schedule. */
export async function cleanCache(
  database: Queryable,
  { maxEntries, maxBytes }: CacheBounds,
): Promise<number> {
  let gone = 0;
  for (let last = BATCH; last === BATCH; gone += last) {
    const [row] = await database.query<{ last: number }>("SELECT cache_cleanup_expired($1) AS last", [BATCH]);
    last = row?.last ?? 0;
  }
  const [row] = await database.query<{ beyond: number }>("SELECT cache_cleanup_lru($1, $2) AS beyond", [
    maxEntries,
    maxBytes,
  ]);
  return gone + (row?.beyond ?? 0);
}

const BATCH = 10_000;
