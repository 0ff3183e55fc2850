import { explain as messages } from "@rempart/kernel";
import type { Sample } from "../history/series.ts";
import { evaluate } from "../rules/evaluate.ts";
import type { Expression, Over, Select } from "../rules/expression.ts";
import { partsOf } from "../rules/parts.ts";
import { toPromql } from "../rules/promql.ts";
import { LOOKBACK_MS, matching, type Source } from "../rules/select.ts";
import type { Explanation, RangeSeries } from "./evaluation.ts";

const ELEMENTS = 20;
const SERIES = 5;
const SAMPLES = 10;

/** Every part of the expression with its value at the time: which of them is why it has elements, or none. */
export function explain(expression: Expression, source: Source, at: number): Explanation {
  return {
    promql: toPromql(expression),
    ...answerOf(expression, source, at),
    samples: samplesRead(expression, source, at),
    parts: partsOf(expression)
      .filter((part) => !readsItself(expression, part))
      .map((part) => explain(part, source, at)),
  };
}

function answerOf(
  expression: Expression,
  source: Source,
  at: number,
): Pick<Explanation, "elements" | "omitted" | "error"> {
  try {
    const elements = evaluate(expression, source, at);
    const shown = elements.slice(0, ELEMENTS);
    return { elements: shown, omitted: elements.length - shown.length, error: null };
  } catch (error) {
    return { elements: [], omitted: 0, error: messages(error) };
  }
}

/** A window over a selector shows the selector's samples: its value now is no part of the answer. */
function readsItself(expression: Expression, part: Expression): boolean {
  return expression.kind === "over" && expression.stepMs === null && part.kind === "select";
}

function samplesRead(expression: Expression, source: Source, at: number): RangeSeries[] {
  if (expression.kind === "select") return newest(expression, source, at - LOOKBACK_MS, at);
  if (expression.kind !== "over" || expression.of.kind !== "select") return [];
  return windowSamples(expression, expression.of, source, at);
}

function windowSamples({ windowMs, offsetMs }: Over, of: Select, source: Source, at: number): RangeSeries[] {
  const to = at - offsetMs;
  return newest(of, source, to - windowMs, to);
}

function newest(select: Select, source: Source, from: number, to: number): RangeSeries[] {
  return matching(select, source)
    .slice(0, SERIES)
    .map((series) => ({
      labels: series.labels,
      samples: series.between(from - select.offsetMs, to - select.offsetMs).slice(-SAMPLES) as Sample[],
    }));
}
