import type { CounterMetric, GaugeMetric, HistogramMetric } from "../metrics/declare.ts";
import { type Duration, milliseconds } from "./duration.ts";
import type {
  Absent,
  Aggregate,
  Apply,
  Arithmetic,
  Comparison,
  HistogramQuantile,
  Labelling,
  Matcher,
  Matching,
  Operand,
  Over,
  OverTimeFunction,
  Select,
  SetOperation,
  Vector,
} from "./expression.ts";

/** A value: that one. Otherwise as the names say. */
export type Condition =
  | string
  | { readonly not: string }
  | { readonly startsWith: string }
  | { readonly oneOf: readonly string[] }
  | { readonly noneOf: readonly string[] };

export type Where<Label extends string> = { readonly [Name in Label]?: Condition };

/** The samples of a gauge. */
export function gaugeOf<Label extends string>(
  metric: GaugeMetric<Label>,
  where?: Where<Label>,
): Select<"gauge"> {
  return { kind: "select", of: "gauge", metric: metric.name, where: matchers(where), offsetMs: 0 };
}

/** The samples of a counter: for `rate`, `increase`, `resets` and `absent`. */
export function counterOf<Label extends string>(
  metric: CounterMetric<Label>,
  where?: Where<Label>,
): Select<"counter"> {
  return counterNamed(metric.name, where);
}

/** How many observations a histogram counted. */
export function observationsOf<Label extends string>(
  metric: HistogramMetric<Label>,
  where?: Where<Label>,
): Select<"counter"> {
  return counterNamed(`${metric.name}_count`, where);
}

/** What a histogram's observations come to, added up. */
export function sumOf<Label extends string>(
  metric: HistogramMetric<Label>,
  where?: Where<Label>,
): Select<"counter"> {
  return counterNamed(`${metric.name}_sum`, where);
}

/** Of a histogram's observations, those at most as large as one of its bounds. Throws TypeError for another value. */
export function observationsUpTo<Label extends string>(
  metric: HistogramMetric<Label>,
  bound: number,
  where?: Where<Label>,
): Select<"counter"> {
  if (!metric.buckets.includes(bound)) throw new TypeError(`${metric.name} has no bucket up to ${bound}`);
  const select = counterNamed(`${metric.name}_bucket`, where);
  return { ...select, where: [...select.where, { label: "le", op: "is", value: String(bound) }] };
}

function counterNamed<Label extends string>(metric: string, where?: Where<Label>): Select<"counter"> {
  return { kind: "select", of: "counter", metric, where: matchers(where), offsetMs: 0 };
}

/** The conditions as matchers, in the order they are written. */
export function matchers<Label extends string>(where: Where<Label> = {}): Matcher[] {
  return Object.entries<Condition | undefined>(where).flatMap(([label, condition]): Matcher[] => {
    if (condition === undefined) return [];
    if (typeof condition === "string") return [{ label, op: "is", value: condition }];
    if ("not" in condition) return [{ label, op: "isNot", value: condition.not }];
    if ("startsWith" in condition) return [{ label, op: "startsWith", value: condition.startsWith }];
    if ("oneOf" in condition) return [{ label, op: "oneOf", values: condition.oneOf }];
    return [{ label, op: "noneOf", values: condition.noneOf }];
  });
}

/** Growth per second, on average over the window. */
export function rate(of: Select<"counter">, window: Duration): Over {
  return over("rate", of, window);
}

/** Growth over the window. */
export function increase(of: Select<"counter">, window: Duration): Over {
  return over("increase", of, window);
}

/** How often a counter began anew: its process restarted. */
export function resets(of: Select<"counter">, window: Duration): Over {
  return over("resets", of, window);
}

/** How often a gauge had another value than before. */
export function changes(of: Select<"gauge">, window: Duration): Over {
  return over("changes", of, window);
}

/** From the first value of the window to the last, extrapolated to its ends. */
export function delta(of: Select<"gauge">, window: Duration): Over {
  return over("delta", of, window);
}

/** Slope per second, by least squares. */
export function deriv(of: Select<"gauge">, window: Duration): Over {
  return over("deriv", of, window);
}

/** Over a gauge's own samples; over anything else, and over a gauge with a `step`, over its values every `step`. */
export function overTime(
  name: OverTimeFunction,
  of: Vector,
  { window, step }: { readonly window: Duration; readonly step?: Duration },
): Over {
  if (step === undefined && of.kind !== "select")
    throw new TypeError(`${name} over a ${of.kind} needs a step`);
  return { ...over(name, of, window), stepMs: step === undefined ? null : milliseconds(step) };
}

function over(name: Over["function"], of: Select | Vector, window: Duration): Over {
  return { kind: "over", function: name, of, windowMs: milliseconds(window), stepMs: null, offsetMs: 0 };
}

/** As it was so long before. */
export function earlier<Node extends Select<"gauge"> | Over>(of: Node, by: Duration): Node {
  return { ...of, offsetMs: of.offsetMs + milliseconds(by) };
}

type By = readonly string[];
export const sumBy = (by: By, of: Vector): Aggregate => ({ kind: "aggregate", op: "sum", by, of });
export const avgBy = (by: By, of: Vector): Aggregate => ({ kind: "aggregate", op: "avg", by, of });
export const maxBy = (by: By, of: Vector): Aggregate => ({ kind: "aggregate", op: "max", by, of });
export const minBy = (by: By, of: Vector): Aggregate => ({ kind: "aggregate", op: "min", by, of });
export const countBy = (by: By, of: Vector): Aggregate => ({ kind: "aggregate", op: "count", by, of });

/** Over the elements of each group, not over time. `at` is 0 to 1. */
export function quantileBy(at: number, by: By, of: Vector): Aggregate {
  return { kind: "aggregate", op: { quantile: fraction(at) }, by, of };
}

/** What the fraction `at` of a histogram's observations of the window did not exceed, interpolated within its bucket. */
export function quantile<Label extends string>(
  at: number,
  metric: HistogramMetric<Label>,
  {
    window,
    by = [],
    where,
  }: { readonly window: Duration; readonly by?: readonly Label[]; readonly where?: Where<Label> },
): HistogramQuantile {
  const growth = rate(counterNamed(`${metric.name}_bucket`, where), window);
  return { kind: "histogramQuantile", quantile: fraction(at), of: sumBy(["le", ...by], growth) };
}

function fraction(at: number): number {
  if (!(at >= 0 && at <= 1)) throw new TypeError("a quantile is between 0 and 1");
  return at;
}

const ALL: Matching = { on: null, manyLeft: false };

export function arithmetic(
  left: Vector,
  op: Arithmetic["op"],
  right: Operand,
  matching: Partial<Matching> = {},
): Arithmetic {
  return { kind: "arithmetic", op, left, right, matching: { ...ALL, ...matching } };
}

/** Element by element, by all labels. Nothing divided by nothing is no number, which no threshold is crossed by. */
export function ratio(left: Vector, right: Operand): Arithmetic {
  return arithmetic(left, "/", right);
}

export function compare(
  left: Vector,
  op: Comparison["op"],
  right: Operand,
  matching: Partial<Matching> = {},
): Comparison {
  return { kind: "comparison", op, left, right, matching: { ...ALL, ...matching } };
}

export const above = (left: Vector, right: Operand): Comparison => compare(left, ">", right);
export const below = (left: Vector, right: Operand): Comparison => compare(left, "<", right);

/** The elements of the first that the others have too. */
export function both(first: Vector, ...others: readonly Vector[]): Vector {
  return others.reduce((left, right) => combine(left, "and", right), first);
}

export function either(first: Vector, ...others: readonly Vector[]): Vector {
  return others.reduce((left, right) => combine(left, "or", right), first);
}

/** `on`: the labels that say what belongs together; all unless given. */
export function combine(
  left: Vector,
  op: SetOperation["op"],
  right: Vector,
  on: readonly string[] | null = null,
): SetOperation {
  return { kind: "set", op, left, right, on };
}

export function absent(of: Select | Vector): Absent {
  return { kind: "absent", of };
}

export function withLabel(of: Vector, label: string, value: string): Labelling {
  if (!/^[a-zA-Z_]\w*$/.test(label) || value === "") throw new TypeError(`"${label}" cannot be a label`);
  return { kind: "label", label, value, of };
}

export function abs(of: Vector): Apply {
  return { kind: "apply", function: "abs", of };
}

/** From now to a time told in seconds since the Unix epoch; negative when it is over. */
export function secondsUntil(of: Vector): Apply {
  return { kind: "apply", function: "secondsUntil", of };
}

/** From a time told in seconds since the Unix epoch to now. */
export function secondsSince(of: Vector): Arithmetic {
  return arithmetic(secondsUntil(of), "*", -1);
}

export function atLeast(of: Vector, minimum: number): Apply {
  return { kind: "apply", function: { atLeast: minimum }, of };
}
