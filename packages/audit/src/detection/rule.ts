import type { EventType } from "../events/table.ts";
import type { AuditRecord } from "../reading/record.ts";

/** What a response can be done to. */
export interface Target {
  readonly kind: "address" | "user";
  readonly value: string;
}

/** What may be done about it, by whoever owns bans and sessions. */
export type Response = "ban-address" | "end-sessions" | "require-step-up";

/** Something that somebody should look at. */
export interface Suspicion {
  readonly rule: string;
  readonly target: Target;
  /** 0 to 100: how sure and how bad. From 80 on, nobody should sleep on it. */
  readonly score: number;
  /** In words, with the numbers that led to it. */
  readonly reason: string;
  /** The entries that show it, the last one first; at most ten. */
  readonly evidence: readonly string[];
}

/** A rule's memory and judgement. Fed every entry of its types, in the order of the log. */
export interface Watch {
  see(record: AuditRecord): Suspicion | null;
}

/** A rule as it is declared: a value. It starts a watch, which alone has state. */
export interface Rule {
  readonly name: string;
  readonly summary: string;
  readonly types: readonly EventType[];
  /** How far back an entry can matter, in milliseconds: what is read again when a process starts. */
  readonly memoryMs: number;
  /** For this long after a suspicion, the same target raises no further one. Milliseconds. */
  readonly coolDownMs: number;
  /** What to do without asking; null: only tell. */
  readonly response: Response | null;
  start(): Watch;
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A text inside the body, such as `["resource", "metadata", "act"]`; undefined when it is not there. */
export function textAt({ body }: AuditRecord, path: readonly string[]): string | undefined {
  let value: unknown = body;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === "string" ? value : undefined;
}

export function userOf(record: AuditRecord): string | undefined {
  return textAt(record, ["actor", "userId"]);
}

/** Whom it is about: the account that somebody failed to enter, rather than who tried. */
export function accountOf(record: AuditRecord): string | undefined {
  return textAt(record, ["resource", "type"]) === "user"
    ? textAt(record, ["resource", "id"])
    : userOf(record);
}
