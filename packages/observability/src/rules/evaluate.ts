import type { Labels, Sample } from "../history/series.ts";
import { arithmetic, combine, compare } from "./binary.ts";
import type { Element } from "./element.ts";
import { ambiguous, dropName, keysOf, pick, signature } from "./element.ts";
import type { Absent, Aggregate, Apply, Expression, Labelling, Over, Vector } from "./expression.ts";
import { OVER } from "./over-time.ts";
import { histogramQuantile, quantileOf } from "./quantiles.ts";
import { matching, type Source, selected } from "./select.ts";

/**
 * The value at a time, with the semantics of Prometheus 2: windows include both ends. Throws ObservabilityError
 * `ambiguous-match` where Prometheus answers an error.
 */
export function evaluate(expression: Expression, source: Source, at: number): Element[] {
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

interface Track {
  readonly labels: Labels;
  readonly samples: Sample[];
}

function overWindow(over: Over, source: Source, at: number): Element[] {
  const to = at - over.offsetMs;
  const from = to - over.windowMs;
  return tracks(over, source, from, to).flatMap(({ labels, samples }) => {
    const value = samples.length === 0 ? null : OVER[over.function](samples, from, to);
    return value === null ? [] : [{ labels: dropName(labels), value }];
  });
}

function tracks({ of, stepMs }: Over, source: Source, from: number, to: number): Track[] {
  if (stepMs !== null) return everyStep(of, source, { from, to, stepMs });
  if (of.kind !== "select") throw new TypeError(`a ${of.kind} has no samples of its own: give a step`);
  const [start, end] = [from - of.offsetMs, to - of.offsetMs];
  return matching(of, source).map((series) => ({
    labels: series.labels,
    samples: series.between(start, end).map(({ at, value }) => ({ at: at + of.offsetMs, value })),
  }));
}

/** Steps are at whole multiples of their length, so that they are the same ones at the next evaluation. */
function everyStep(
  of: Expression,
  source: Source,
  { from, to, stepMs }: { readonly from: number; readonly to: number; readonly stepMs: number },
): Track[] {
  const tracked = new Map<string, Track>();
  for (let at = Math.ceil(from / stepMs) * stepMs; at <= to; at += stepMs) {
    for (const { labels, value } of evaluate(of, source, at)) {
      const key = signature(labels, null, true);
      const track = tracked.get(key) ?? { labels, samples: [] };
      track.samples.push({ at, value });
      tracked.set(key, track);
    }
  }
  return [...tracked.values()];
}

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
  if (op === "avg")
    return (
      OVER.avg(
        values.map((value) => ({ at: 0, value })),
        0,
        0,
      ) ?? Number.NaN
    );
  return (
    OVER[op](
      values.map((value) => ({ at: 0, value })),
      0,
      0,
    ) ?? Number.NaN
  );
}

function quantiles(at: number, elements: readonly Element[]): Element[] {
  const valid = elements.filter(({ labels }) => bound(labels) !== null);
  const rest = (labels: Labels): string[] => keysOf(labels).filter((label) => label !== "le");
  const groups = Map.groupBy(valid, ({ labels }) => signature(labels, rest(labels)));
  return [...groups.values()].map((group) => {
    const buckets = group.map(({ labels, value }) => ({ upTo: bound(labels) ?? 0, count: value }));
    const labels = group[0]?.labels ?? {};
    return { labels: pick(labels, rest(labels)), value: histogramQuantile(at, buckets) };
  });
}

function bound({ le = "" }: Labels): number | null {
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
  const distinct = new Set(changed.map(({ labels }) => signature(labels, null, true)));
  if (distinct.size < changed.length) throw ambiguous(`with ${label}, two series are the same`);
  return changed;
}

function applied({ function: name }: Apply, elements: readonly Element[], at: number): Element[] {
  const apply = (value: number): number => {
    if (name === "abs") return Math.abs(value);
    return name === "secondsUntil" ? value - at / 1_000 : Math.max(value, name.atLeast);
  };
  return elements.map(({ labels, value }) => ({ labels: dropName(labels), value: apply(value) }));
}
