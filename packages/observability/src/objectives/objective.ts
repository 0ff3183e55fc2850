/**
 * Objectives over a ratio of events, and their multi-window, multi-burn-rate alerts (Site Reliability Workbook, chapter 5):
 * an alert fires while a share of the error budget is being spent within a time, both lately and just now.
 */
import { above, absent, arithmetic, both, compare, gaugeOf } from "../rules/builders.ts";
import { type Duration, milliseconds } from "../rules/duration.ts";
import type { Vector } from "../rules/expression.ts";
import { type RecordingRule, record } from "./record.ts";
import { type AlertRule, alert, type Severity } from "./rule.ts";
import type { Scenario } from "./scenario.ts";
import { oneMinus, type Sli } from "./sli.ts";
import { burningSeries, lateSeries } from "./sli-scenario.ts";
import { type Windows, windowsOf } from "./windows.ts";

export interface ObjectiveOptions {
  /** In PascalCase: the alerts' names begin with it. */
  readonly name: string;
  readonly sli: Sli;
  /** The share of good events that is promised, between 0 and 1. */
  readonly target: number;
  /** Over which it is promised, and the error budget counted. Default `4w`. */
  readonly window?: Duration;
  /**
   * Fewer events than this in an alert's long window say nothing: a failed request at night wakes nobody. Default 100; of a
   * gauge's freshness, which is looked at every minute, 5.
   */
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
  /** What the alerts read, first what long windows are added up from; and what is left of the budget, for dashboards. */
  readonly records: readonly RecordingRule[];
}

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
type Above<Text extends string> = Text extends
  | `0.9${4 | 5 | 6 | 7 | 8 | 9}${string}`
  | `0.93${Exclude<Digit, 0>}${string}`
  ? unknown
  : never;

/**
 * A target that is written out is checked where it is written: at 0.93 and below, 14.4 times the budget is more than there are
 * events. One that is computed is checked when it is there.
 */
export type Reachable<Target extends number> = number extends Target ? number : Target & Above<`${Target}`>;

type BurnWindow = "5m" | "30m" | "1h" | "2h" | "6h" | "1d" | "3d";

interface Burn {
  readonly suffix: string;
  readonly factor: number;
  readonly long: BurnWindow;
  readonly short: BurnWindow;
  readonly severity: Severity;
}

/** With a window of 30 days: 2 % of the budget in an hour, 5 % in six, 10 % in a day, 10 % in three days. */
export const BURNS: readonly Burn[] = [
  { suffix: "BurnsFast", factor: 14.4, long: "1h", short: "5m", severity: "critical" },
  { suffix: "Burns", factor: 6, long: "6h", short: "30m", severity: "critical" },
  { suffix: "BurnsSlowly", factor: 3, long: "1d", short: "2h", severity: "warning" },
  { suffix: "BurnsSteadily", factor: 1, long: "3d", short: "6h", severity: "warning" },
];

const WINDOWS = [...new Set(BURNS.flatMap(({ short, long }) => [short, long]))];

const DEFAULT_MINIMUM = { good: 100, bad: 100, time: 5 } as const;

/** Throws TypeError for a target at which one of the alerts could never fire, whatever happened. */
export function objective<const Target extends number>(
  options: ObjectiveOptions & { readonly target: Reachable<Target> & Target },
): Objective {
  const { name, sli, target, window = "4w" } = options;
  if (!(target > 0 && target < 1)) throw new TypeError(`${name}: the target is between 0 and 1`);
  const prefix = `objective:${snakeCase(name)}`;
  const windows = windowsOf(prefix, sli);
  const errorRatio = windows.badShare;
  const budgetLeft = oneMinus(arithmetic(errorRatio(window), "/", decimal(1 - target)));
  const ratioIn = (over: BurnWindow): RecordingRule =>
    record({
      name: `${prefix}_errors:ratio${over}`,
      help: `Share of the bad in ${over}, of ${name}.`,
      unit: "ratio",
      expression: errorRatio(over),
    });
  const ratios = Object.fromEntries(WINDOWS.map((over) => [over, ratioIn(over)])) as Ratios;
  const reads = { windows, ratios, records: [...windows.records, ...Object.values(ratios)] };
  return {
    name,
    sli,
    target,
    window,
    errorRatio,
    budgetLeft,
    alerts: [...BURNS.map((burn) => burnAlert(options, burn, reads)), absenceAlert(options)],
    records: [
      ...reads.records,
      record({
        name: `${prefix}_budget:left${window}`,
        help: `What is left of the error budget of ${name}: 1 is all of it.`,
        unit: "ratio",
        expression: budgetLeft,
      }),
    ],
  };
}

/** As it would be written: 1 - 0.95 is 0.050000000000000044 in binary. */
function decimal(value: number): number {
  return Number(value.toFixed(12));
}

function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
}

type Ratios = Readonly<Record<BurnWindow, RecordingRule>>;

interface Reads {
  readonly windows: Windows;
  readonly ratios: Ratios;
  readonly records: readonly RecordingRule[];
}

function burnAlert(
  options: ObjectiveOptions,
  { suffix, factor, long, short, severity }: Burn,
  { windows, ratios, records }: Reads,
): AlertRule {
  const { name, sli, target, minimumEvents = DEFAULT_MINIMUM[sli.counts], runbook } = options;
  const threshold = decimal(factor * (1 - target));
  if (threshold >= 1) {
    throw new TypeError(
      `${name}${suffix} can never fire: ${factor} times the budget of ${target} is more than all events`,
    );
  }
  return alert({
    name: `${name}${suffix}`,
    expression: both(
      above(gaugeOf(ratios[long]), threshold),
      above(gaugeOf(ratios[short]), threshold),
      compare(windows.all(long), ">=", minimumEvents),
    ),
    reads: records,
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
    series: burningSeries(sli, { steps, events, bad }),
    firesAt: `${2 * minutes}m`,
    resolvedAt: `${4 * minutes}m`,
  };
}

function aboutComponent({ component }: ObjectiveOptions): Pick<ObjectiveOptions, "component"> {
  return component === undefined ? {} : { component };
}

function absenceAlert(options: ObjectiveOptions): AlertRule {
  const { name, sli, runbook } = options;
  return alert({
    name: `${name}Absent`,
    expression: absent(sli.counts === "time" ? sli.of : sli.total),
    for: "10m",
    severity: "warning",
    ...aboutComponent(options),
    summary: `Nothing counts the events of ${name}: its alerts are blind.`,
    runbook,
    scenario: { every: "1m", series: [lateSeries(sli)], firesAt: "12m", resolvedAt: "16m" },
  });
}
