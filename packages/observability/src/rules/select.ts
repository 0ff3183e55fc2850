/** Which series a selector finds, and what they are at a time. */
import type { Labels, Series } from "../history/series.ts";
import type { Element } from "./element.ts";
import type { Expression, Matcher, Select } from "./expression.ts";

/** A series that was not heard of for so long has no value. */
export const LOOKBACK_MS = 300_000;

export type Readable = Pick<Series, "name" | "labels" | "latest" | "between" | "window">;

/** Where expressions read: a `History`, or what stands for one. */
export interface Source {
  /** Every series of the metric. */
  named(metric: string): Iterable<Readable>;
  readonly memory?: Memory;
}

/** Answers again what was asked before. */
export interface Memory {
  /** Which series a selector finds. */
  selection(select: Select, find: () => Readable[]): readonly Readable[];
  /** What an expression is at a time. */
  value(expression: Expression, at: number, compute: () => Element[]): Element[];
  /** The same, for one step of a subquery. */
  step(expression: Expression, at: number, compute: () => Element[]): Element[];
  /** What a subquery saw at those of its steps in [from, to] that are kept beyond the samples; null when none are. */
  past(steps: Steps, from: number, to: number): Past | null;
}

/** An expression, every so many milliseconds. */
export interface Steps {
  readonly of: Expression;
  readonly stepMs: number;
}

export interface Track {
  readonly labels: Labels;
  readonly samples: { readonly times: number[]; readonly values: number[] };
}

export interface Past {
  readonly tracks: readonly Track[];
  /** The last step that is kept: later ones are still to be computed. */
  readonly until: number;
}

export function selected(select: Select, source: Source, at: number): Element[] {
  const to = at - select.offsetMs;
  return matching(select, source).flatMap((series) => {
    const value = series.latest(to - LOOKBACK_MS, to);
    return value === null ? [] : [{ labels: { __name__: series.name, ...series.labels }, value }];
  });
}

export function matching(select: Select, source: Source): readonly Readable[] {
  const find = (): Readable[] => found(select, source);
  return source.memory?.selection(select, find) ?? find();
}

function found({ metric, where }: Select, source: Source): Readable[] {
  return [...source.named(metric)].filter(({ labels }) => where.every((matcher) => matches(matcher, labels)));
}

/** A label that is not there is empty. */
export function matches(matcher: Matcher, labels: Labels): boolean {
  const value = labels[matcher.label] ?? "";
  switch (matcher.op) {
    case "is":
      return value === matcher.value;
    case "isNot":
      return value !== matcher.value;
    case "startsWith":
      return value.startsWith(matcher.value);
    case "oneOf":
      return matcher.values.includes(value);
    case "noneOf":
      return !matcher.values.includes(value);
  }
}
