import type { Labels } from "../history/series.ts";
import type { Samples } from "../history/tail.ts";
import { arithmetic, combine, compare } from "./binary.ts";
import type { Element } from "./element.ts";
import { ambiguous, dropName, pick, signature } from "./element.ts";
import type { Absent, Aggregate, Apply, Expression, Labelling, Over, Vector } from "./expression.ts";
import { OVER, overValues } from "./over-time.ts";
import { histogramQuantile, quantileOf } from "./quantiles.ts";
import { matching, type Past, type Source, selected, type Track } from "./select.ts";

/**
 * The value at a time, with the semantics of Prometheus 2: windows include both ends. Throws ObservabilityError
 * `ambiguous-match` where Prometheus answers an error.
 */
export function evaluate(expression: Expression, source: Source, at: number): Element[] {
  const compute = (): Element[] => computed(expression, source, at);
  return source.memory?.value(expression, at, compute) ?? compute();
}

function computed(expression: Expression, source: Source, at: number): Element[] {
  switch (expression.kind) {
    case "select":
      return selected(expression, source, at);
    case "over":
      return overWindow(expression, source, at);
    case "aggregate":
      return aggregated(expression, evaluate(expression.of, source, at));
    case "histogramQuantile":
      return quantiles(expression.quantile, evaluate(expression.of, source, at));
    case "arithmetic":
      return arithmetic(expression, sides(expression, source, at));
    case "comparison":
      return compare(expression, sides(expression, source, at));
    case "set":
      return combine(
        expression,
        evaluate(expression.left, source, at),
        evaluate(expression.right, source, at),
      );
    case "absent":
      return evaluate(expression.of, source, at).length === 0
        ? [{ labels: absentLabels(expression), value: 1 }]
        : [];
    case "label":
      return labelled(expression, evaluate(expression.of, source, at));
    case "apply":
      return applied(expression, evaluate(expression.of, source, at), at);
  }
}

function sides(
  { left, right }: { readonly left: Vector; readonly right: Vector | number },
  source: Source,
  at: number,
): { left: Element[]; right: Element[] | number } {
  return {
    left: evaluate(left, source, at),
    right: typeof right === "number" ? right : evaluate(right, source, at),
  };
}

interface Sampled {
  readonly labels: Labels;
  readonly samples: Samples;
}

function overWindow(
  { function: name, of, windowMs, stepMs, offsetMs }: Over,
  source: Source,
  at: number,
): Element[] {
  const to = at - offsetMs;
  if (stepMs !== null) {
    const tracks = everyStep(of, source, { from: to - windowMs, to, stepMs });
    return distinct(
      summarised(name, tracks, to - windowMs, to),
      "without their names, two series are the same",
    );
  }
  if (of.kind !== "select") throw new TypeError(`a ${of.kind} has no samples of its own: give a step`);
  // The selector's own offset moves the window.
  const [start, end] = [to - windowMs - of.offsetMs, to - of.offsetMs];
  const tracks = matching(of, source).map(
    (series): Sampled => ({ labels: series.labels, samples: series.window(start, end) }),
  );
  return summarised(name, tracks, start, end);
}

function summarised(name: Over["function"], tracks: readonly Sampled[], from: number, to: number): Element[] {
  return tracks.flatMap(({ labels, samples }) => {
    const value = samples.times.length === 0 ? null : OVER[name](samples, from, to);
    return value === null ? [] : [{ labels, value }];
  });
}

/** Steps are at whole multiples of their length, so that they are the same ones at the next evaluation. */
function everyStep(
  of: Expression,
  source: Source,
  { from, to, stepMs }: { readonly from: number; readonly to: number; readonly stepMs: number },
): Track[] {
  const past = source.memory?.past({ of, stepMs }, from, to) ?? NO_PAST;
  const tracked = new Map(past.tracks.map((track) => [signature(track.labels, null, true), track]));
  const start = Math.max(from, past.until + 1);
  for (let at = Math.ceil(start / stepMs) * stepMs; at <= to; at += stepMs) {
    const compute = (): Element[] => evaluate(of, source, at);
    for (const { labels, value } of source.memory?.step(of, at, compute) ?? compute()) {
      const key = signature(labels, null, true);
      const track = tracked.get(key) ?? { labels, samples: { times: [], values: [] } };
      track.samples.times.push(at);
      track.samples.values.push(value);
      tracked.set(key, track);
    }
  }
  return [...tracked.values()].map(({ labels, samples }) => ({ labels: dropName(labels), samples }));
}

const NO_PAST: Past = { tracks: [], until: Number.NEGATIVE_INFINITY };

function aggregated({ op, by }: Aggregate, elements: readonly Element[]): Element[] {
  return [...Map.groupBy(elements, ({ labels }) => signature(labels, by)).values()].map((group) => {
    const values = group.map(({ value }) => value);
    return { labels: pick(group[0]?.labels ?? {}, by), value: reduced(op, values) };
  });
}

function reduced(op: Aggregate["op"], values: readonly number[]): number {
  if (typeof op === "object") return quantileOf(op.quantile, values);
  if (op === "count") return values.length;
  if (op === "sum") return values.reduce((sum, value) => sum + value, 0);
  return overValues(op, values);
}

function quantiles(at: number, elements: readonly Element[]): Element[] {
  const buckets = elements.flatMap(({ labels: { le = "", ...others }, value: count }) => {
    const upTo = bound(le);
    return upTo === null ? [] : [{ labels: dropName(others), upTo, count }];
  });
  return [...Map.groupBy(buckets, ({ labels }) => signature(labels, null)).values()].map((group) => {
    return { labels: group[0]?.labels ?? {}, value: histogramQuantile(at, group) };
  });
}

function bound(le: string): number | null {
  if (le === "+Inf") return Number.POSITIVE_INFINITY;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(le) ? Number(le) : null;
}

/** What the selector demands, and so would have been there. */
function absentLabels({ of }: Absent): Labels {
  if (of.kind !== "select") return {};
  const equal = of.where.flatMap((matcher) => (matcher.op === "is" ? [[matcher.label, matcher.value]] : []));
  return Object.fromEntries(equal.filter(([, value]) => value !== ""));
}

function labelled({ label, value: text }: Labelling, elements: readonly Element[]): Element[] {
  const changed = elements.map(({ labels, value }) => ({ labels: { ...labels, [label]: text }, value }));
  return distinct(changed, `with ${label}, two series are the same`);
}

function distinct(elements: Element[], why: string): Element[] {
  const different = new Set(elements.map(({ labels }) => signature(labels, null, true)));
  if (different.size < elements.length) throw ambiguous(why);
  return elements;
}

function applied({ function: name }: Apply, elements: readonly Element[], at: number): Element[] {
  const apply = (value: number): number => {
    if (name === "abs") return Math.abs(value);
    return name === "secondsUntil" ? value - at / 1_000 : Math.max(value, name.atLeast);
  };
  return elements.map(({ labels, value }) => ({ labels: dropName(labels), value: apply(value) }));
}
