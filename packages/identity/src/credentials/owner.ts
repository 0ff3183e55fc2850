import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";

interface Owner {
  id: Uuid;
  email: string;
  language: string | null;
}

/** Who has this address, or may still take it back. */
export async function findOwner(context: Context, db: Queryable, email: string): Promise<Owner | null> {
  const [owner] = await db.query<Owner>(
    `SELECT u.id, u.email, u.language FROM users u WHERE u.email = $1 OR u.id IN (
       SELECT user_id FROM one_time_links
       WHERE email = $1 AND purpose = 'undo-email-change' AND expires_at > $2)
     ORDER BY u.email = $1 DESC LIMIT 1`,
    [email, instant(context.clock.now())],
  );
  return owner ?? null;
}
