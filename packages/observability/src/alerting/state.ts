/** What the engine remembers: plain values that any store can keep, each entry by itself. */
import type { Labels } from "../history/series.ts";
import type { Severity } from "../objectives/rule.ts";
import type { Mute } from "./mutes.ts";

/** All times are milliseconds since the Unix epoch. */
export interface AlertRecord {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly severity: Severity;
  readonly component: string;
  readonly summary: string;
  readonly runbook: string;
  readonly forMs: number;
  readonly value: number;
  readonly valueAt: number;
  /** The processes that see it. */
  readonly seenBy: readonly string[];
  /** Since when somebody sees it; null when nobody does. */
  readonly seenSince: number | null;
  /** When nobody saw it any more; null while somebody does. */
  readonly unseenSince: number | null;
  /** When it began to fire, now or the last time; null when it never did. */
  readonly firingAt: number | null;
  /** When it ended; null while it fires. */
  readonly resolvedAt: number | null;
  /** When it lately began to fire, oldest first. */
  readonly firings: readonly number[];
  /** By group, since when its receivers know that it fires. */
  readonly told: Readonly<Record<string, Told>>;
  /** Not told anew before this time. */
  readonly coolUntil: number;
  readonly acknowledged: Acknowledgement | null;
  /** What held it back when it was last looked at; null: nothing did, or it does not fire. */
  readonly heldBy: string | null;
}

/** What happened, for whoever asks afterwards. */
export interface AlertEvent {
  readonly at: number;
  readonly kind: "fired" | "resolved" | "flapping" | "held" | "released" | "told" | "acknowledged";
  readonly fingerprint: string;
  readonly rule: string;
  readonly value: number;
  /** To whom, by whom, by what; null where there is nothing to name. */
  readonly detail: string | null;
}

export interface Told {
  readonly at: number;
  readonly flapping: boolean;
}

export interface Acknowledgement {
  readonly by: string;
  readonly at: number;
}

/** Alerts that are told together. */
export interface GroupRecord {
  readonly key: string;
  readonly labels: Labels;
  /** Those who are told: the route's own, then those it was escalated to. */
  readonly receivers: readonly string[];
  /** Nothing is told before. */
  readonly dueAt: number;
  readonly toldAt: number | null;
  /** Its receivers know that somebody is on everything that fires. */
  readonly isAcknowledged: boolean;
}

/** A process that evaluates. */
export interface Reporter {
  readonly id: string;
  readonly heardAt: number;
  /** The rules that it does not know enough about to say that an alert is over. */
  readonly blind: readonly string[];
}

export interface AlertingState {
  readonly alerts: ReadonlyMap<string, AlertRecord>;
  readonly groups: ReadonlyMap<string, GroupRecord>;
  readonly reporters: ReadonlyMap<string, Reporter>;
  readonly mutes: ReadonlyMap<string, Mute>;
  /** When it was last advanced; null before the first time. */
  readonly at: number | null;
}

export const EMPTY_STATE: AlertingState = {
  alerts: new Map(),
  groups: new Map(),
  reporters: new Map(),
  mutes: new Map(),
  at: null,
};

export interface AlertingPolicy {
  /** A process that was not heard of for so long is gone, and what it alone saw is over. Default 5 minutes. */
  readonly reporterTimeoutMs: number;
  /** After an alert was told resolved, it is not told anew for so long. Default 5 minutes. */
  readonly coolDownMs: number;
  /** So many times within the window is flapping. Default 5. */
  readonly flapCount: number;
  /** Default an hour. */
  readonly flapWindowMs: number;
  /** A flapping alert is over when it was away for so long. Default 15 minutes. */
  readonly flapHoldMs: number;
  /** What comes beyond is refused, and counted, but for the first alert of each rule. Default 10,000. */
  readonly maxAlerts: number;
  /** Alerts that a notification lists; more are counted. Default 50. */
  readonly maxListed: number;
}

const MINUTE_MS = 60_000;

export const DEFAULT_POLICY: AlertingPolicy = {
  reporterTimeoutMs: 5 * MINUTE_MS,
  coolDownMs: 5 * MINUTE_MS,
  flapCount: 5,
  flapWindowMs: 60 * MINUTE_MS,
  flapHoldMs: 15 * MINUTE_MS,
  maxAlerts: 10_000,
  maxListed: 50,
};

export type Phase = "pending" | "firing" | "resolved";

export function isFiring({ firingAt, resolvedAt }: AlertRecord): boolean {
  return firingAt !== null && resolvedAt === null;
}

export function phaseOf(record: AlertRecord): Phase {
  if (isFiring(record)) return "firing";
  return record.seenSince === null ? "resolved" : "pending";
}

/** What routes, silences and maintenance windows ask about. */
export function routingLabels({ rule, severity, component, labels }: AlertRecord): Labels {
  return { ...labels, alertname: rule, severity, component };
}

const RANK = { info: 0, warning: 1, critical: 2 } as const satisfies Record<Severity, number>;

export function rankOf(severity: Severity): number {
  return RANK[severity];
}

export function eventAbout(
  { fingerprint, rule, value }: AlertRecord,
  at: number,
  kind: AlertEvent["kind"],
  detail: string | null = null,
): AlertEvent {
  return { at, kind, fingerprint, rule, value, detail };
}
