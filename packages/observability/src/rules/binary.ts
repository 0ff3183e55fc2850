/** Operators on two vectors, matched as Prometheus does (promql/engine.go, VectorBinop). */
import type { Labels } from "../history/series.ts";
import { ambiguous, dropName, type Element, pick, signature } from "./element.ts";
import type { Arithmetic, Comparison, Matching, SetOperation } from "./expression.ts";

export interface Sides {
  readonly left: readonly Element[];
  readonly right: readonly Element[] | number;
}

const COMPUTE: Readonly<Record<Arithmetic["op"], (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};

const HOLDS: Readonly<Record<Comparison["op"], (left: number, right: number) => boolean>> = {
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
};

/** Null: the pair has no result. */
type Operation = (left: number, right: number) => number | null;

export function arithmetic({ op, matching }: Arithmetic, { left, right }: Sides): Element[] {
  const compute = COMPUTE[op];
  if (typeof right !== "number") {
    return paired(left, right, matching, compute, (labels) => dropName(kept(labels, matching)));
  }
  return left.map(({ labels, value }) => ({ labels: dropName(labels), value: compute(value, right) }));
}

export function compare({ op, matching }: Comparison, { left, right }: Sides): Element[] {
  const holds = HOLDS[op];
  if (typeof right === "number") return left.filter(({ value }) => holds(value, right));
  const keep: Operation = (a, b) => (holds(a, b) ? a : null);
  return paired(left, right, matching, keep, (labels) => kept(labels, matching));
}

/** One to one, the result has the labels that were matched by. */
function kept(labels: Labels, { on, manyLeft }: Matching): Labels {
  return on === null || manyLeft ? labels : pick(labels, on);
}

function paired(
  left: readonly Element[],
  right: readonly Element[],
  { on, manyLeft }: Matching,
  operate: Operation,
  label: (labels: Labels) => Labels,
): Element[] {
  if (left.length === 0 || right.length === 0) return [];
  const partners = onePerSignature(right, on);
  const results: Element[] = [];
  const taken = new Set<string>();
  for (const element of left) {
    const key = signature(element.labels, on);
    const partner = partners.get(key);
    const value = partner === undefined ? null : operate(element.value, partner.value);
    if (value === null) continue;
    const labels = label(element.labels);
    const place = manyLeft ? signature(labels, null, true) : key;
    if (taken.has(place)) throw ambiguous("several elements of the left have one partner on the right");
    taken.add(place);
    results.push({ labels, value });
  }
  return results;
}

function onePerSignature(elements: readonly Element[], on: readonly string[] | null): Map<string, Element> {
  const bySignature = new Map(elements.map((element) => [signature(element.labels, on), element]));
  if (bySignature.size < elements.length)
    throw ambiguous("several elements of the right have the same labels");
  return bySignature;
}

export function combine(
  { op, on }: SetOperation,
  left: readonly Element[],
  right: readonly Element[],
): Element[] {
  const signatures = (elements: readonly Element[]): Set<string> =>
    new Set(elements.map(({ labels }) => signature(labels, on)));
  const lacks = (known: Set<string>) => (element: Element) => !known.has(signature(element.labels, on));
  if (op === "or") return [...left, ...right.filter(lacks(signatures(left)))];
  const known = signatures(right);
  return left.filter((element) => lacks(known)(element) === (op === "unless"));
}
