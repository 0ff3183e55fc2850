/** Who is told what now: Alertmanager's grouping, with escalation and without telling anything twice. */
import { isFlapping } from "./advance.ts";
import { type Composition, notificationFor } from "./compose.ts";
import type { HoldsOf } from "./holds.ts";
import { type Members, membersByGroup } from "./members.ts";
import type { Notification, Occasion } from "./notification.ts";
import type { Router } from "./routes.ts";
import {
  type AlertingPolicy,
  type AlertingState,
  type AlertRecord,
  type GroupRecord,
  isFiring,
} from "./state.ts";

export interface PlanOptions extends Composition {
  readonly router: Router;
  readonly holdsOf: HoldsOf;
}

export interface Planned {
  readonly state: AlertingState;
  readonly notifications: readonly Notification[];
}

/** The notifications that are due, and the state in which they are told. */
export function plan(state: AlertingState, now: number, options: PlanOptions): Planned {
  const alerts = new Map(state.alerts);
  const groups = new Map<string, GroupRecord>();
  const notifications: Notification[] = [];
  for (const members of membersByGroup(state, options.router).values()) {
    const turn = turnOf(members, state.groups.get(members.key), now, options);
    if (turn.group !== null) groups.set(members.key, turn.group);
    for (const record of turn.changed)
      alerts.set(record.fingerprint, mergedTold(alerts, record, members.key));
    notifications.push(...turn.notifications);
  }
  return { state: { ...state, alerts, groups }, notifications };
}

interface Turn {
  /** Null: there is nothing to remember. */
  readonly group: GroupRecord | null;
  readonly changed: readonly AlertRecord[];
  readonly notifications: readonly Notification[];
}

interface Reading {
  /** Fire, and may be told. */
  readonly firing: readonly AlertRecord[];
  /** Of them, those whose receivers do not know. */
  readonly fresh: readonly AlertRecord[];
  /** Do not fire any more, which their receivers do not know. */
  readonly ended: readonly AlertRecord[];
}

function turnOf(members: Members, before: GroupRecord | undefined, now: number, options: PlanOptions): Turn {
  const reading = read(members, options);
  if (
    reading.fresh.length + reading.ended.length === 0 &&
    !members.records.some(({ told }) => members.key in told)
  )
    return { group: null, changed: [], notifications: [] };
  const group = before ?? newGroup(members, now);
  const occasion = occasionOf(members, group, reading, now);
  const told = occasion === null ? unchanged(group) : tell(members, group, reading, occasion, now, options);
  // The group begins anew with the next alert.
  if (occasion === "resolved") return { ...told, group: null };
  return escalated(members, told, now, options);
}

function read({ key, records, route }: Members, { holdsOf, policy }: PlanOptions): Reading {
  const firing = records.filter((record) => isFiring(record) && holdsOf(record).length === 0);
  const fresh = route === null ? [] : firing.filter((record) => isNews(record, key, policy));
  return { firing, fresh, ended: records.filter((record) => !isFiring(record) && key in record.told) };
}

/** It was not told, or not that it is flapping. */
function isNews(record: AlertRecord, key: string, policy: AlertingPolicy): boolean {
  const told = record.told[key];
  return told === undefined || (!told.flapping && isFlapping(record, policy));
}

function newGroup({ key, labels, route }: Members, now: number): GroupRecord {
  const receivers = route === null ? [] : [route.receiver];
  const dueAt = now + (route?.groupWaitMs ?? 0);
  return { key, labels, receivers, dueAt, toldAt: null, isAcknowledged: false };
}

function occasionOf(
  { route }: Members,
  { toldAt, dueAt, isAcknowledged }: GroupRecord,
  { firing, fresh, ended }: Reading,
  now: number,
): Occasion | null {
  const isDue = now >= dueAt;
  if (fresh.length > 0) return isDue ? (toldAt === null ? "new" : "changed") : null;
  if (ended.length > 0) return isDue ? (firing.length === 0 ? "resolved" : "changed") : null;
  if (firing.length === 0 || route === null || toldAt === null) return null;
  // Who is called by it need not be any more: that does not wait for the interval.
  if (isOnAll(firing)) return isAcknowledged ? null : "acknowledged";
  return isDue && now - toldAt >= route.repeatMs ? "repeated" : null;
}

/** Somebody is on everything that fires. */
function isOnAll(firing: readonly AlertRecord[]): boolean {
  return firing.length > 0 && firing.every(({ acknowledged }) => acknowledged !== null);
}

function unchanged(group: GroupRecord): Turn & { group: GroupRecord } {
  return { group, changed: [], notifications: [] };
}

function tell(
  members: Members,
  group: GroupRecord,
  { firing, ended }: Reading,
  occasion: Occasion,
  now: number,
  options: PlanOptions,
): Turn & { group: GroupRecord } {
  const { key, route, records } = members;
  const notifications = group.receivers.map((receiver) =>
    notificationFor(receiver, { group, alerts: [...firing, ...ended], occasion, now }, options),
  );
  const dueAt = now + (route?.groupIntervalMs ?? 0);
  const after = { ...group, toldAt: now, dueAt, isAcknowledged: isOnAll(firing) };
  // Receivers hear that the group is over: what is only held back now is news to them when it is not any more.
  if (firing.length === 0)
    return { group: after, changed: records.map((one) => forgotten(one, key, now, options)), notifications };
  const changed = [
    ...firing.map((one) => toldOf(one, key, now, options)),
    ...ended.map((one) => forgotten(one, key, now, options)),
  ];
  return { group: after, changed, notifications };
}

function toldOf(record: AlertRecord, key: string, now: number, { policy }: PlanOptions): AlertRecord {
  const at = record.told[key]?.at ?? now;
  return { ...record, told: { ...record.told, [key]: { at, flapping: isFlapping(record, policy) } } };
}

function forgotten(record: AlertRecord, key: string, now: number, { policy }: PlanOptions): AlertRecord {
  const { [key]: before, ...told } = record.told;
  if (before === undefined) return record;
  const coolUntil = isFiring(record) ? record.coolUntil : now + policy.coolDownMs;
  return { ...record, told, coolUntil };
}

/** A record is in several groups: each changes what it knows of its own alone. */
function mergedTold(
  alerts: ReadonlyMap<string, AlertRecord>,
  changed: AlertRecord,
  key: string,
): AlertRecord {
  const current = alerts.get(changed.fingerprint) ?? changed;
  const { [key]: _, ...others } = current.told;
  const own = changed.told[key];
  return {
    ...current,
    told: own === undefined ? others : { ...others, [key]: own },
    coolUntil: Math.max(current.coolUntil, changed.coolUntil),
  };
}

/** Tells the next levels when what their predecessors were told waits too long for somebody. */
function escalated(
  members: Members,
  turn: Turn & { readonly group: GroupRecord },
  now: number,
  options: PlanOptions,
): Turn {
  const { key, route } = members;
  const current = new Map(turn.changed.map((record) => [record.fingerprint, record]));
  const firing = members.records
    .map((record) => current.get(record.fingerprint) ?? record)
    .filter((record) => key in record.told && isFiring(record) && options.holdsOf(record).length === 0);
  const waiting = firing.filter(({ acknowledged }) => acknowledged === null);
  const since = waiting.reduce(
    (first, { told }) => Math.min(first, told[key]?.at ?? now),
    Number.POSITIVE_INFINITY,
  );
  const { receivers } = turn.group;
  const due = (route?.escalate ?? []).filter(
    ({ afterMs, receiver }) => now - since >= afterMs && !receivers.includes(receiver),
  );
  const notifications = due.map(({ receiver }) =>
    notificationFor(receiver, { group: turn.group, alerts: firing, occasion: "escalated", now }, options),
  );
  const group = { ...turn.group, receivers: [...receivers, ...due.map(({ receiver }) => receiver)] };
  return {
    ...turn,
    group: due.length === 0 ? turn.group : group,
    notifications: [...turn.notifications, ...notifications],
  };
}
