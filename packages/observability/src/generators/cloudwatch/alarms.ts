import type { AlertRule, RuleGroup } from "../../objectives/rule.ts";
import { inlined } from "../../rules/inline.ts";
import { GENERATED } from "../yaml.ts";
import {
  type Inexpressible,
  type KnownValues,
  type MetricMath,
  type MetricStat,
  toMetricMath,
} from "./metric-math.ts";

export interface CloudWatchOptions {
  /** Where the agent publishes metrics. */
  readonly namespace: string;
  /** The value of the dimension `job`, which every metric has. */
  readonly job: string;
  /** The values of labels that prefixes in rules stand for. */
  readonly values: KnownValues;
}

export interface NoAlarm {
  readonly rule: string;
  readonly reason: string;
}

/** A CloudFormation template with an alarm for each rule that CloudWatch can express; its metadata name the others. */
export function toCloudWatch(groups: readonly RuleGroup[], options: CloudWatchOptions): string {
  const written = inMetricMath(groups, options.values);
  const alarms = written.flatMap(({ rule, math }) =>
    isInexpressible(math) ? [] : [[rule.name, alarmOf(rule, math, options)] as const],
  );
  const template = {
    AWSTemplateFormatVersion: "2010-09-09",
    Description: GENERATED,
    Metadata: { Rempart: { WithoutAlarm: withoutAlarm(groups, options.values) } },
    Parameters: Object.fromEntries(SEVERITIES.map((severity) => [topicOf(severity), TOPIC])),
    Resources: Object.fromEntries(alarms),
  };
  return `${JSON.stringify(template, null, 2)}\n`;
}

/** The rules that CloudWatch cannot express, and why. */
export function withoutAlarm(groups: readonly RuleGroup[], values: KnownValues): NoAlarm[] {
  return inMetricMath(groups, values).flatMap(({ rule, math }) =>
    isInexpressible(math) ? [{ rule: rule.name, reason: math.reason }] : [],
  );
}

interface Written {
  readonly rule: AlertRule;
  readonly math: MetricMath | Inexpressible;
}

function inMetricMath(groups: readonly RuleGroup[], values: KnownValues): Written[] {
  const rules = groups.flatMap((group) => group.rules);
  return rules.map((rule) => ({
    rule,
    math: rule.beats
      ? { reason: "it fires as long as all is well" }
      : toMetricMath(inlined(rule.expression, rule.reads ?? []), values),
  }));
}

const SEVERITIES = ["critical", "warning", "info"] as const;
const TOPIC = { Type: "String", Description: "ARN of the SNS topic that is told." };

function topicOf(severity: AlertRule["severity"]): string {
  return `${severity.charAt(0).toUpperCase()}${severity.slice(1)}Topic`;
}

function isInexpressible(math: MetricMath | Inexpressible): math is Inexpressible {
  return "reason" in math;
}

function alarmOf(rule: AlertRule, math: MetricMath, options: CloudWatchOptions): object {
  const { severity, component, runbook, summary, forMs } = rule;
  const { expression, metrics, periodSeconds } = math;
  const told = [{ Ref: topicOf(severity) }];
  return {
    Type: "AWS::CloudWatch::Alarm",
    Properties: {
      AlarmName: rule.name,
      AlarmDescription: `${summary} Runbook: ${runbook}.`,
      Metrics: [
        { Id: "fires", Expression: `IF(${expression}, 1, 0)`, Label: rule.name, ReturnData: true },
        ...metrics.map((stat, index) => metricOf(`m${index + 1}`, stat, periodSeconds, options)),
      ],
      ComparisonOperator: "GreaterThanThreshold",
      Threshold: 0,
      EvaluationPeriods: Math.max(1, Math.ceil(forMs / 1_000 / periodSeconds)),
      TreatMissingData: "notBreaching",
      AlarmActions: told,
      OKActions: told,
      Tags: [
        { Key: "severity", Value: severity },
        { Key: "component", Value: component },
      ],
    },
  };
}

function metricOf(
  id: string,
  { metric, dimensions, stat }: MetricStat,
  period: number,
  { namespace, job }: CloudWatchOptions,
): object {
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: metric,
        Dimensions: Object.entries({ job, ...dimensions }).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: period,
      Stat: stat,
    },
    ReturnData: false,
  };
}
