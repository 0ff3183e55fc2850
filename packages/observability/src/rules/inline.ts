import type { Expression, Select, Vector } from "./expression.ts";

export interface Recorded {
  readonly name: string;
  readonly expression: Vector;
}

/** The expression with what is recorded in place of its name: what it says where nobody records. */
export function inlined(expression: Vector, records: readonly Recorded[]): Vector {
  const place = (part: Expression): Expression => {
    const record = part.kind === "select" ? records.find(({ name }) => name === part.metric) : undefined;
    if (record === undefined) return withParts(part, place);
    if (isNarrowed(part as Select))
      throw new TypeError(`${record.name} is read with conditions or of earlier`);
    return place(record.expression);
  };
  return place(expression) as Vector;
}

function isNarrowed({ where, offsetMs }: Select): boolean {
  return where.length > 0 || offsetMs !== 0;
}

/** The same, of other parts. */
function withParts(expression: Expression, change: (part: Expression) => Expression): Expression {
  const changed = (part: Vector): Vector => change(part) as Vector;
  switch (expression.kind) {
    case "select":
      return expression;
    case "arithmetic":
    case "comparison": {
      const { left, right } = expression;
      return {
        ...expression,
        left: changed(left),
        right: typeof right === "number" ? right : changed(right),
      };
    }
    case "set":
      return { ...expression, left: changed(expression.left), right: changed(expression.right) };
    case "over":
    case "absent":
      return { ...expression, of: change(expression.of) };
    default:
      return { ...expression, of: changed(expression.of) };
  }
}
