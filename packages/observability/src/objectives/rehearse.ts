import { History } from "../history/history.ts";
import { milliseconds } from "../rules/duration.ts";
import { evaluate } from "../rules/evaluate.ts";
import { inlined } from "../rules/inline.ts";
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

/** Evaluates a rule over its scenario, every minute that an answer depends on. */
export function rehearse(rule: AlertRule): Rehearsal {
  const { scenario } = rule;
  const history = new History({ keepMs: milliseconds("4w") });
  for (const one of scenario.series) {
    for (const { at, value } of samplesOf(scenario, one)) history.append(one.metric, one.labels, at, value);
  }
  return {
    firing: firingAt(rule, history, milliseconds(scenario.firesAt)),
    stillFiring: firingAt(rule, history, milliseconds(scenario.resolvedAt)),
  };
}

/** An alert fires when its element was there for the rule's time: what was before does not matter. */
function firingAt(rule: AlertRule, history: History, end: number): Alert[] {
  const minutes = Math.ceil(rule.forMs / MINUTE_MS);
  const expression = inlined(rule.expression, rule.reads ?? []);
  let alerts: Alerts = new Map();
  for (let at = end - minutes * MINUTE_MS; at <= end; at += MINUTE_MS)
    alerts = nextAlerts(rule, alerts, evaluate(expression, history, at), at);
  return firingOf(alerts);
}

function firingOf(alerts: Alerts): Alert[] {
  return [...alerts.values()].filter(({ state }) => state === "firing");
}
