/**
 * What a rule says, as plain values: no reader's syntax, no functions. `evaluate` and `toPromql` read it. Make it with the
 * builders, which let through only what makes sense.
 */

/** All anchored, none a regular expression: a rule's matcher can neither be slow nor mean more than it says. */
export type Matcher =
  | { readonly label: string; readonly op: "is" | "isNot" | "startsWith"; readonly value: string }
  | { readonly label: string; readonly op: "oneOf" | "noneOf"; readonly values: readonly string[] };

/** The series of one metric. Only a gauge's samples mean something by themselves; a counter's are for `rate` and its like. */
export interface Select<Kind extends "counter" | "gauge" = "counter" | "gauge"> {
  readonly kind: "select";
  readonly of: Kind;
  readonly metric: string;
  readonly where: readonly Matcher[];
  readonly offsetMs: number;
}

export type CounterFunction = "rate" | "increase" | "resets";
export type GaugeFunction = "changes" | "delta" | "deriv";
export type OverTimeFunction = "avg" | "min" | "max" | "sum" | "count" | "stddev";

/** A function of the samples of a while. With `stepMs`, of the values that `of` had every so often: a subquery. */
export interface Over {
  readonly kind: "over";
  readonly function: CounterFunction | GaugeFunction | OverTimeFunction;
  readonly of: Select | Vector;
  readonly windowMs: number;
  readonly stepMs: number | null;
  readonly offsetMs: number;
}

export interface Aggregate {
  readonly kind: "aggregate";
  readonly op: "sum" | "avg" | "max" | "min" | "count" | { readonly quantile: number };
  readonly by: readonly string[];
  readonly of: Vector;
}

/** Of classic histograms: `of` has the label `le`. */
export interface HistogramQuantile {
  readonly kind: "histogramQuantile";
  readonly quantile: number;
  readonly of: Vector;
}

/** Which elements of two vectors belong together. */
export interface Matching {
  /** By these labels; null: by all of them. */
  readonly on: readonly string[] | null;
  /** Several of the left may belong to one of the right. */
  readonly manyLeft: boolean;
}

export interface Arithmetic {
  readonly kind: "arithmetic";
  readonly op: "+" | "-" | "*" | "/";
  readonly left: Vector;
  readonly right: Operand;
  readonly matching: Matching;
}

/** Keeps the elements of `left` for which it holds. */
export interface Comparison {
  readonly kind: "comparison";
  readonly op: "<" | "<=" | ">" | ">=" | "==" | "!=";
  readonly left: Vector;
  readonly right: Operand;
  readonly matching: Matching;
}

export interface SetOperation {
  readonly kind: "set";
  readonly op: "and" | "or" | "unless";
  readonly left: Vector;
  readonly right: Vector;
  readonly on: readonly string[] | null;
}

/** One element when `of` has none, otherwise none. */
export interface Absent {
  readonly kind: "absent";
  readonly of: Select | Vector;
}

/** The same with a label more. */
export interface Labelling {
  readonly kind: "label";
  readonly label: string;
  readonly value: string;
  readonly of: Vector;
}

export interface Apply {
  readonly kind: "apply";
  /** `secondsUntil` is for values that are seconds since the Unix epoch. */
  readonly function: "abs" | "secondsUntil" | { readonly atLeast: number };
  readonly of: Vector;
}

export type Vector =
  | Select<"gauge">
  | Over
  | Aggregate
  | HistogramQuantile
  | Arithmetic
  | Comparison
  | SetOperation
  | Absent
  | Labelling
  | Apply;

export type Operand = Vector | number;
export type Expression = Vector | Select;
