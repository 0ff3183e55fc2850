import type { LabelBound, Metric } from "./declare.ts";

export type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

/** What takes the place of a value that may not be a label. */
const OTHER = "other";
const MAX_LENGTH = 128;
/** Control characters break pages and terminals; without them NUL joins values unambiguously. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** The children of a metric, each made once. Whatever values come, there are never more than the declaration allows. */
export class Children<Label extends string, Child> {
  readonly #labels: readonly Label[];
  readonly #guards: readonly ((value: string) => string)[];
  readonly #known = new Map<string, Child>();
  readonly #maxSeries: number;
  readonly #make: (labels: LabelValues<Label>) => Child;

  constructor({ labels, maxSeries }: Metric<Label>, make: (labels: LabelValues<Label>) => Child) {
    this.#labels = Object.keys(labels) as Label[];
    this.#guards = Object.values<LabelBound>(labels).map(guard);
    this.#maxSeries = maxSeries;
    this.#make = make;
  }

  get(values: LabelValues<Label>): Child {
    const bounded = this.#labels.map((label, index) => this.#guards[index]?.(values[label]) ?? OTHER);
    return this.#known.get(bounded.join("\0")) ?? this.#add(bounded);
  }

  #add(bounded: readonly string[]): Child {
    // One place is kept for the child that takes what is beyond.
    const isFull = this.#known.size >= this.#maxSeries - 1;
    const values = isFull ? bounded.map(() => OTHER) : bounded;
    const key = values.join("\0");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const entries = this.#labels.map((label, index) => [label, values[index]]);
    const child = this.#make(Object.fromEntries(entries) as LabelValues<Label>);
    this.#known.set(key, child);
    return child;
  }
}

function guard(bound: LabelBound): (value: string) => string {
  const known = new Set("values" in bound ? bound.values : []);
  const limit = "limit" in bound ? bound.limit : known.size;
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= limit || !isFit(value)) return OTHER;
    known.add(value);
    return value;
  };
}

function isFit(value: unknown): value is string {
  return (
    typeof value === "string" && value.length <= MAX_LENGTH && value.isWellFormed() && !CONTROL.test(value)
  );
}
