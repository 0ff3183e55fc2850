import type { Expression } from "./expression.ts";
import { partsOf } from "./parts.ts";

/** Whether there is such a metric; `forItsAbsence` when what is asked is that there is none. */
export type Counted = (metric: string, forItsAbsence: boolean) => boolean;

/**
 * The metrics for want of which the expression says nothing, whatever the others are; empty when it can say something. That a
 * metric is absent which nobody counts is no news either.
 */
export function missingMetrics(expression: Expression, isCounted: Counted): string[] {
  return [...new Set(missing(expression, isCounted, false))];
}

function missing(expression: Expression, isCounted: Counted, forItsAbsence: boolean): string[] {
  const ask = (part: Expression): string[] => missing(part, isCounted, forItsAbsence);
  switch (expression.kind) {
    case "select":
      return isCounted(expression.metric, forItsAbsence) ? [] : [expression.metric];
    case "absent":
      return missing(expression.of, isCounted, true);
    case "set": {
      const [left, right] = [ask(expression.left), ask(expression.right)];
      if (expression.op === "unless") return left;
      const isEnough = expression.op === "or" && (left.length === 0 || right.length === 0);
      return isEnough ? [] : [...left, ...right];
    }
    default:
      return partsOf(expression).flatMap(ask);
  }
}
