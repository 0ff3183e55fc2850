import { type Bloat, readBloat } from "../insights/bloat.ts";
import type { Database } from "../pool/ports.ts";
import { qualified } from "../sql-names.ts";
import { dropHalfMade } from "./half-made.ts";

export interface Reindexed {
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  readonly bytesAfter: number;
  readonly milliseconds: number;
}

export interface ReindexOptions {
  /** How long one may wait for transactions that still use the old index; a minute unless told. Nobody waits behind it. */
  readonly lockTimeoutMs?: number;
  /** Stops after the index under way. */
  readonly signal?: AbortSignal;
  readonly onDone?: (done: Reindexed) => void;
}

const LOCK_TIMEOUT_MS = 60_000;

/** B-trees of which more than this share is room, the most room first. */
const WORTH = 0.3;

export async function reindexTargets(database: Database, { all = false } = {}): Promise<Bloat[]> {
  const bloat = await database.session((session) =>
    readBloat(session, all ? { leastBytes: 0, most: 10_000 } : {}),
  );
  return bloat.filter(
    ({ kind, bytes, wastedBytes }) => kind === "index" && (all || wastedBytes > bytes * WORTH),
  );
}

/** One after the other, each beside running writers. What a failed one left is cleared away before its error goes on. */
export async function reindex(
  database: Database,
  targets: readonly Pick<Bloat, "schema" | "name" | "bytes">[],
  { lockTimeoutMs = LOCK_TIMEOUT_MS, signal, onDone = () => {} }: ReindexOptions = {},
): Promise<Reindexed[]> {
  const done: Reindexed[] = [];
  for (const target of targets) {
    if (signal?.aborted === true) break;
    const result = await reindexOne(database, target, lockTimeoutMs);
    done.push(result);
    onDone(result);
  }
  return done;
}

function reindexOne(
  database: Database,
  { schema, name, bytes }: Pick<Bloat, "schema" | "name" | "bytes">,
  lockTimeoutMs: number,
): Promise<Reindexed> {
  const index = qualified({ schema, name });
  const began = performance.now();
  return database.session(async (session) => {
    await session.query(`SET lock_timeout = ${Math.max(1, Math.round(lockTimeoutMs))}`);
    try {
      await session.query(`REINDEX INDEX CONCURRENTLY ${index}`);
    } catch (error) {
      await dropHalfMade(session, index, "copies");
      throw error;
    }
    const [after] = await session.query<{ bytes: number }>(
      "SELECT pg_relation_size(to_regclass($1)) AS bytes",
      [index],
    );
    return { schema, name, bytes, bytesAfter: after?.bytes ?? 0, milliseconds: performance.now() - began };
  });
}
