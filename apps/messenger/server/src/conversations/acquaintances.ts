import type { Queryable } from "@rempart/database";

const ACQUAINTED = `
SELECT DISTINCT theirs.user_id FROM conversation_members mine
JOIN conversation_members theirs ON theirs.conversation_id = mine.conversation_id
WHERE mine.user_id = $1 AND mine.left_at IS NULL AND theirs.left_at IS NULL AND theirs.user_id = ANY ($2::uuid[])`;

/** Which of these people share a conversation with somebody now. */
export async function acquaintances(
  database: Queryable,
  userId: string,
  among: readonly string[],
): Promise<string[]> {
  const rows = await database.query<{ user_id: string }>(ACQUAINTED, [userId, among]);
  return rows.map((row) => row.user_id);
}
