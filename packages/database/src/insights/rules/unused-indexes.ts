import { qualified } from "../../sql-names.ts";
import type { Finding } from "../finding.ts";
import { recreate } from "../index-names.ts";
import type { CatalogueSnapshot, IndexFacts } from "../snapshot.ts";
import { servesForeignKey } from "./foreign-keys.ts";

const DAY_MS = 86_400_000;
/** What is asked for once a month is not unused. */
const COUNTED_MS = 30 * DAY_MS;
/** Smaller ones cost next to nothing. */
const SMALL_BYTES = 1 << 20;

/** Silent until uses have been counted for a month. */
export function unusedIndexes(snapshot: CatalogueSnapshot): Finding[] {
  const since = snapshot.statisticsSince;
  if (since === null || snapshot.takenAt - since < COUNTED_MS) return [];
  return snapshot.indexes
    .filter((index) => isUnused(index) && !snapshot.foreignKeys.some((key) => servesForeignKey(index, key)))
    .map((index) => finding(index, since));
}

function isUnused(index: IndexFacts): boolean {
  return (
    index.scans === 0 &&
    index.lastScan === null &&
    !index.unique &&
    !index.needed &&
    index.valid &&
    index.bytes > SMALL_BYTES
  );
}

function finding(index: IndexFacts, since: number): Finding {
  return {
    code: "index-unused",
    severity: "notice",
    object: qualified(index),
    explanation: `Nothing on this server has read it since ${new Date(since).toISOString().slice(0, 10)}, when counting began, and each write pays for its ${Math.round(index.bytes / 1024 ** 2)} MiB. Standbys count for themselves: ask them as well.`,
    fix: [`DROP INDEX CONCURRENTLY IF EXISTS ${qualified(index)}`],
    undo: [recreate(index.definition)],
    appliable: true,
  };
}
