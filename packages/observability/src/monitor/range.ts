import { ObservabilityError } from "../errors.ts";
import { signature } from "../rules/element.ts";
import { evaluate } from "../rules/evaluate.ts";
import type { Expression } from "../rules/expression.ts";
import type { Source } from "../rules/select.ts";
import type { RangeSeries } from "./evaluation.ts";
import type { Range } from "./messages.ts";

const MAX_STEPS = 1_500;
const MAX_SERIES = 500;

/** The expression at each step from `from` to `to`, both ends included. Throws ObservabilityError `query-too-large`. */
export function evaluateRange(
  expression: Expression,
  source: Source,
  { from, to, stepMs }: Range,
): RangeSeries[] {
  if (!(stepMs > 0) || !((to - from) / stepMs < MAX_STEPS)) throw tooLarge(`at most ${MAX_STEPS} steps`);
  const found = new Map<
    string,
    { labels: RangeSeries["labels"]; samples: { at: number; value: number }[] }
  >();
  for (let at = from; at <= to; at += stepMs) {
    for (const { labels, value } of evaluate(expression, source, at)) {
      const key = signature(labels, null, true);
      const series = found.get(key) ?? { labels, samples: [] };
      series.samples.push({ at, value });
      found.set(key, series);
    }
    if (found.size > MAX_SERIES) throw tooLarge(`at most ${MAX_SERIES} series`);
  }
  return [...found.values()];
}

function tooLarge(bound: string): ObservabilityError {
  return new ObservabilityError("query-too-large", `one answer holds ${bound}`);
}
