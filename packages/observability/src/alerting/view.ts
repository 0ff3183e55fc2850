import type { Labels } from "../history/series.ts";
import type { Severity } from "../objectives/rule.ts";
import { isFlapping } from "./advance.ts";
import { type Hold, holdsAt } from "./holds.ts";
import { groupsOf } from "./members.ts";
import type { ResolvedRoute } from "./routes.ts";
import {
  type Acknowledgement,
  type AlertingState,
  type AlertRecord,
  type GroupRecord,
  isFiring,
  type Phase,
  phaseOf,
} from "./state.ts";
import type { Rules } from "./step.ts";

/** An alert, and where it stands. Times are milliseconds since the Unix epoch. */
export interface AlertView {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly severity: Severity;
  readonly component: string;
  readonly phase: Phase;
  readonly isFlapping: boolean;
  readonly value: number;
  /** When somebody last wrote the value down, up to a minute after it changed. */
  readonly valueAt: number;
  /** When its element appeared; null when there is none. */
  readonly seenSince: number | null;
  readonly seenBy: readonly string[];
  /** When it fires, or fired the last time. A pending one fires then if its element stays. */
  readonly firingAt: number | null;
  readonly resolvedAt: number | null;
  readonly acknowledged: Acknowledgement | null;
  /** Why nobody is told of it. */
  readonly holds: readonly Hold[];
  readonly groups: readonly GroupView[];
}

export interface GroupView {
  readonly key: string;
  readonly labels: Labels;
  readonly receivers: readonly string[];
  /** Since when the receivers know that the alert fires; null: they do not. */
  readonly toldAt: number | null;
  /** When the next notification is due if nothing changes; null: none is. */
  readonly nextAt: number | null;
}

export function viewsOf(state: AlertingState, now: number, rules: Rules): AlertView[] {
  const holdsOf = holdsAt(state, rules.consequences, now);
  return [...state.alerts.values()].map((record) => viewOf(record, state, rules, holdsOf(record)));
}

function viewOf(record: AlertRecord, state: AlertingState, rules: Rules, holds: readonly Hold[]): AlertView {
  const { fingerprint, rule, labels, severity, component, value, valueAt, seenSince, seenBy, forMs } = record;
  const phase = phaseOf(record);
  const firingAt = phase === "pending" && seenSince !== null ? seenSince + forMs : record.firingAt;
  return {
    fingerprint,
    rule,
    labels,
    severity,
    component,
    phase,
    isFlapping: isFiring(record) && isFlapping(record, rules.policy),
    value,
    valueAt,
    seenSince,
    seenBy,
    firingAt,
    resolvedAt: phase === "resolved" ? record.resolvedAt : null,
    acknowledged: record.acknowledged,
    holds: phase === "resolved" ? [] : holds,
    groups: groupsOf(record, rules.router).map(({ key, labels: by, route }) => {
      const group = state.groups.get(key);
      return {
        key,
        labels: by,
        receivers: group?.receivers ?? [route.receiver],
        toldAt: record.told[key]?.at ?? null,
        nextAt: nextAt(record, group, route, holds),
      };
    }),
  };
}

function nextAt(
  record: AlertRecord,
  group: GroupRecord | undefined,
  route: ResolvedRoute,
  holds: readonly Hold[],
): number | null {
  const told = group === undefined ? undefined : record.told[group.key];
  if (group === undefined || (holds.length > 0 && isFiring(record))) return null;
  if (isFiring(record) !== (told !== undefined)) return group.dueAt;
  if (told === undefined || record.acknowledged !== null) return null;
  const levels = route.escalate.filter(({ receiver }) => !group.receivers.includes(receiver));
  return Math.min(
    (group.toldAt ?? told.at) + route.repeatMs,
    ...levels.map(({ afterMs }) => told.at + afterMs),
  );
}
