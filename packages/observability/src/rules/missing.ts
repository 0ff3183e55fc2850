import type { Expression } from "./expression.ts";
import { partsOf } from "./parts.ts";

/**
 * The metrics for want of which the expression says nothing, whatever the others are; empty when it can say something. That a
 * metric is absent which nobody counts is no news either.
 */
export function missingMetrics(expression: Expression, isCounted: (metric: string) => boolean): string[] {
  return [...new Set(missing(expression, isCounted))];
}

function missing(expression: Expression, isCounted: (metric: string) => boolean): string[] {
  const ask = (part: Expression): string[] => missing(part, isCounted);
  switch (expression.kind) {
    case "select":
      return isCounted(expression.metric) ? [] : [expression.metric];
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
