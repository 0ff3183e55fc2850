import type { Labels } from "../history/series.ts";
import type { Severity } from "../objectives/rule.ts";
import { isFlapping } from "./advance.ts";
import { type Hold, holdsAt } from "./holds.ts";
import type { Letter } from "./letters.ts";
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
import type { Held } from "./store.ts";

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
  /** Receivers that have not taken what they were last told of the group. */
  readonly untaken: readonly Untaken[];
}

export interface Untaken {
  readonly receiver: string;
  readonly attempts: number;
  /** Why the last attempt did not succeed; null: none was made, or it is under way. */
  readonly reason: string | null;
  /** Null: it is a dead letter. */
  readonly nextAttemptAt: number | null;
}

export function viewsOf({ state, letters }: Held, now: number, rules: Rules): AlertView[] {
  const holdsOf = holdsAt(state, rules.consequences, now);
  const sent = Map.groupBy(letters.values(), ({ notification }) => notification.groupKey);
  return [...state.alerts.values()].map((record) => viewOf(record, state, rules, holdsOf(record), sent));
}

function viewOf(
  record: AlertRecord,
  state: AlertingState,
  rules: Rules,
  holds: readonly Hold[],
  sent: ReadonlyMap<string, readonly Letter[]>,
): AlertView {
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
        untaken: untaken(sent.get(key) ?? [], group),
      };
    }),
  };
}

/** A dead letter from before what was told last has been made up for. */
function untaken(letters: readonly Letter[], group: GroupRecord | undefined): Untaken[] {
  const newest = letters.filter(
    ({ dead, notification }) => dead === null || notification.at >= (group?.toldAt ?? notification.at),
  );
  return newest.map(({ notification: { receiver }, attempts, reason = null, nextAttemptAt, dead }) => ({
    receiver,
    attempts,
    reason,
    nextAttemptAt: dead === null ? nextAttemptAt : null,
  }));
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
