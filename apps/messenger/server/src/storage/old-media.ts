import type { Queryable } from "@rempart/database";

export interface OldMedia {
  /** Of the object in the store. */
  readonly key: string;
  /** Bytes of the ciphertext. */
  readonly size: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** Older than so many days, and no message refers to it. */
const OLD = `created_at < now() - make_interval(days => $1)
  AND NOT EXISTS (SELECT FROM messages WHERE messages.media_id = media_files.id)`;
const COLUMNS = `s3_key AS key, size, floor(extract(epoch FROM created_at) * 1000)::bigint AS "createdAt"`;

export async function countOldMedia(
  database: Queryable,
  days: number,
): Promise<{ files: number; bytes: number }> {
  const [row] = await database.query<{ files: number; bytes: number }>(
    `SELECT count(*)::int AS files, coalesce(sum(size), 0)::bigint AS bytes FROM media_files WHERE ${OLD}`,
    [days],
  );
  return row ?? { files: 0, bytes: 0 };
}

/** The oldest of them. */
export function listOldMedia(database: Queryable, days: number, most: number): Promise<OldMedia[]> {
  return database.query(
    `SELECT ${COLUMNS} FROM media_files WHERE ${OLD} ORDER BY media_files.created_at, id LIMIT $2`,
    [days, most],
  );
}

/** The database forgets up to `most` of them, and gives what it knew: the objects stay in the store. */
export function forgetOldMedia(database: Queryable, days: number, most: number): Promise<OldMedia[]> {
  return database.query(
    `DELETE FROM media_files WHERE id IN (
       SELECT id FROM media_files WHERE ${OLD} ORDER BY created_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
     ) RETURNING ${COLUMNS}`,
    [days, most],
  );
}
