/** Notifications that wait to be sent, as rows: who sends them claims them for a while. */
import type { Random } from "@rempart/kernel";
import type { Delivery } from "../receivers/receiver.ts";
import { retryAfter } from "../receivers/retry.ts";
import type { Notification, NotifiedAlert } from "./notification.ts";
import { rankOf } from "./state.ts";
import { storableText } from "./text.ts";

export interface Letter {
  readonly id: string;
  readonly notification: Notification;
  readonly attempts: number;
  /** Why the last attempt did not succeed; missing before one did not. */
  readonly reason?: string;
  readonly firstAttemptAt: number | null;
  readonly nextAttemptAt: number;
  /** Its receiver asked to hear nothing before; null: it did not. */
  readonly pausedUntil: number | null;
  readonly lease: Lease | null;
  /** Why it will never be sent; null while it may be. */
  readonly dead: { readonly at: number; readonly reason: string } | null;
}

export interface Lease {
  readonly sender: string;
  readonly until: number;
}

export type Letters = ReadonlyMap<string, Letter>;

/** Letters with new ones. What a newer one says of the same group to the same receiver replaces what was not sent. */
export function post(letters: Letters, notifications: readonly Notification[], now: number): Letters {
  if (notifications.length === 0) return letters;
  const next = new Map(letters);
  for (const notification of notifications) {
    const pausedUntil = pauseOf(next, notification.receiver, now);
    let whole = notification;
    for (const older of next.values()) {
      if (!isWaiting(older, now) || !isSameTopic(older.notification, notification)) continue;
      next.delete(older.id);
      whole = superseding(older.notification, whole);
    }
    next.set(whole.id, {
      id: whole.id,
      notification: whole,
      attempts: 0,
      firstAttemptAt: null,
      nextAttemptAt: pausedUntil ?? now,
      pausedUntil,
      lease: null,
      dead: null,
    });
  }
  return next;
}

/** Until when the receiver asked to be left alone; null: it did not, or the time is over. */
function pauseOf(letters: Letters, receiver: string, now: number): number | null {
  let latest: number | null = null;
  for (const { notification, pausedUntil, dead } of letters.values()) {
    if (notification.receiver !== receiver || dead !== null || (pausedUntil ?? now) <= now) continue;
    latest = Math.max(latest ?? now, pausedUntil ?? now);
  }
  return latest;
}

function isLeased({ lease }: Letter, now: number): boolean {
  return lease !== null && now < lease.until;
}

function isWaiting(letter: Letter, now: number): boolean {
  return letter.dead === null && !isLeased(letter, now);
}

function topicOf({ receiver, groupKey }: Notification): string {
  return JSON.stringify([receiver, groupKey]);
}

function isSameTopic(a: Notification, b: Notification): boolean {
  return a.receiver === b.receiver && a.groupKey === b.groupKey;
}

const MAX_LISTED = 50;

/** The newer one says everything that fires; what the older one said of alerts that ended is still to be said. */
function superseding(older: Notification, newer: Notification): Notification {
  const listed = new Set(newer.alerts.map(({ fingerprint }) => fingerprint));
  const ended = older.alerts.filter(
    ({ state, fingerprint }) => state === "resolved" && !listed.has(fingerprint),
  );
  const alerts: readonly NotifiedAlert[] = [...newer.alerts, ...ended];
  const isGraver = rankOf(older.severity) > rankOf(newer.severity);
  return {
    ...newer,
    severity: isGraver ? older.severity : newer.severity,
    alerts: alerts.slice(0, MAX_LISTED),
    omitted: newer.omitted + Math.max(0, alerts.length - MAX_LISTED),
  };
}

export interface Claim {
  readonly sender: string;
  readonly leaseMs: number;
  readonly limit: number;
  /** At once, to one receiver: one that hangs keeps no other waiting. */
  readonly limitEach: number;
  readonly may: (letter: Letter) => boolean;
}

export interface Claimed {
  readonly letters: Letters;
  readonly taken: readonly Letter[];
}

/** Takes letters that are due, the most urgent first. Of one group to one receiver, one is under way at a time, and only the newest is sent. */
export function claim(
  before: Letters,
  now: number,
  { sender, leaseMs, limit, limitEach, may }: Claim,
): Claimed {
  const letters = new Map(coalesced(before, now));
  const underWay = [...letters.values()].filter((letter) => isLeased(letter, now));
  const topics = new Set(underWay.map(({ notification }) => topicOf(notification)));
  const load = new Map<string, number>();
  for (const { notification } of underWay.filter(({ lease }) => lease?.sender === sender))
    load.set(notification.receiver, (load.get(notification.receiver) ?? 0) + 1);
  const taken: Letter[] = [];
  const mostUrgentFirst = [...letters.values()].toSorted((a, b) => urgencyOf(b) - urgencyOf(a));
  for (const letter of mostUrgentFirst) {
    const { receiver } = letter.notification;
    const isFree = isWaiting(letter, now) && !topics.has(topicOf(letter.notification));
    if (taken.length >= limit) break;
    if (!isFree || letter.nextAttemptAt > now || !may(letter) || (load.get(receiver) ?? 0) >= limitEach)
      continue;
    load.set(receiver, (load.get(receiver) ?? 0) + 1);
    taken.push({
      ...letter,
      attempts: letter.attempts + 1,
      firstAttemptAt: letter.firstAttemptAt ?? now,
      lease: { sender, until: now + leaseMs },
    });
  }
  for (const letter of taken) letters.set(letter.id, letter);
  return { letters, taken };
}

/** A heartbeat that waits behind alerts raises one of its own. */
function urgencyOf({ notification: { occasion, severity } }: Letter): number {
  return occasion === "heartbeat" ? 1 + rankOf("critical") : rankOf(severity);
}

/** A sender that was killed leaves an older letter beside a newer one. */
function coalesced(letters: Letters, now: number): Letters {
  const waiting = [...letters.values()].filter((letter) => isWaiting(letter, now));
  const next = new Map(letters);
  for (const group of Map.groupBy(waiting, ({ notification }) => topicOf(notification)).values()) {
    const [newest, ...older] = group.toSorted(
      (a, b) => b.notification.at - a.notification.at || (a.id < b.id ? 1 : -1),
    );
    if (newest === undefined || older.length === 0) continue;
    for (const { id } of older) next.delete(id);
    const notification = older.reduce(
      (whole, one) => superseding(one.notification, whole),
      newest.notification,
    );
    next.set(newest.id, { ...newest, notification });
  }
  return next;
}

const MAX_REASON = 500;

export interface Settlement {
  readonly letter: Letter;
  readonly sender: string;
  readonly delivery: Delivery;
}

/** After an attempt. Null: it is not the sender's any more, and what came of it changes nothing. */
export function settle(
  letters: Letters,
  { letter: { id }, sender, delivery }: Settlement,
  now: number,
  random: Random,
): Letters | null {
  const letter = letters.get(id);
  if (letter === undefined || letter.lease?.sender !== sender) return null;
  const next = new Map(letters);
  next.delete(id);
  if (delivery.kind === "accepted") return next;
  const made = { made: letter.attempts, ageMs: now - (letter.firstAttemptAt ?? now) };
  const pause = retryAfter(made, delivery, random);
  const reason = storableText(delivery.reason, MAX_REASON);
  // The next beat says the same: a dead one is nothing to send again.
  if (pause === null && letter.notification.occasion === "heartbeat") return next;
  if (pause === null) return next.set(id, { ...letter, lease: null, reason, dead: { at: now, reason } });
  next.set(id, { ...letter, lease: null, reason, nextAttemptAt: now + pause });
  return postponed(coalesced(next, now), letter.notification.receiver, delivery, now + pause);
}

/** A receiver that says when to come back is left alone until then, whatever there is to tell it. */
function postponed(letters: Letters, receiver: string, delivery: Delivery, until: number): Letters {
  if (delivery.kind !== "retry" || delivery.afterMs === undefined) return letters;
  return new Map(
    [...letters].map(([id, letter]) => {
      if (letter.dead !== null || letter.notification.receiver !== receiver) return [id, letter];
      const nextAttemptAt = Math.max(letter.nextAttemptAt, until);
      return [id, { ...letter, nextAttemptAt, pausedUntil: until }];
    }),
  );
}

/** The newest dead letters, so many: nobody reads more. */
export function withoutOldestDead(letters: Letters, keep: number): Letters {
  const dead = [...letters.values()].filter((letter) => letter.dead !== null);
  if (dead.length <= keep) return letters;
  const oldest = dead.toSorted((a, b) => (a.dead?.at ?? 0) - (b.dead?.at ?? 0)).slice(0, dead.length - keep);
  const next = new Map(letters);
  for (const { id } of oldest) next.delete(id);
  return next;
}

export function withoutLetter(letters: Letters, id: string): Letters {
  const next = new Map(letters);
  next.delete(id);
  return next;
}

/** After the clock was set back by so many milliseconds: no letter waits for the time to come again. */
export function setBack(letters: Letters, by: number): Letters {
  const earlier = ({ lease, firstAttemptAt, nextAttemptAt, pausedUntil, ...letter }: Letter): Letter => ({
    ...letter,
    pausedUntil: pausedUntil === null ? null : pausedUntil - by,
    firstAttemptAt: firstAttemptAt === null ? null : firstAttemptAt - by,
    nextAttemptAt: nextAttemptAt - by,
    lease: lease === null ? null : { ...lease, until: lease.until - by },
  });
  return new Map([...letters].map(([id, letter]) => [id, earlier(letter)]));
}
