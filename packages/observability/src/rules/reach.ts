import type { Expression } from "./expression.ts";
import { partsOf } from "./parts.ts";

/** How far back what is recorded under a name looks, in milliseconds; 0 for what is not. */
export type ReachOfRecorded = (metric: string) => number;

/** How far back an expression looks for samples, in milliseconds. */
export function reachOf(expression: Expression, recorded: ReachOfRecorded = () => 0): number {
  const ofParts = partsOf(expression).map((part) => reachOf(part, recorded));
  return ownReach(expression, recorded) + Math.max(0, ...ofParts);
}

function ownReach(expression: Expression, recorded: ReachOfRecorded): number {
  if (expression.kind === "select") return expression.offsetMs + recorded(expression.metric);
  return expression.kind === "over" ? expression.windowMs + expression.offsetMs : 0;
}
