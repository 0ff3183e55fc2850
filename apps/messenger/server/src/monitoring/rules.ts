import {
  type AlertRule,
  type Counted,
  inlined,
  missingMetrics,
  PROMETHEUS_WATCH,
  type RuleGroup,
  SHIPPED_GROUPS,
  type Target,
} from "@rempart/observability";

/** The shipped ones, and where a Prometheus is among those watched, those about it. */
export function rulesAbout(targets: readonly Target[]): readonly RuleGroup[] {
  const isWatched = targets.some(({ job }) => job === PROMETHEUS_WATCH.name);
  return isWatched ? [...SHIPPED_GROUPS, PROMETHEUS_WATCH] : SHIPPED_GROUPS;
}

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

/** Of the rules those that are about something, where `counted` says which metrics there are. */
export function rulesFor(groups: readonly RuleGroup[], counted: Counted): ChosenRules {
  const recorded = new Set<string>([UP]);
  const leftOut: LeftOut[] = [];
  const isCounted: Counted = (metric, forItsAbsence) =>
    recorded.has(metric) ||
    counted(metric, forItsAbsence) ||
    counted(metric.replace(PART, ""), forItsAbsence);
  const isAboutSomething = ({ name, expression, reads = [] }: Named): boolean => {
    const missing = missingMetrics(inlined(expression, reads), isCounted);
    if (missing.length > 0) leftOut.push({ rule: name, missing });
    return missing.length === 0;
  };
  const chosen = groups.map(({ name, records = [], rules }) => {
    const kept = records.filter((record) => isAboutSomething({ ...record, reads: records }));
    for (const record of kept) recorded.add(record.name);
    return { name, records: kept, rules: rules.filter(isAboutSomething) };
  });
  return { groups: chosen, leftOut };
}

type Named = Pick<AlertRule, "name" | "expression" | "reads">;
