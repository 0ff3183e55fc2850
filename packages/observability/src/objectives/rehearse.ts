import { History } from "../history/history.ts";
import { milliseconds } from "../rules/duration.ts";
import { evaluate } from "../rules/evaluate.ts";
import { type Alert, type Alerts, nextAlerts } from "./alerts.ts";
import type { AlertRule } from "./rule.ts";
import { samplesOf } from "./scenario.ts";

const MINUTE_MS = 60_000;

export interface Rehearsal {
  /** Firing when the scenario says that the rule fires. */
  readonly firing: readonly Alert[];
  /** Still firing when it says that the rule has resolved. */
  readonly stillFiring: readonly Alert[];
}

/** Evaluates a rule over its scenario, every minute. */
export function rehearse(rule: AlertRule): Rehearsal {
  const { scenario } = rule;
  const history = new History({ keepMs: milliseconds("4w") });
  for (const one of scenario.series) {
    for (const { at, value } of samplesOf(scenario, one)) history.append(one.metric, one.labels, at, value);
  }
  const firing: Alert[] = [];
  let alerts: Alerts = new Map();
  const end = milliseconds(scenario.resolvedAt);
  for (let at = 0; at <= end; at += MINUTE_MS) {
    alerts = nextAlerts(rule, alerts, evaluate(rule.expression, history, at), at);
    if (at === milliseconds(scenario.firesAt)) firing.push(...firingOf(alerts));
  }
  return { firing, stillFiring: firingOf(alerts) };
}

function firingOf(alerts: Alerts): Alert[] {
  return [...alerts.values()].filter(({ state }) => state === "firing");
}
