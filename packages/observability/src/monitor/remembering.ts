import type { History } from "../history/history.ts";
import type { Element } from "../rules/element.ts";
import type { Expression, Select } from "../rules/expression.ts";
import { toPromql } from "../rules/promql.ts";
import type { Memory, Past, Readable, Source, Steps } from "../rules/select.ts";
import type { LongSteps } from "./long-steps.ts";

/** Steps with more elements are computed again: what is remembered of a subquery is as many values as it has steps. */
const MAX_STEP_ELEMENTS = 100;

/** Of each subquery, what it saw at its steps. */
type StepsByText = Map<string, Map<number, Element[]>>;

/**
 * A history that many rules are evaluated over, tick after tick. Rules share what they ask alike, and a subquery computes only
 * the steps that are new: what has passed does not change.
 */
export class Remembering implements Source, Memory {
  readonly #history: History;
  /** Equal expressions are one, whoever wrote them. */
  readonly #texts = new WeakMap<Expression, string>();
  readonly #selections = new Map<string, readonly Readable[]>();
  #generation = 0;
  #at = Number.NaN;
  #values = new Map<string, Element[]>();
  #steps: StepsByText = new Map();
  #earlierSteps: StepsByText = new Map();
  readonly #long: LongSteps | null;
  readonly memory = this;

  constructor(history: History, long: LongSteps | null = null) {
    this.#history = history;
    this.#long = long;
  }

  /** Samples of `at` and before are in the history now. Steps that no rule asked for since the last tick are forgotten. */
  tick(at: number): void {
    this.#at = at;
    this.#values = new Map();
    this.#earlierSteps = this.#steps;
    this.#steps = new Map();
  }

  named(metric: string): Iterable<Readable> {
    return this.#history.named(metric);
  }

  selection(select: Select, find: () => Readable[]): readonly Readable[] {
    if (this.#generation !== this.#history.generation) this.#selections.clear();
    this.#generation = this.#history.generation;
    return remembered(this.#selections, this.#textOf(select), find);
  }

  value(expression: Expression, at: number, compute: () => Element[]): Element[] {
    // A selector costs no more than looking it up.
    if (at !== this.#at || expression.kind === "select") return compute();
    return remembered(this.#values, this.#textOf(expression), compute);
  }

  step(expression: Expression, at: number, compute: () => Element[]): Element[] {
    if (!(at < this.#at)) return compute();
    const text = this.#textOf(expression);
    const elements = this.#steps.get(text)?.get(at) ?? this.#earlierSteps.get(text)?.get(at) ?? compute();
    if (elements.length <= MAX_STEP_ELEMENTS)
      remembered(this.#steps, text, () => new Map<number, Element[]>()).set(at, elements);
    return elements;
  }

  past(steps: Steps, from: number, to: number): Past | null {
    return this.#long?.past(steps, this.#textOf(steps.of), from, to) ?? null;
  }

  #textOf(expression: Expression): string {
    const text = this.#texts.get(expression) ?? toPromql(expression);
    this.#texts.set(expression, text);
    return text;
  }
}

function remembered<T>(known: Map<string, T>, key: string, compute: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  const value = compute();
  known.set(key, value);
  return value;
}
