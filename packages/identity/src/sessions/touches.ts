import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { instant } from "../context.ts";

interface TouchTimes {
  readonly touchEveryMs: number;
  /** A longer pause begins a new stretch of use. */
  readonly pauseMs: number;
}

type Write = (db: Queryable, touches: ReadonlyMap<Uuid, number>) => Promise<void>;

/** Last uses that are not written yet: many sessions, or keys, become one statement. */
export class Touches {
  readonly #limit: number;
  readonly #write: Write;
  #pending = new Map<Uuid, number>();

  /** Past `limit` sessions, further ones are not noted until the next flush; they only look less recently used. */
  constructor(limit: number, write: Write) {
    this.#limit = limit;
    this.#write = write;
  }

  note(sessionId: Uuid, at: number): void {
    if (this.#pending.size < this.#limit || this.#pending.has(sessionId)) this.#pending.set(sessionId, at);
  }

  /** Writes them; what fails to be written waits for the next time. */
  async flush(db: Queryable): Promise<void> {
    if (this.#pending.size === 0) return;
    const taken = this.#pending;
    this.#pending = new Map();
    try {
      await this.#write(db, taken);
    } catch (error) {
      for (const [id, at] of taken) if (!this.#pending.has(id)) this.note(id, at);
      throw error;
    }
  }
}

/** For an update of `sessions s` by a use at `at`: a pause of more than `pause` seconds begins a new stretch of use. */
export function activeSince(at: string, pause: string): string {
  return `CASE WHEN ${at} - s.last_used_at > make_interval(secs => ${pause}) THEN ${at} ELSE s.active_since END`;
}

/** Of sessions, and with them of their accounts. Stored values younger than `touchEveryMs` are left alone. */
export async function writeSessionUses(
  db: Queryable,
  touches: ReadonlyMap<Uuid, number>,
  { touchEveryMs, pauseMs }: TouchTimes,
): Promise<void> {
  await db.query(
    `WITH used AS (SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) AS t(session_id, at)),
     touched AS (
       UPDATE sessions s SET last_used_at = used.at,
         active_since = ${activeSince("used.at", "$4")}
       FROM used
       WHERE s.id = used.session_id AND s.ended_at IS NULL
         AND s.last_used_at <= used.at - make_interval(secs => $3)
       RETURNING s.user_id, used.at)
     UPDATE users u SET last_active_at = latest.at
     FROM (SELECT user_id, max(at) AS at FROM touched GROUP BY user_id) latest
     WHERE u.id = latest.user_id AND (u.last_active_at IS NULL OR u.last_active_at < latest.at)`,
    [[...touches.keys()], [...touches.values()].map(instant), touchEveryMs / 1000, pauseMs / 1000],
  );
}
