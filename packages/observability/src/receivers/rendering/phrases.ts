import type { Occasion } from "../../alerting/notification.ts";
import type { Severity } from "../../objectives/rule.ts";

/** How a number is written. */
export type Write = (count: number) => string;

/** How many of the alerts of a notification are what. */
export interface Counts {
  readonly firing: number;
  readonly resolved: number;
  /** Of which nothing more is known. */
  readonly omitted: number;
}

/** What a language says. Whole sentences: languages differ in more than words. */
export interface Phrases {
  /** BCP 47, for numbers and times. */
  readonly locale: string;
  readonly severities: Readonly<Record<Severity, string>>;
  readonly resolved: string;
  readonly test: string;
  /** Why it is told, where that is not told by the severity alone. */
  readonly occasions: Readonly<Record<Exclude<Occasion, "new" | "resolved" | "heartbeat" | "test">, string>>;
  /** After the name of the first alert. */
  andMore(count: number, write: Write): string;
  counts(counts: Counts, write: Write): string;
  readonly testLead: string;
  readonly escalatedLead: string;
  notListed(count: number, write: Write): string;
  readonly severity: string;
  readonly component: string;
  readonly since: string;
  readonly resolvedAt: string;
  readonly value: string;
  readonly labels: string;
  readonly flapping: string;
  readonly comesAndGoes: string;
  readonly acknowledgedBy: string;
  readonly runbook: string;
  readonly console: string;
  /** Between a word and what it says. */
  readonly colon: string;
  /** Where it has lasted so long and goes on. */
  lasting(time: string, duration: string): string;
  /** Where it has lasted so long and is over. */
  lasted(time: string, duration: string): string;
}
