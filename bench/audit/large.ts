/** Ten million entries. */
import type { World } from "./world.ts";

const DAY_MS = 86_400_000;

/**
 * Entries as the recorder makes them but for their contents: made in the database, with random salts and commitments, each
 * transaction a batch. They take the places, indexes and bytes of real ones; the real sequencer gives them their places.
 */
export async function fill({ database }: World, count: number, batch: number): Promise<void> {
  const start = Date.now() - DAY_MS;
  for (let done = 0; done < count; done += batch) {
    await database.session((session) =>
      session.query(
        `INSERT INTO audit_entries (id, created_at, event_type, retention, body, subject, personal, ip_address, salt, commitment)
         SELECT gen_random_uuid(), to_timestamp($1::double precision / 1000) + make_interval(secs => ($2::bigint + i) * 0.008),
                'access.request', 'access',
                jsonb_build_object('actor', jsonb_build_object('userId', gen_random_uuid()), 'request',
                  jsonb_build_object('id', gen_random_uuid(), 'method', 'POST', 'path', '/api/v1/conversations/messages',
                                     'status', 201, 'success', true)),
                'user-' || (i % 100000), uuid_send(gen_random_uuid()) || sha256(i::text::bytea) || sha256((i + 1)::text::bytea) ||
                  sha256((i + 2)::text::bytea), '192.0.2.1', uuid_send(gen_random_uuid()), sha256(uuid_send(gen_random_uuid()))
         FROM generate_series(1, $3::integer) AS i`,
        [start, done, Math.min(batch, count - done)],
      ),
    );
  }
}
