/** Rules that count: so many of these, by this key, within that time. */
import type { EventType } from "../events/table.ts";
import type { AuditRecord } from "../reading/record.ts";
import type { Response, Rule, Target } from "./rule.ts";
import { distinct, evidenceOf, Windows } from "./windows.ts";

export interface CountingRule {
  readonly name: string;
  readonly summary: string;
  readonly types: readonly EventType[];
  /** Which of these entries count; all unless told. */
  readonly counts?: (record: AuditRecord) => boolean;
  /** By whom they are counted; undefined leaves an entry out. */
  readonly by: (record: AuditRecord) => Target | undefined;
  /** Counts different values of this instead of entries; undefined leaves an entry out. */
  readonly distinct?: (record: AuditRecord) => string | undefined;
  readonly moreThan: number;
  readonly withinMs: number;
  readonly score: number;
  readonly coolDownMs: number;
  readonly response: Response | null;
}

export function countingRule(declared: CountingRule): Rule {
  const { name, summary, types, withinMs, coolDownMs, response } = declared;
  return {
    ...{ name, summary, types, coolDownMs, response },
    memoryMs: withinMs,
    start() {
      const windows = new Windows(withinMs);
      return { see: (record) => judge(declared, windows, record) };
    },
  };
}

function judge(
  rule: CountingRule,
  windows: Windows,
  record: AuditRecord,
): ReturnType<ReturnType<Rule["start"]>["see"]> {
  if (rule.counts?.(record) === false) return null;
  const target = rule.by(record);
  const value = rule.distinct === undefined ? "" : rule.distinct(record);
  if (target === undefined || value === undefined) return null;
  const seen = windows.add(`${target.kind} ${target.value}`, record.time, record.id, value);
  const count = rule.distinct === undefined ? seen.length : distinct(seen);
  if (count <= rule.moreThan) return null;
  const seconds = Math.round(rule.withinMs / 1000);
  const reason = `${rule.summary}: ${count} within ${seconds} s, ${rule.moreThan} are usual`;
  return { rule: rule.name, target, score: rule.score, reason, evidence: evidenceOf(seen) };
}

export function byAddress({ address }: AuditRecord): Target | undefined {
  return address === null ? undefined : { kind: "address", value: address };
}

/** By whatever `userOf` finds. */
export function byUser(
  userOf: (record: AuditRecord) => string | undefined,
): (record: AuditRecord) => Target | undefined {
  return (record) => {
    const value = userOf(record);
    return value === undefined ? undefined : { kind: "user", value };
  };
}
