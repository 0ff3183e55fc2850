import type { Queryable } from "@rempart/database";
import type { Purge } from "@rempart/database/maintenance";
import type { Suite, Welcome } from "@rempart/messaging/contract";

const WELCOMES_PER_PAGE = 20;
/** Bytes of bodies a page may hold; the first welcome always comes. */
const PAGE_BYTES = 6 * 1024 * 1024;
const WELCOME_LIFE = "30 days";

interface WelcomeRow {
  id: string;
  conversation_id: string;
  seq: number;
  epoch: number;
  suite: Suite;
  body: Buffer;
}

/** The oldest first, at most 20. */
export async function readWelcomes(database: Queryable, deviceId: string): Promise<Welcome[]> {
  const rows = await database.query<WelcomeRow>(
    `SELECT id, conversation_id, seq, epoch, suite, body FROM (
       SELECT w.*, sum(octet_length(w.body)) OVER (ORDER BY w.created_at, w.id) - octet_length(w.body) AS before
       FROM welcome_recipients r JOIN welcomes w ON w.id = r.welcome_id
       WHERE r.device_id = $1
     ) page WHERE before < $2 ORDER BY created_at, id LIMIT $3`,
    [deviceId, PAGE_BYTES, WELCOMES_PER_PAGE],
  );
  return rows.map((row) => ({
    id: row.id,
    conversationId: row.conversation_id,
    seq: row.seq,
    epoch: row.epoch,
    suite: row.suite,
    body: row.body.toString("base64url"),
  }));
}

/** Idempotent. The welcome itself goes with its last recipient. */
export async function acknowledgeWelcome(
  database: Queryable,
  deviceId: string,
  welcomeId: string,
): Promise<void> {
  await database.query("DELETE FROM welcome_recipients WHERE device_id = $1 AND welcome_id = $2", [
    deviceId,
    welcomeId,
  ]);
  await database.query(
    `DELETE FROM welcomes WHERE id = $1 AND NOT EXISTS (SELECT FROM welcome_recipients WHERE welcome_id = $1)`,
    [welcomeId],
  );
}

export const oldWelcomes: Purge = {
  name: "old-welcomes",
  table: "welcomes",
  where: `created_at <= $1::timestamptz - interval '${WELCOME_LIFE}'`,
  batch: 500,
  reason: "a device that has not come for its welcome by then joins by itself",
};
