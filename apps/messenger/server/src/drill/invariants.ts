import type { Queryable } from "@rempart/database";
import type { DrillCheck } from "@rempart/database/backup";
import { IS_ORPHAN } from "../conversations/read.ts";

/** What is true of the messenger's tables at every commit, as a question for the rows of which it is not. */
interface Invariant {
  readonly name: string;
  /** One column `row`: which. */
  readonly violations: string;
}

const INVARIANTS: readonly Invariant[] = [
  {
    name: "message positions have no gap",
    violations: `SELECT c.id AS row FROM conversations c
      LEFT JOIN (SELECT conversation_id, count(*) AS n, min(seq) AS first, max(seq) AS last
        FROM messages GROUP BY conversation_id) m ON m.conversation_id = c.id
      WHERE c.head_seq <> coalesce(m.n, 0) OR m.first <> 1 OR m.last <> c.head_seq`,
  },
  {
    name: "messages belong to conversations",
    violations: `SELECT DISTINCT m.conversation_id AS row FROM messages m
      WHERE NOT EXISTS (SELECT FROM conversations c WHERE c.id = m.conversation_id)`,
  },
  {
    name: "epochs follow from commits",
    violations: `SELECT c.id AS row FROM conversations c
      LEFT JOIN (SELECT conversation_id, count(*) AS n, count(DISTINCT epoch) AS epochs, max(epoch) AS last
        FROM messages WHERE kind = 'commit' GROUP BY conversation_id) m ON m.conversation_id = c.id
      WHERE c.epoch <> coalesce(m.n, 0) OR m.epochs <> m.n OR m.last <> c.epoch - 1`,
  },
  {
    name: "no message is of a later epoch",
    violations: `SELECT m.id AS row FROM messages m JOIN conversations c ON c.id = m.conversation_id
      WHERE m.epoch > c.epoch`,
  },
  {
    name: "group states are of the present epoch",
    violations: `SELECT c.id AS row FROM conversations c LEFT JOIN group_infos g ON g.conversation_id = c.id
      WHERE c.epoch > 0 AND (g.epoch IS DISTINCT FROM c.epoch OR NOT EXISTS (SELECT FROM messages m
        WHERE m.conversation_id = c.id AND m.seq = g.seq AND m.kind = 'commit' AND m.epoch = c.epoch - 1))`,
  },
  {
    name: "leaves without an owner are known",
    violations: `SELECT c.id AS row FROM conversations c WHERE c.has_orphans <> EXISTS (
        SELECT FROM conversation_devices d WHERE d.conversation_id = c.id AND ${IS_ORPHAN})`,
  },
  {
    name: "members stand within their conversation",
    violations: `SELECT c.id AS row FROM conversation_members m JOIN conversations c ON c.id = m.conversation_id
      WHERE greatest(m.joined_seq, m.delivered_seq, m.read_seq) > c.head_seq`,
  },
  {
    name: "devices stand within their conversation",
    violations: `SELECT c.id AS row FROM device_cursors d JOIN conversations c ON c.id = d.conversation_id
      WHERE d.delivered_seq > c.head_seq`,
  },
  {
    name: "key logs have no gap",
    violations: `SELECT user_id AS row FROM device_key_events GROUP BY user_id
      HAVING min(number) <> 1 OR max(number) <> count(*)`,
  },
];

const LISTED = 5;

export const invariantChecks: readonly DrillCheck[] = INVARIANTS.map(({ name, violations }) => ({
  name,
  run: async (database) => (await database.session((session) => rowsOf(session, violations))).map(String),
}));

async function rowsOf(session: Queryable, violations: string): Promise<string[]> {
  const rows = await session.query<{ row: string }>(
    `SELECT row::text FROM (${violations}) v LIMIT ${LISTED}`,
  );
  return rows.map(({ row }) => row);
}
