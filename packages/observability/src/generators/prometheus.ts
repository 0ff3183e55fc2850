import type { Alert } from "../objectives/alerts.ts";
import type { RecordingRule } from "../objectives/record.ts";
import type { AlertRule, RuleGroup } from "../objectives/rule.ts";
import type { Scenario, ScenarioSeries } from "../objectives/scenario.ts";
import { durationText } from "../rules/duration.ts";
import { toPromql } from "../rules/promql.ts";
import { yamlFile } from "./yaml.ts";

/** A rule file for Prometheus. The same groups give the same bytes. */
export function toRuleFile(groups: readonly RuleGroup[]): string {
  return yamlFile([{ groups: groups.map(groupEntry) }]);
}

function groupEntry({ name, records = [], rules }: RuleGroup): object {
  return { name, rules: [...records.map(recordEntry), ...rules.map(ruleEntry)] };
}

function recordEntry({ name, expression }: RecordingRule): object {
  return { record: name, expr: toPromql(expression) };
}

function ruleEntry({ name, expression, forMs, severity, component, summary, runbook }: AlertRule): object {
  return {
    alert: name,
    expr: toPromql(expression),
    ...(forMs === 0 ? {} : { for: durationText(forMs) }),
    labels: { severity, component },
    annotations: { summary, runbook },
  };
}

/** What fires, and what not any more, at the two times of a rule's scenario. */
export interface Expected {
  readonly rule: AlertRule;
  readonly firing: readonly Alert[];
}

/** Unit tests of the rules for `promtool test rules`, from their scenarios. */
export function toRuleTests(ruleFile: string, expected: readonly Expected[]): string {
  return yamlFile([
    {
      rule_files: [ruleFile],
      evaluation_interval: "1m",
      tests: expected.map(({ rule, firing }) => ({
        name: rule.name,
        interval: rule.scenario.every,
        input_series: rule.scenario.series.map(seriesEntry),
        alert_rule_test: [
          testEntry(rule, rule.scenario.firesAt, firing),
          testEntry(rule, rule.scenario.resolvedAt, []),
        ],
      })),
    },
  ]);
}

function seriesEntry({ metric, labels, from, runs, missingSteps = 0 }: ScenarioSeries): object {
  const selector = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  const values = missingSteps === 0 ? [String(from)] : [`_x${missingSteps}`, String(from)];
  let last = from;
  for (const [steps, by] of runs) {
    values.push(`${last + by}${by < 0 ? "-" : "+"}${Math.abs(by)}x${steps - 1}`);
    last += by * steps;
  }
  return { series: `${metric}{${selector.join(",")}}`, values: values.join(" ") };
}

function testEntry(
  { name, severity, component, summary, runbook }: AlertRule,
  at: Scenario["firesAt"],
  alerts: readonly Alert[],
): object {
  return {
    eval_time: at,
    alertname: name,
    exp_alerts: alerts.map(({ labels }) => ({
      exp_labels: { ...labels, severity, component },
      exp_annotations: { summary, runbook },
    })),
  };
}
