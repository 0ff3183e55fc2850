import { History, type KeptSeries } from "../history/history.ts";
import { CHUNK_SAMPLES } from "../history/series.ts";
import type { Snapshot } from "../history/snapshot.ts";
import { evaluate } from "../rules/evaluate.ts";
import type { Expression, Over } from "../rules/expression.ts";
import { partsOf } from "../rules/parts.ts";
import { toPromql } from "../rules/promql.ts";
import { reachOf } from "../rules/reach.ts";
import { LOOKBACK_MS, type Past, type Source, type Steps } from "../rules/select.ts";

/** Kept for five weeks at least, so that a rule that is declared to look back further finds something. */
const LEAST_MS = 35 * 86_400_000;

/** All of them together, when each series is full: 8 bytes each at worst, and 2 of what changes little. */
const MAX_VALUES = 4_000_000;

/** Of an honest series at most so many more are kept: the rest of the oldest chunk, and a newest one that is not sealed. */
const CHUNK_ENDS = 2 * CHUNK_SAMPLES;

interface Kept extends Steps {
  /** How far back one of its values looks. */
  readonly reachMs: number;
  readonly history: History;
  /** Values that one series comes to in the end. */
  readonly values: number;
  /** The last step that was computed; null before the first. */
  until: number | null;
}

/**
 * Of subqueries that reach further back than samples are kept: what they saw at their steps. A step that has passed does not
 * change, so an answer made of them is the one that the samples would have given.
 */
export class LongSteps {
  readonly #keepMs: number;
  readonly #maxValues: number;
  readonly #kept: ReadonlyMap<string, Kept>;

  /** `keepMs` is for how long samples are kept. */
  constructor(expressions: readonly Expression[], keepMs: number, maxValues = MAX_VALUES) {
    this.#keepMs = keepMs;
    this.#maxValues = maxValues;
    const longest = new Map<string, { steps: Steps; reachMs: number }>();
    for (const found of expressions.flatMap((expression) => longSubqueries(expression, keepMs, 0))) {
      const key = keyOf(found.steps);
      if (found.reachMs > (longest.get(key)?.reachMs ?? 0)) longest.set(key, found);
    }
    this.#kept = new Map([...longest].map(([key, { steps, reachMs }]) => [key, keptOf(steps, reachMs)]));
  }

  /** Computes the steps that have passed since the last time, from samples. Gives how many values there was no room for. */
  advance(source: Source, at: number): number {
    let refused = 0;
    for (const [key, kept] of this.#kept) {
      const { of, stepMs, reachMs, history } = kept;
      // At first, those for which all samples are there.
      kept.until ??= at - 1 - Math.max(0, this.#keepMs - reachMs);
      const from = Math.max(kept.until + 1, at - this.#keepMs);
      for (let step = Math.ceil(from / stepMs) * stepMs; step < at; step += stepMs) {
        refused += this.#take(key, kept, step, valuesOf(of, source, step));
        kept.until = step;
      }
      history.prune(at);
    }
    return refused;
  }

  /** Null: it is none of those that are kept. */
  past(steps: Steps, text: string, from: number, to: number): Past | null {
    const key = `${steps.stepMs} ${text}`;
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.until === null) return null;
    const tracks = [...kept.history.named(key)].map((series) => {
      const { times, values } = series.window(from, to);
      return { labels: series.labels, samples: { times: Array.from(times), values: Array.from(values) } };
    });
    return { tracks: tracks.filter(({ samples }) => samples.times.length > 0), until: kept.until };
  }

  /** What there is at `from` and later. */
  kept(from: number): KeptSeries[] {
    return [...this.#kept.values()].flatMap(({ history }) => history.kept(from));
  }

  get subqueries(): string[] {
    return [...this.#kept.keys()];
  }

  /** Takes back what was kept, of what is asked today, as far as there is room: the next step of the others is refused, and counted. */
  restore({ subqueries, steps, at }: Pick<Snapshot, "subqueries" | "steps" | "at">, until: number): void {
    const byName = Map.groupBy(steps, ({ name }) => name);
    for (const [key, kept] of this.#kept) {
      if (!subqueries.includes(key)) continue;
      const own = (byName.get(key) ?? []).filter((series) => samplesOf(series) <= kept.values + CHUNK_ENDS);
      const room = Math.floor((this.#maxValues - this.#planned()) / kept.values);
      kept.history.restore(own.slice(0, Math.max(0, room)), until);
      kept.until = Math.min(at, until) - 1;
    }
  }

  #take(key: string, { history, values }: Kept, step: number, elements: ReturnType<typeof evaluate>): number {
    let refused = 0;
    for (const { labels, value } of elements) {
      const hasRoom = history.has(key, labels) || this.#planned() + values <= this.#maxValues;
      if (!hasRoom) refused += 1;
      else history.append(key, labels, step, value);
    }
    return refused;
  }

  #planned(): number {
    return [...this.#kept.values()].reduce((sum, { history, values }) => sum + history.size * values, 0);
  }
}

function samplesOf({ chunks }: KeptSeries): number {
  return chunks.reduce((sum, { count }) => sum + count, 0);
}

function longSubqueries(
  expression: Expression,
  keepMs: number,
  outerMs: number,
): { steps: Steps; reachMs: number }[] {
  if (expression.kind !== "over")
    return partsOf(expression).flatMap((part) => longSubqueries(part, keepMs, outerMs));
  const reachMs = outerMs + expression.windowMs + expression.offsetMs;
  if (!isStepped(expression) || reachMs + reachOf(expression.of) + LOOKBACK_MS <= keepMs)
    return longSubqueries(expression.of, keepMs, reachMs);
  const { of, stepMs } = expression;
  return [{ steps: { of, stepMs }, reachMs }, ...longSubqueries(of, keepMs, 0)];
}

function isStepped(over: Over): over is Over & Steps {
  return over.stepMs !== null;
}

function keptOf({ of, stepMs }: Steps, reachMs: number): Kept {
  const keepMs = Math.max(LEAST_MS, reachMs + stepMs);
  const history = new History({ keepMs, maxSeries: Number.POSITIVE_INFINITY });
  return {
    of,
    stepMs,
    reachMs: reachOf(of) + LOOKBACK_MS,
    history,
    values: Math.ceil(keepMs / stepMs),
    until: null,
  };
}

/** None where the answer is an error: the rule that asks for it fails, and is named. */
function valuesOf(of: Expression, source: Source, at: number): ReturnType<typeof evaluate> {
  try {
    return evaluate(of, source, at);
  } catch {
    return [];
  }
}

function keyOf({ of, stepMs }: Steps): string {
  return `${stepMs} ${toPromql(of)}`;
}
