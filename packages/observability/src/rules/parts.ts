import type { Expression } from "./expression.ts";

/** What an expression is made of, one level down. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "select":
      return [];
    case "arithmetic":
    case "comparison":
    case "set": {
      const { left, right } = expression;
      return typeof right === "number" ? [left] : [left, right];
    }
    default:
      return [expression.of];
  }
}
