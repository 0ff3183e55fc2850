import type { Alert } from "../objectives/alerts.ts";
import type { AlertRule, RuleGroup } from "../objectives/rule.ts";
import type { Scenario, ScenarioSeries } from "../objectives/scenario.ts";
import { durationText } from "../rules/duration.ts";
import { toPromql } from "../rules/promql.ts";

/** Strings are in JSON, which YAML reads: nothing in them can end a line or begin a key. */
const text = (value: string): string => JSON.stringify(value);

/** A rule file for Prometheus. The same groups give the same bytes. */
export function toRuleFile(groups: readonly RuleGroup[]): string {
  const lines = groups.flatMap(({ name, rules }) => [
    `  - name: ${text(name)}`,
    "    rules:",
    ...rules.flatMap(ruleLines),
  ]);
  return ["# Generated from the rules as they are declared: change those.", "groups:", ...lines, ""].join(
    "\n",
  );
}

function ruleLines({ name, expression, forMs, severity, summary, runbook }: AlertRule): string[] {
  return [
    `      - alert: ${name}`,
    `        expr: ${text(toPromql(expression))}`,
    ...(forMs === 0 ? [] : [`        for: ${durationText(forMs)}`]),
    "        labels:",
    `          severity: ${severity}`,
    "        annotations:",
    `          summary: ${text(summary)}`,
    `          runbook: ${text(runbook)}`,
  ];
}

/** What fires, and what not any more, at the two times of a rule's scenario. */
export interface Expected {
  readonly rule: AlertRule;
  readonly firing: readonly Alert[];
}

/** Unit tests of the rules for `promtool test rules`, from their scenarios. */
export function toRuleTests(ruleFile: string, expected: readonly Expected[]): string {
  const lines = expected.flatMap(({ rule, firing }) => [
    `  - name: ${rule.name}`,
    `    interval: ${rule.scenario.every}`,
    "    input_series:",
    ...rule.scenario.series.flatMap(seriesLines),
    "    alert_rule_test:",
    ...testLines(rule, rule.scenario.firesAt, firing),
    ...testLines(rule, rule.scenario.resolvedAt, []),
  ]);
  const head = [`rule_files: [${text(ruleFile)}]`, "evaluation_interval: 1m", "tests:"];
  return [...head, ...lines, ""].join("\n");
}

function seriesLines({ metric, labels, from, runs, missingSteps = 0 }: ScenarioSeries): string[] {
  const selector = Object.entries(labels).map(([label, value]) => `${label}=${text(value)}`);
  const values = missingSteps === 0 ? [String(from)] : [`_x${missingSteps}`, String(from)];
  let last = from;
  for (const [steps, by] of runs) {
    values.push(`${last + by}${by < 0 ? "-" : "+"}${Math.abs(by)}x${steps - 1}`);
    last += by * steps;
  }
  return [
    `      - series: ${text(`${metric}{${selector.join(",")}}`)}`,
    `        values: ${text(values.join(" "))}`,
  ];
}

function testLines(
  { name, severity, summary, runbook }: AlertRule,
  at: Scenario["firesAt"],
  alerts: readonly Alert[],
): string[] {
  const annotations = JSON.stringify({ summary, runbook });
  return [
    `      - eval_time: ${at}`,
    `        alertname: ${name}`,
    ...(alerts.length === 0 ? [] : ["        exp_alerts:"]),
    ...alerts.flatMap(({ labels }) => [
      `          - exp_labels: ${JSON.stringify({ ...labels, severity })}`,
      `            exp_annotations: ${annotations}`,
    ]),
  ];
}
