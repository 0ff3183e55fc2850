import { type Lsn, parseLsn } from "./lsn.ts";

/** Where a timeline was left for the next one. */
export interface Branch {
  readonly timeline: number;
  readonly endsAt: Lsn;
}

const LINE = /^\s*(\d{1,10})\s+([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})(?:\s|$)/;
const MAX_BYTES = 1_048_576;

/**
 * A timeline history file: its ancestors, the oldest first (PostgreSQL source: `timeline.c`). Null for what PostgreSQL would
 * refuse too: a line that is none, or numbers that do not rise.
 */
export function parseHistory(text: string): readonly Branch[] | null {
  if (text.length > MAX_BYTES) return null;
  const branches: Branch[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    const [, timeline, lsn] = LINE.exec(line) ?? [];
    const endsAt = lsn === undefined ? null : parseLsn(lsn);
    if (endsAt === null || Number(timeline) <= (branches.at(-1)?.timeline ?? 0)) return null;
    branches.push({ timeline: Number(timeline), endsAt });
  }
  return branches;
}
