/**
 * Objectives over a ratio of events, and their multi-window, multi-burn-rate alerts (Site Reliability Workbook, chapter 5):
 * an alert fires while a share of the error budget is being spent within a time, both lately and just now.
 */
import type { CounterMetric, HistogramMetric } from "../metrics/declare.ts";
import {
  above,
  absent,
  arithmetic,
  both,
  compare,
  counterOf,
  increase,
  observationsOf,
  observationsUpTo,
  ratio,
  sumBy,
  type Where,
} from "../rules/builders.ts";
import { type Duration, milliseconds } from "../rules/duration.ts";
import type { Select, Vector } from "../rules/expression.ts";
import { type AlertRule, alert, type Severity } from "./rule.ts";
import { type Run, type Scenario, type ScenarioSeries, series } from "./scenario.ts";

/** What is counted: events, and those of them that were good, or those that were bad. */
export interface Sli {
  readonly counts: "good" | "bad";
  readonly of: Select<"counter">;
  readonly total: Select<"counter">;
}

/** Of the counter's events, those under the condition failed. */
export function errorsOf<Label extends string>(
  counter: CounterMetric<Label>,
  bad: Where<Label>,
  all?: Where<Label>,
): Sli {
  return { counts: "bad", of: counterOf(counter, { ...all, ...bad }), total: counterOf(counter, all) };
}

/** Of the histogram's observations, those up to one of its bounds are fast enough. */
export function fasterThan<Label extends string>(
  histogram: HistogramMetric<Label>,
  bound: number,
  where?: Where<Label>,
): Sli {
  return {
    counts: "good",
    of: observationsUpTo(histogram, bound, where),
    total: observationsOf(histogram, where),
  };
}

export interface ObjectiveOptions {
  /** In PascalCase: the alerts' names begin with it. */
  readonly name: string;
  readonly sli: Sli;
  /** The share of good events that is promised, between 0 and 1. */
  readonly target: number;
  /** Over which it is promised, and the error budget counted. Default `4w`. */
  readonly window?: Duration;
  /** Fewer events than this in an alert's long window say nothing: a failed request at night wakes nobody. Default 100. */
  readonly minimumEvents?: number;
  /** What its alerts are about. Default `application`. */
  readonly component?: string;
  readonly runbook: string;
}

export interface Objective {
  readonly name: string;
  readonly sli: Sli;
  readonly target: number;
  readonly window: Duration;
  /** Share of bad events. */
  readonly errorRatio: (window: Duration) => Vector;
  /** What is left of the error budget: 1 at first, 0 when it is spent, negative beyond. */
  readonly budgetLeft: Vector;
  /** The burn-rate alerts, fastest first, and the one for when nothing is counted at all. */
  readonly alerts: readonly AlertRule[];
}

interface Burn {
  readonly suffix: string;
  readonly factor: number;
  readonly long: Duration;
  readonly short: Duration;
  readonly severity: Severity;
}

/** With a window of 30 days: 2 % of the budget in an hour, 5 % in six, 10 % in a day, 10 % in three days. */
export const BURNS: readonly Burn[] = [
  { suffix: "BurnsFast", factor: 14.4, long: "1h", short: "5m", severity: "critical" },
  { suffix: "Burns", factor: 6, long: "6h", short: "30m", severity: "critical" },
  { suffix: "BurnsSlowly", factor: 3, long: "1d", short: "2h", severity: "warning" },
  { suffix: "BurnsSteadily", factor: 1, long: "3d", short: "6h", severity: "warning" },
];

const DEFAULT_MINIMUM = 100;

/** Throws TypeError for a target at which one of the alerts could never fire, whatever happened. */
export function objective(options: ObjectiveOptions): Objective {
  const { name, sli, target, window = "4w" } = options;
  if (!(target > 0 && target < 1)) throw new TypeError(`${name}: the target is between 0 and 1`);
  const errorRatio = (over: Duration): Vector => badShare(sli, over);
  return {
    name,
    sli,
    target,
    window,
    errorRatio,
    budgetLeft: oneMinus(arithmetic(errorRatio(window), "/", 1 - target)),
    alerts: [...BURNS.map((burn) => burnAlert(options, burn)), absenceAlert(options)],
  };
}

function badShare({ counts, of, total }: Sli, window: Duration): Vector {
  const share = ratio(sumBy([], increase(of, window)), sumBy([], increase(total, window)));
  return counts === "bad" ? share : oneMinus(share);
}

function oneMinus(of: Vector): Vector {
  return arithmetic(arithmetic(of, "*", -1), "+", 1);
}

function burnAlert(options: ObjectiveOptions, { suffix, factor, long, short, severity }: Burn): AlertRule {
  const { name, sli, target, minimumEvents = DEFAULT_MINIMUM, runbook } = options;
  const threshold = factor * (1 - target);
  if (threshold >= 1) {
    throw new TypeError(
      `${name}${suffix} can never fire: ${factor} times the budget of ${target} is more than all events`,
    );
  }
  return alert({
    name: `${name}${suffix}`,
    expression: both(
      above(badShare(sli, long), threshold),
      above(badShare(sli, short), threshold),
      compare(sumBy([], increase(sli.total, long)), ">=", minimumEvents),
    ),
    severity,
    ...aboutComponent(options),
    summary: `The error budget of ${name} is being spent ${factor} times too fast.`,
    runbook,
    scenario: burnScenario(sli, threshold, short, minimumEvents),
  });
}

const STEPS_A_SHORT_WINDOW = 12;
const LEAST_EVENTS_A_STEP = 1_000;

/** For two short windows, half-way between the threshold and everything is bad; then, for three, nothing. */
function burnScenario(sli: Sli, threshold: number, short: Duration, minimumEvents: number): Scenario {
  const minutes = milliseconds(short) / 60_000;
  const everyMinutes = Math.min(5, Math.ceil(minutes / STEPS_A_SHORT_WINDOW));
  const steps = minutes / everyMinutes;
  const events = Math.max(LEAST_EVENTS_A_STEP, minimumEvents);
  const bad = Math.ceil((events * (1 + threshold)) / 2);
  return {
    every: `${everyMinutes}m`,
    series: sli.counts === "bad" ? badSeries(sli, steps, bad, events) : goodSeries(sli, steps, bad, events),
    firesAt: `${2 * minutes}m`,
    resolvedAt: `${4 * minutes}m`,
  };
}

/** The total finds the bad events too: its own series are the good ones. */
function badSeries({ of, total }: Sli, steps: number, bad: number, events: number): ScenarioSeries[] {
  return [
    found(total, [2 * steps, events - bad], [3 * steps, events]),
    found(of, [2 * steps, bad], [3 * steps, 0]),
  ];
}

function goodSeries({ of, total }: Sli, steps: number, bad: number, events: number): ScenarioSeries[] {
  return [found(total, [5 * steps, events]), found(of, [2 * steps, events - bad], [3 * steps, events])];
}

/** A series that the selector finds. */
function found({ metric, where }: Select, ...runs: readonly Run[]): ScenarioSeries {
  const labels = where.map((matcher) => {
    if (matcher.op === "is" || matcher.op === "startsWith") return [matcher.label, matcher.value];
    return [matcher.label, matcher.op === "oneOf" ? matcher.values[0] : "scenario"];
  });
  return series(metric, Object.fromEntries(labels), 0, ...runs);
}

function aboutComponent({ component }: ObjectiveOptions): Pick<ObjectiveOptions, "component"> {
  return component === undefined ? {} : { component };
}

function absenceAlert(options: ObjectiveOptions): AlertRule {
  const { name, sli, runbook } = options;
  const late = { ...found(sli.total, [10, 1]), missingSteps: 15 };
  return alert({
    name: `${name}Absent`,
    expression: absent(sli.total),
    for: "10m",
    severity: "warning",
    ...aboutComponent(options),
    summary: `Nothing counts the events of ${name}: its alerts are blind.`,
    runbook,
    scenario: { every: "1m", series: [late], firesAt: "12m", resolvedAt: "16m" },
  });
}
