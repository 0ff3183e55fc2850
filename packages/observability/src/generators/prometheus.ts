import type { Alert } from "../objectives/alerts.ts";
import type { RecordingRule } from "../objectives/record.ts";
import type { AlertRule, RuleGroup } from "../objectives/rule.ts";
import type { Scenario, ScenarioSeries } from "../objectives/scenario.ts";
import { durationText } from "../rules/duration.ts";
import { toPromql } from "../rules/promql.ts";
import { yamlFile } from "./yaml.ts";

export interface RuleFileOptions {
  /** Where runbooks are read, with a slash at its end. Default: they are named only. */
  readonly runbookBase?: string;
}

/** A rule file for Prometheus. The same groups give the same bytes. */
export function toRuleFile(groups: readonly RuleGroup[], options: RuleFileOptions = {}): string {
  return yamlFile([{ groups: groups.map((group) => groupEntry(group, options)) }]);
}

function groupEntry({ name, records = [], rules }: RuleGroup, options: RuleFileOptions): object {
  return { name, rules: [...records.map(recordEntry), ...rules.map((rule) => ruleEntry(rule, options))] };
}

function recordEntry({ name, expression }: RecordingRule): object {
  return { record: name, expr: toPromql(expression) };
}

function ruleEntry(rule: AlertRule, options: RuleFileOptions): object {
  const { name, expression, forMs, severity, component } = rule;
  return {
    alert: name,
    expr: toPromql(expression),
    ...(forMs === 0 ? {} : { for: durationText(forMs) }),
    labels: { severity, component },
    annotations: annotationsOf(rule, options),
  };
}

function annotationsOf({ summary, runbook }: AlertRule, { runbookBase }: RuleFileOptions): object {
  if (runbookBase === undefined) return { summary, runbook };
  return { summary, runbook, runbook_url: `${runbookBase}${runbook}.md` };
}

/** What fires, and what not any more, at the two times of a rule's scenario. */
export interface Expected {
  readonly rule: AlertRule;
  readonly firing: readonly Alert[];
}

/** Unit tests of the rules for `promtool test rules`, from their scenarios. The options are those of the rule file. */
export function toRuleTests(
  ruleFile: string,
  expected: readonly Expected[],
  options: RuleFileOptions = {},
): string {
  return yamlFile([
    {
      rule_files: [ruleFile],
      evaluation_interval: evaluationInterval(expected),
      tests: expected.map(({ rule, firing }) => ({
        name: rule.name,
        interval: rule.scenario.every,
        input_series: rule.scenario.series.map(seriesEntry),
        alert_rule_test: [
          testEntry(rule, rule.scenario.firesAt, firing, options),
          testEntry(rule, rule.scenario.resolvedAt, [], options),
        ],
      })),
    },
  ]);
}

/** All rules of a file at once: as often as there are samples, where all scenarios step alike. */
function evaluationInterval(expected: readonly Expected[]): string {
  const [every = "1m", ...others] = new Set(expected.map(({ rule }) => rule.scenario.every));
  return others.length === 0 ? every : "1m";
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
  rule: AlertRule,
  at: Scenario["firesAt"],
  alerts: readonly Alert[],
  options: RuleFileOptions,
): object {
  const { name, severity, component } = rule;
  return {
    eval_time: at,
    alertname: name,
    exp_alerts: alerts.map(({ labels }) => ({
      exp_labels: { ...labels, severity, component },
      exp_annotations: annotationsOf(rule, options),
    })),
  };
}
