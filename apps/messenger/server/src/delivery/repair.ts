import type { Queryable } from "@rempart/database";
import type { Clock } from "@rempart/kernel";
import { CLOSE } from "@rempart/messaging/contract";
import type { Hub } from "./hub.ts";

/** How far back a poll looks beyond the one before: clocks differ, and a transaction's time is that of its start. */
const OVERLAP_MS = 60_000;
const CHUNK = 2_000;

/**
 * Mends what a lost hint broke: asks the database what every process should have been told. Cheap when nothing was lost,
 * so it runs whether or not there are other processes.
 */
export class Repair {
  readonly #hub: Hub;
  readonly #database: Queryable;
  readonly #clock: Clock;
  #polledAt: number;

  constructor(hub: Hub, database: Queryable, clock: Clock) {
    this.#hub = hub;
    this.#database = database;
    this.#clock = clock;
    this.#polledAt = clock.now();
  }

  async poll(): Promise<void> {
    const now = this.#clock.now();
    const since = new Date(this.#polledAt - OVERLAP_MS);
    if (this.#hub.topics.userCount > 0) {
      await this.#memberships(since);
      await this.#devices(since);
      await this.#heads();
    }
    this.#polledAt = now;
  }

  async #memberships(since: Date): Promise<void> {
    const rows = await this.#database.query<{
      id: string;
      user_id: string;
      active: boolean;
      head_seq: number;
    }>(
      `SELECT m.conversation_id AS id, m.user_id, m.left_at IS NULL AS active, c.head_seq
       FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
       WHERE m.changed_at > $1`,
      [since],
    );
    for (const row of rows) this.#hub.repairMembership(row.id, row.user_id, row.active, row.head_seq);
  }

  async #devices(since: Date): Promise<void> {
    const rows = await this.#database.query<{ id: string }>("SELECT id FROM devices WHERE revoked_at > $1", [
      since,
    ]);
    const revoked = new Set(rows.map((row) => row.id));
    if (revoked.size === 0) return;
    this.#hub.closeWhere((connection) => revoked.has(connection.deviceId), CLOSE.deviceRevoked);
  }

  async #heads(): Promise<void> {
    const ids = Array.from(this.#hub.topics.allTopics, (topic) => topic.id);
    for (let start = 0; start < ids.length; start += CHUNK) {
      const rows = await this.#database.query<{ id: string; head_seq: number }>(
        "SELECT id, head_seq FROM conversations WHERE id = ANY ($1::uuid[])",
        [ids.slice(start, start + CHUNK)],
        { name: "repair-heads" },
      );
      for (const row of rows) this.#hub.hint({ id: row.id, seq: row.head_seq });
    }
  }
}
