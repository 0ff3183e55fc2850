import type { Expression } from "./expression.ts";
import { partsOf } from "./parts.ts";

/** How far back an expression looks for samples, in milliseconds. */
export function reachOf(expression: Expression): number {
  return ownReach(expression) + Math.max(0, ...partsOf(expression).map(reachOf));
}

function ownReach(expression: Expression): number {
  if (expression.kind === "select") return expression.offsetMs;
  return expression.kind === "over" ? expression.windowMs + expression.offsetMs : 0;
}
