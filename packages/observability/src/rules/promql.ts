import { durationText } from "./duration.ts";
import type {
  Absent,
  Aggregate,
  Apply,
  Arithmetic,
  Comparison,
  Expression,
  Matcher,
  Matching,
  Operand,
  Over,
  Select,
  SetOperation,
} from "./expression.ts";

/** The expression as PromQL of Prometheus 2 and later. Each operand stands in parentheses: nothing depends on precedence. */
export function toPromql(expression: Expression): string {
  switch (expression.kind) {
    case "select":
      return selectText(expression);
    case "over":
      return overText(expression);
    case "aggregate":
      return aggregateText(expression);
    case "histogramQuantile":
      return `histogram_quantile(${expression.quantile}, ${toPromql(expression.of)})`;
    case "arithmetic":
    case "comparison":
      return binaryText(expression);
    case "set":
      return setText(expression);
    case "absent":
      return absentText(expression);
    case "label":
      return `label_replace(${toPromql(expression.of)}, ${JSON.stringify(expression.label)}, ${quoted(expression.value.replaceAll("$", "$$$$"))}, "", "")`;
    case "apply":
      return applyText(expression);
  }
}

function selectText({ metric, where, offsetMs }: Select): string {
  const list = where.length === 0 ? "" : `{${where.map(matcherText).join(",")}}`;
  return `${metric}${list}${offsetText(offsetMs)}`;
}

/** As PromQL and Alertmanager write it. */
export function matcherText(matcher: Matcher): string {
  const { label } = matcher;
  switch (matcher.op) {
    case "is":
      return `${label}=${quoted(matcher.value)}`;
    case "isNot":
      return `${label}!=${quoted(matcher.value)}`;
    case "startsWith":
      return `${label}=~${quoted(`${escaped(matcher.value)}(?s:.*)`)}`;
    case "oneOf":
      return `${label}=~${quoted(matcher.values.map(escaped).join("|"))}`;
    case "noneOf":
      return `${label}!~${quoted(matcher.values.map(escaped).join("|"))}`;
  }
}

/** For RE2: every ASCII punctuation may be escaped. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** PromQL reads strings as Go does, and JSON's escapes are Go's too, once the text is well-formed. */
function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

function offsetText(offsetMs: number): string {
  return offsetMs === 0 ? "" : ` offset ${durationText(offsetMs)}`;
}

const OVER_TIME: ReadonlySet<string> = new Set(["avg", "min", "max", "sum", "count", "stddev"]);

function overText({ function: name, of, windowMs, stepMs, offsetMs }: Over): string {
  const call = OVER_TIME.has(name) ? `${name}_over_time` : name;
  const window = durationText(windowMs);
  const range = stepMs === null ? `[${window}]` : `[${window}:${durationText(stepMs)}]`;
  const inner = stepMs === null ? toPromql(of) : `(${toPromql(of)})`;
  return `${call}(${inner}${range}${offsetText(offsetMs)})`;
}

function aggregateText({ op, by, of }: Aggregate): string {
  const grouping = by.length === 0 ? " " : ` by (${by.join(", ")}) `;
  const inner = toPromql(of);
  return typeof op === "string"
    ? `${op}${grouping}(${inner})`
    : `quantile${grouping}(${op.quantile}, ${inner})`;
}

function binaryText({ op, left, right, matching }: Arithmetic | Comparison): string {
  const how = typeof right === "number" ? "" : matchingText(matching);
  return `(${toPromql(left)}) ${op}${how} ${operandText(right)}`;
}

function matchingText({ on, manyLeft }: Matching): string {
  const labels = on === null ? "" : ` on (${on.join(", ")})`;
  return `${labels}${manyLeft ? " group_left ()" : ""}`;
}

function operandText(operand: Operand): string {
  return typeof operand === "number" ? numberText(operand) : `(${toPromql(operand)})`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}

function setText({ op, left, right, on }: SetOperation): string {
  const labels = on === null ? "" : ` on (${on.join(", ")})`;
  return `(${toPromql(left)}) ${op}${labels} (${toPromql(right)})`;
}

function absentText({ of }: Absent): string {
  return `absent(${toPromql(of)})`;
}

function applyText({ function: name, of }: Apply): string {
  const inner = toPromql(of);
  if (name === "secondsUntil") return `(${inner}) - time()`;
  return name === "abs" ? `abs(${inner})` : `clamp_min(${inner}, ${numberText(name.atLeast)})`;
}
