import type { Audit, AuditQuery, LogReader } from "@rempart/audit";
import type { Database } from "@rempart/database";
import { isUuid } from "@rempart/kernel";

/** The place of an entry by its id, or the place itself. Null: there is none. */
export async function placeOf(database: Database, entry: string): Promise<number | null> {
  if (/^\d{1,15}$/.test(entry)) return Number(entry);
  if (!isUuid(entry)) return null;
  const [row] = await database.query<{ leaf_index: number }>(
    "SELECT leaf_index FROM audit_leaves WHERE entry_id = $1",
    [entry],
  );
  return row?.leaf_index ?? null;
}

const PAGE = 200;

/** Each entry with its leaf and its proof under one head, which is the last line. Entries the head does not hold yet are left out. */
export async function* proofLines(
  audit: Audit,
  reader: LogReader,
  query: AuditQuery,
): AsyncGenerator<string> {
  const head = await reader.head();
  if (head === null) return;
  let after: string | undefined;
  do {
    const page = await audit.query(query, {
      limit: PAGE,
      oldestFirst: true,
      ...(after === undefined ? {} : { after }),
    });
    for (const record of page.records) {
      if (record.index === null || record.index >= head.size) continue;
      const leaf = await reader.entry(record.index, head.size);
      const proof = await reader.inclusion(record.index, head.size);
      yield `${JSON.stringify({ ...record, leaf: base64(leaf), proof: proof.map(base64) })}\n`;
    }
    after = page.next ?? undefined;
  } while (after !== undefined);
  yield `${JSON.stringify({ checkpoint: Buffer.from(head.note).toString() })}\n`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
