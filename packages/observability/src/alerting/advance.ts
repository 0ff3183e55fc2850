/** From pending to firing to resolved, as time goes by. */
import { unseenBy } from "./absorb.ts";
import { isOver } from "./mutes.ts";
import {
  type AlertEvent,
  type AlertingPolicy,
  type AlertingState,
  type AlertRecord,
  eventAbout,
  isFiring,
} from "./state.ts";

export interface Advanced {
  readonly state: AlertingState;
  readonly events: readonly AlertEvent[];
}

export function advance(state: AlertingState, now: number, policy: AlertingPolicy): Advanced {
  const current = withoutLapsed(state, now, policy);
  const events: AlertEvent[] = [];
  const alerts = new Map<string, AlertRecord>();
  for (const [fingerprint, record] of current.alerts) {
    const next = moved(record, now, policy);
    events.push(...eventsBetween(record, next, now, policy));
    if (!isForgettable(next, now, policy)) alerts.set(fingerprint, next);
  }
  const mutes = new Map([...current.mutes].filter(([, mute]) => !isOver(mute, now)));
  return { state: { ...current, alerts, mutes }, events };
}

/**
 * A process that is gone sees nothing any more. What it saw stays while none of those that are left knows better: after a
 * restart the new process has no history yet.
 */
function withoutLapsed(
  state: AlertingState,
  now: number,
  { reporterTimeoutMs }: AlertingPolicy,
): AlertingState {
  const reporters = [...state.reporters.values()];
  const lapsed = reporters.filter(({ heardAt }) => now - heardAt > reporterTimeoutMs);
  const living = reporters.filter((one) => !lapsed.includes(one));
  if (lapsed.length === 0 || living.length === 0) return state;
  const isKnown = (rule: string): boolean => living.some(({ blind }) => !blind.includes(rule));
  const alerts = new Map(
    [...state.alerts].map(([fingerprint, record]) => [
      fingerprint,
      isKnown(record.rule) ? lapsed.reduce((one, { id }) => unseenBy(one, id), record) : record,
    ]),
  );
  const stillNamed = new Set([...alerts.values()].flatMap(({ seenBy }) => seenBy));
  const kept = reporters.filter((one) => living.includes(one) || stillNamed.has(one.id));
  return { ...state, alerts, reporters: new Map(kept.map((one) => [one.id, one])) };
}

function moved(record: AlertRecord, now: number, policy: AlertingPolicy): AlertRecord {
  return record.seenBy.length > 0 ? seen(record, now, policy) : unseen(record, now, policy);
}

function seen(record: AlertRecord, now: number, policy: AlertingPolicy): AlertRecord {
  const since = record.seenSince ?? now;
  const isBack = record.unseenSince !== null;
  if (isFiring(record)) {
    return isBack
      ? { ...record, seenSince: since, unseenSince: null, firings: started(record, now, policy) }
      : record;
  }
  const present =
    record.seenSince === since && !isBack ? record : { ...record, seenSince: since, unseenSince: null };
  if (now - since < record.forMs) return present;
  return {
    ...present,
    firingAt: now,
    resolvedAt: null,
    firings: started(record, now, policy),
    acknowledged: null,
  };
}

function started(
  { firings }: AlertRecord,
  now: number,
  { flapWindowMs, flapCount }: AlertingPolicy,
): readonly number[] {
  return [...firings.filter((at) => now - at < flapWindowMs), now].slice(-flapCount);
}

function unseen(record: AlertRecord, now: number, policy: AlertingPolicy): AlertRecord {
  const unseenSince = record.unseenSince ?? now;
  const isSame = record.seenSince === null && record.unseenSince === unseenSince;
  const absent = isSame ? record : { ...record, seenSince: null, unseenSince };
  if (!isFiring(record)) return absent;
  const isHeld = isFlapping(record, policy) && now - unseenSince < policy.flapHoldMs;
  return isHeld ? absent : { ...absent, resolvedAt: now };
}

/** It began to fire so often within the window. Once held, it stays so until it is resolved. */
export function isFlapping({ firings }: AlertRecord, { flapCount, flapWindowMs }: AlertingPolicy): boolean {
  const [first, last] = [firings.at(-flapCount), firings.at(-1)];
  return first !== undefined && last !== undefined && last - first < flapWindowMs;
}

function eventsBetween(
  before: AlertRecord,
  after: AlertRecord,
  at: number,
  policy: AlertingPolicy,
): AlertEvent[] {
  if (!isFiring(before) && isFiring(after)) return [eventAbout(after, at, "fired")];
  if (isFiring(before) && !isFiring(after)) return [eventAbout(after, at, "resolved")];
  const isNew = !isFlapping(before, policy) && isFlapping(after, policy);
  return isNew ? [eventAbout(after, at, "flapping")] : [];
}

/** Nobody waits to be told of it, and nothing is counted from it any more. */
function isForgettable(record: AlertRecord, now: number, policy: AlertingPolicy): boolean {
  if (record.seenSince !== null || isFiring(record)) return false;
  if (Object.keys(record.told).length > 0 || now < record.coolUntil) return false;
  return record.firings.every((at) => now - at >= policy.flapWindowMs);
}
