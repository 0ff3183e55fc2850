import type { Labels } from "../history/series.ts";
import type { Severity } from "../objectives/rule.ts";

/** One alert as a receiver tells it. */
export interface NotifiedAlert {
  readonly name: string;
  /** The same for the same rule and labels, in every notification and every process. */
  readonly fingerprint: string;
  readonly state: "firing" | "resolved";
  readonly severity: Severity;
  /** The part of the system it is about. */
  readonly component: string;
  readonly labels: Labels;
  readonly value: number;
  readonly summary: string;
  /** Name of the page that says what to do. */
  readonly runbook: string;
  /** Milliseconds since the Unix epoch. */
  readonly firingSince: number;
  readonly resolvedAt: number | null;
  /** It comes and goes too often to be told each time: it is held as firing until it has been away for a while. */
  readonly flapping?: boolean;
  /** Who said that they are on it. */
  readonly acknowledgedBy?: string;
}

/** Why a receiver is told now. */
export type Occasion =
  | "new"
  | "changed"
  | "repeated"
  | "escalated"
  /** Somebody is on everything that fires. */
  | "acknowledged"
  | "resolved"
  /** Nothing happened, and rules are evaluated, kept and told. */
  | "heartbeat"
  | "test";

/** What one receiver is told about one group of alerts, once. */
export interface Notification {
  /** The same in every attempt to send it: a receiver that saw it can tell. */
  readonly id: string;
  readonly receiver: string;
  /** The same for all notifications about the group: what is resolved is found again by it. */
  readonly groupKey: string;
  readonly groupLabels: Labels;
  readonly occasion: Occasion;
  /** `resolved` when none of the group's alerts fires any more. */
  readonly status: "firing" | "resolved";
  /** The gravest of its alerts. */
  readonly severity: Severity;
  /** Gravest first, a bounded number. */
  readonly alerts: readonly NotifiedAlert[];
  /** How many more there are. */
  readonly omitted: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}
