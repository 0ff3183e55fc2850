import type { AlertRule } from "../objectives/rule.ts";
import { either } from "../rules/builders.ts";
import type { Comparison, SetOperation, Vector } from "../rules/expression.ts";

/** A value and where it begins to be wrong. */
export interface Watched {
  readonly value: Vector;
  readonly op: Comparison["op"];
  readonly threshold: number;
  /** What must hold too: enough events, another window. */
  readonly also: readonly Vector[];
}

/** The comparison with a number that a rule makes; null when it has another form, such as absence. */
export function watchedBy({ expression }: Pick<AlertRule, "expression">): Watched | null {
  return watched(expression);
}

function watched(expression: Vector): Watched | null {
  if (expression.kind === "set") return watchedTogether(expression);
  if (expression.kind !== "comparison" || typeof expression.right !== "number") return null;
  return { value: expression.left, op: expression.op, threshold: expression.right, also: [] };
}

/** What two values have in common: one line that both are measured by, or a condition that the first has besides. */
function watchedTogether({ op, left, right }: SetOperation): Watched | null {
  const first = watched(left);
  if (op === "and" && first !== null) return { ...first, also: [...first.also, right] };
  const second = watched(right);
  if (op !== "or" || first === null || second === null) return null;
  if (first.op !== second.op || first.threshold !== second.threshold) return null;
  if (first.also.length + second.also.length > 0) return null;
  return { ...first, value: either(first.value, second.value) };
}
