import type { LabelBound, Metric } from "../metrics/declare.ts";
import type { Objective } from "../objectives/objective.ts";
import type { AlertRule, RuleGroup } from "../objectives/rule.ts";
import { durationText } from "../rules/duration.ts";
import { toPromql } from "../rules/promql.ts";
import type { NoAlarm } from "./cloudwatch/alarms.ts";
import { code, markdownTable } from "./markdown.ts";
import { GENERATED } from "./yaml.ts";

export interface Reference {
  readonly metrics: readonly Metric[];
  readonly groups: readonly RuleGroup[];
  readonly objectives: readonly Objective[];
  /** Rules that CloudWatch cannot express. */
  readonly withoutAlarm: readonly NoAlarm[];
  /** From the page to the folder of runbooks, with a slash at its end. */
  readonly runbookBase: string;
}

/** Every metric, recorded value, objective and alert, as a page of Markdown. */
export function toReferencePage({
  metrics,
  groups,
  objectives,
  withoutAlarm,
  runbookBase,
}: Reference): string {
  const rules = groups.flatMap((group) => group.rules);
  const records = groups.flatMap((group) => group.records ?? []);
  return `<!-- ${GENERATED} -->
# Metrics and alerts

## Metrics

${markdownTable(["metric", "kind", "unit", "labels", "meaning"], byName(metrics).map(metricRow))}

## Recorded values

Computed with every evaluation, here and in Prometheus.

${markdownTable(
  ["name", "unit", "meaning", "expression"],
  byName(records).map(({ name, unit, help, expression }) => [
    code(name),
    unit,
    help,
    code(toPromql(expression)),
  ]),
)}

## Objectives

${markdownTable(["objective", "target", "window", "alerts"], objectives.map(objectiveRow))}

## Alerts

${markdownTable(
  ["alert", "severity", "component", "for", "what it says", "when", "runbook"],
  byName(rules).map((rule) => alertRow(rule, runbookBase)),
)}

## Without an alarm in CloudWatch

${markdownTable(
  ["alert", "because"],
  byName(withoutAlarm.map(({ rule, reason }) => ({ name: rule, reason }))).map(({ name, reason }) => [
    code(name),
    reason,
  ]),
)}
`;
}

function byName<Named extends { readonly name: string }>(all: readonly Named[]): Named[] {
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function metricRow({ name, kind, unit, labels, help }: Metric): string[] {
  const bounds = Object.entries<LabelBound>(labels).map(
    ([label, bound]) => `${code(label)}: ${boundText(bound)}`,
  );
  return [code(name), kind, unit, bounds.join("; ") || "–", help];
}

function boundText(bound: LabelBound): string {
  return "values" in bound ? bound.values.join(", ") : `at most ${bound.limit}`;
}

function objectiveRow({ name, target, window, alerts }: Objective): string[] {
  return [
    name,
    `${Number((target * 100).toPrecision(6))} %`,
    window,
    alerts.map((rule) => code(rule.name)).join(", "),
  ];
}

function alertRow(
  { name, severity, outage, component, forMs, summary, expression, runbook }: AlertRule,
  base: string,
): string[] {
  const after = forMs === 0 ? "at once" : durationText(forMs);
  const page = `[${runbook}](${base}${runbook}.md)`;
  const grade = outage ? `${severity}, outage` : severity;
  return [code(name), grade, component, after, summary, code(toPromql(expression)), page];
}
