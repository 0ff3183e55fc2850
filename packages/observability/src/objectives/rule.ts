import { type Duration, milliseconds } from "../rules/duration.ts";
import type { Vector } from "../rules/expression.ts";
import type { RecordingRule } from "./record.ts";
import type { Scenario } from "./scenario.ts";

/** `critical` wakes somebody, `warning` waits for working hours, `info` is for who looks. */
export type Severity = "critical" | "warning" | "info";

export interface AlertRule {
  readonly name: string;
  /** Each element of it is an alert. */
  readonly expression: Vector;
  /** How long an element must be there, without a break, before it fires. */
  readonly forMs: number;
  readonly severity: Severity;
  /** The part of the system it is about, as a topology names it. */
  readonly component: string;
  readonly summary: string;
  /** Name of the page that says what to do. */
  readonly runbook: string;
  readonly scenario: Scenario;
  /** What of its expression is recorded, in the order of recording. Default nothing. */
  readonly reads?: readonly RecordingRule[];
  /** It fires as long as all is well, and is no alert: receivers that are heartbeats hear of it on schedule, and nobody else. */
  readonly beats?: true;
  /** While it fires its component serves nobody: alerts of what depends on that are its consequences, and are held back. */
  readonly outage?: true;
}

/** Rules that are evaluated together, one after the other. */
export interface RuleGroup {
  readonly name: string;
  /** Before the rules. Default none. */
  readonly records?: readonly RecordingRule[];
  readonly rules: readonly AlertRule[];
}

export interface AlertOptions extends Omit<AlertRule, "forMs" | "component"> {
  readonly for?: Duration;
  /** Default `application`. */
  readonly component?: string;
}

/**
 * Throws TypeError for a name that Prometheus would show in quotes, a scenario that could not prove anything, or an outage that
 * would wake nobody and hold back what does.
 */
export function alert({ for: duration, component = "application", ...options }: AlertOptions): AlertRule {
  if (!/^[A-Z][A-Za-z0-9]*$/.test(options.name))
    throw new TypeError(`"${options.name}" is not an alert's name`);
  if (!/^[a-z][a-z0-9-]*$/.test(component)) throw new TypeError(`"${component}" is not a component's name`);
  const { firesAt, resolvedAt } = options.scenario;
  if (milliseconds(firesAt) >= milliseconds(resolvedAt))
    throw new TypeError(`${options.name} resolves before it fires`);
  if (options.outage && options.severity !== "critical")
    throw new TypeError(`${options.name} is an outage, and not critical`);
  return { ...options, component, forMs: duration === undefined ? 0 : milliseconds(duration) };
}
