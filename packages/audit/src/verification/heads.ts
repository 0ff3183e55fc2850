import type { Database } from "@rempart/database";
import { equalBytes, utf8 } from "@rempart/kernel";
import {
  judgeCheckpoint,
  type Primitives,
  type TrustedCheckpoint,
  type TrustPolicy,
} from "../proof/verify.ts";
import type { Finding } from "./finding.ts";

interface HeadRow {
  size: number;
  root: Buffer;
  note: string;
}

const DAY_MS = 86_400_000;

/** The heads that the database remembers to have signed, and how long it says that entries are kept. */
export class Heads {
  readonly #rows: readonly HeadRow[];
  readonly #findings: ReadonlyMap<number, Finding>;
  readonly #keepDays: ReadonlyMap<string, number>;
  #next = 0;

  private constructor(
    rows: readonly HeadRow[],
    findings: ReadonlyMap<number, Finding>,
    keepDays: ReadonlyMap<string, number>,
  ) {
    this.#rows = rows;
    this.#findings = findings;
    this.#keepDays = keepDays;
  }

  static async read(
    { database, primitives, policy }: { database: Database; primitives: Primitives; policy: TrustPolicy },
    head: TrustedCheckpoint,
  ): Promise<Heads> {
    const rows = await database.query<HeadRow>(
      "SELECT size, root, note FROM audit_checkpoints WHERE size <= $1 ORDER BY size",
      [head.size],
    );
    const findings = new Map<number, Finding>();
    for (const row of rows) {
      const finding = await judgeRow(primitives, policy, row);
      if (finding !== null) findings.set(row.size, finding);
    }
    const kept = await database.query<{ class: string; keep_days: number }>(
      "SELECT class, keep_days FROM audit_retention",
    );
    return new Heads(rows, findings, new Map(kept.map((row) => [row.class, row.keep_days])));
  }

  /** Sizes in `(start, end]`, rising; each is given once. */
  *sizesWithin(start: number, end: number): Generator<number> {
    for (
      let row = this.#rows[this.#next];
      row !== undefined && row.size <= end;
      row = this.#rows[this.#next]
    ) {
      this.#next += 1;
      if (row.size > start) yield row.size;
    }
  }

  /** What is wrong with the head of this size, whose true root this is. */
  check(size: number, root: Uint8Array): Finding | null {
    const known = this.#findings.get(size);
    if (known !== undefined) return known;
    const row = this.#rows[this.#next - 1];
    if (row === undefined || equalBytes(row.root, root)) return null;
    return headFinding(size, "it does not follow from the entries");
  }

  mayBeGone(retention: string, time: number, now: number): boolean {
    const days = this.#keepDays.get(retention);
    return days !== undefined && time < now - days * DAY_MS;
  }
}

async function judgeRow(primitives: Primitives, policy: TrustPolicy, row: HeadRow): Promise<Finding | null> {
  // A continued log remembers the heads of the one before, under its name and key. Witnesses sign what is published.
  const named = row.note.split("\n", 1)[0];
  const earlier = policy.logKeys.find(({ name }) => name === named);
  const origin = earlier?.name ?? policy.origin;
  const judged = await judgeCheckpoint(primitives, utf8(row.note), { ...policy, origin, quorum: 0 });
  if (!judged.ok) return headFinding(row.size, `its note is not to be believed: ${judged.reason}`);
  const says = judged.value;
  if (says.size === row.size && equalBytes(says.root, row.root)) return null;
  return headFinding(row.size, "its columns are not what its note says");
}

function headFinding(size: number, detail: string): Finding {
  return {
    kind: "checkpoint-altered",
    index: null,
    entryId: null,
    detail: `the head of ${size} entries: ${detail}`,
  };
}

interface StrayRow {
  id: string;
  leaf_index: number | null;
}

/** Rows that no round of the sequencer made. */
export async function strayFindings(database: Database, size: number): Promise<Finding[]> {
  const unplaced = await database.query<StrayRow>(
    `SELECT e.id, NULL AS leaf_index FROM audit_entries e, audit_sequence s
     WHERE s.target IS NULL AND pg_visible_in_snapshot(e.transaction_id, s.drained::pg_snapshot)
       AND NOT EXISTS (SELECT FROM audit_leaves l WHERE l.entry_id = e.id) LIMIT 1000`,
  );
  const beyond = await database.query<StrayRow>(
    `SELECT entry_id AS id, leaf_index FROM audit_leaves
     WHERE leaf_index < 0 OR leaf_index >= greatest($1, (SELECT s.size FROM audit_sequence s)) LIMIT 1000`,
    [size],
  );
  return [
    ...unplaced.map(({ id }) => stray(id, null, "it has no place, though it should have got one")),
    ...beyond.map(({ id, leaf_index }) => stray(id, leaf_index, "its place was never given")),
  ];
}

function stray(entryId: string, index: number | null, detail: string): Finding {
  return { kind: "entry-inserted", index, entryId, detail };
}
