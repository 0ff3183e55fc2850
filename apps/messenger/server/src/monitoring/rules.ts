import { missingMetrics, type RuleGroup } from "@rempart/observability";

export interface LeftOut {
  readonly rule: string;
  /** For want of which it could never match. */
  readonly missing: readonly string[];
}

export interface ChosenRules {
  readonly groups: readonly RuleGroup[];
  readonly leftOut: readonly LeftOut[];
}

/** The parts of a histogram, as samples are named. */
const PART = /_(bucket|count|sum)$/;
/** Written by the monitor itself. */
const UP = "up";

/** The rules that can match something, of an installation that counts these metrics. */
export function rulesFor(groups: readonly RuleGroup[], counted: ReadonlySet<string>): ChosenRules {
  const isCounted = (metric: string): boolean =>
    metric === UP || counted.has(metric) || counted.has(metric.replace(PART, ""));
  const leftOut: LeftOut[] = [];
  const chosen = groups.map(({ name, rules }) => ({
    name,
    rules: rules.filter((rule) => {
      const missing = missingMetrics(rule.expression, isCounted);
      if (missing.length > 0) leftOut.push({ rule: rule.name, missing });
      return missing.length === 0;
    }),
  }));
  return { groups: chosen, leftOut };
}
