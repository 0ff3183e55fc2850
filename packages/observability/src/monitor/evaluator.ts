import { explain as messages } from "@rempart/kernel";
import { Dictated, type Dictation } from "../history/dictation.ts";
import { Feed, type Taken } from "../history/feed.ts";
import type { Take } from "../history/files.ts";
import { DAY_MS, History, type KnownSeries } from "../history/history.ts";
import type { Element } from "../rules/element.ts";
import { evaluate } from "../rules/evaluate.ts";
import { toPromql } from "../rules/promql.ts";
import { reachOf } from "../rules/reach.ts";
import { LOOKBACK_MS } from "../rules/select.ts";
import { Archive } from "./archive.ts";
import type { Evaluation, FailedRule, RuleResult, TargetState } from "./evaluation.ts";
import { explain } from "./explain.ts";
import { LongSteps } from "./long-steps.ts";
import type { Answers, Assignment, Kind, Questions, Say, Step } from "./messages.ts";
import { evaluateRange } from "./range.ts";
import { Remembering } from "./remembering.ts";
import { instanceOf, scrape, type Target } from "./scrape.ts";

/** After it, what the history does not show is taken for not there, however far back a rule looks. */
const SETTLED_MS = 3_600_000;

/** A rule that makes more is wrong, and would fill the history, or whoever is told. */
const MAX_RECORDED = 1_000;
const MAX_ALERTS = 10_000;

/** Keeps the history and answers from it. It runs in the monitor's thread, and knows of none. */
export class Evaluator {
  readonly #assignment: Assignment;
  readonly #history: History;
  readonly #long: LongSteps;
  readonly #source: Remembering;
  readonly #archive: Archive | null;
  readonly #isTakingUp: boolean;
  readonly #own: Feed | null;
  readonly #records = new Map<string, Feed>();
  readonly #recorded: readonly string[];
  /** Of each step, how far it looks back. */
  readonly #reaches: ReadonlyMap<Step, number>;
  readonly #feeds: readonly (readonly [Target, Feed])[];
  readonly #dictated: Dictated<KnownSeries>;
  #waiting = nothingWaits();
  readonly #say: Say;
  #restoring: Promise<number> | null = null;
  /** Since when, and until which tick; null before the first. */
  #covered: { readonly from: number; readonly to: number } | null = null;

  /** `isTakingUp` false: what is kept is put aside. */
  constructor(assignment: Assignment, say: Say = () => {}, isTakingUp = true) {
    const { history, own, targets, steps, directory } = assignment;
    this.#assignment = assignment;
    this.#say = say;
    this.#history = new History(history);
    const expressions = steps.map(({ expression }) => expression);
    this.#long = new LongSteps(expressions, history.keepMs ?? DAY_MS);
    this.#source = new Remembering(this.#history, this.#long);
    this.#isTakingUp = isTakingUp;
    this.#archive = directory === null ? null : new Archive(directory, say);
    const feed = new Feed(this.#history, own ?? {});
    this.#own = own === null ? null : feed;
    this.#dictated = new Dictated((name) => feed.identify(name));
    this.#reaches = reachesOf(assignment.steps);
    this.#recorded = recordedBy(assignment.steps);
    this.#feeds = targets.map((target) => {
      const labels = { job: target.job, instance: instanceOf(target) };
      return [target, new Feed(this.#history, labels)];
    });
  }

  /** Samples of the own registry for the next tick. */
  take(samples: Dictation): void {
    const { series, values } = this.#waiting;
    this.#dictated.hear(samples, (one, value) => {
      series.push(one);
      values.push(value);
    });
  }

  async answer<K extends Kind>(kind: K, question: Questions[K]): Promise<Answers[K]> {
    const answering: {
      [Each in Kind]: (question: Questions[Each]) => Answers[Each] | Promise<Answers[Each]>;
    } = {
      tick: ({ at }) => this.#tick(at),
      query: ({ expression, at }) => evaluate(expression, this.#source, at),
      range: ({ expression, range }) => evaluateRange(expression, this.#source, range),
      explain: ({ expression, at }) => explain(expression, this.#source, at),
      save: () => this.#save(),
    };
    return await answering[kind](question);
  }

  async #tick(at: number): Promise<Evaluation> {
    this.#restoring ??= this.#restored(at);
    const from = await this.#restoring;
    const own = this.#takeOwn(at);
    const scraped = await Promise.all(this.#feeds.map(([target, feed]) => this.#scrape(target, feed, at)));
    const startedAt = performance.now();
    this.#source.tick(at);
    const unkept = this.#long.advance(this.#source, at);
    const { results, failed, refused: unrecorded } = this.#evaluateSteps(at, at - from);
    this.#covered = { from, to: at };
    this.#archive?.saveSometimes(at, this.#taking(this.#covered));
    const refused = scraped.reduce(
      (sum, { taken }) => sum + taken.refused,
      own.refused + unrecorded + unkept,
    );
    const targets = scraped.map(({ state }) => state);
    const tookMs = performance.now() - startedAt;
    return { at, results, failed, targets, series: this.#history.size, refused, tookMs };
  }

  /** Takes up what the process before kept. Since when there is history without a gap. */
  async #restored(at: number): Promise<number> {
    const kept = (await (this.#isTakingUp ? this.#archive?.read() : this.#archive?.forsake())) ?? null;
    if (kept === null) return at;
    this.#history.restore(kept.samples, at);
    // As after a look that found nothing of it: what goes on is told now.
    this.#history.endAll(at - 1);
    this.#long.restore(kept, at);
    await this.#leaveOut(kept.at - at);
    // After an upgrade rules may read what nobody has recorded.
    const isRecorded = this.#recorded.every((record) => kept.records.includes(record));
    const isWithoutGap = isRecorded && Math.abs(at - kept.at) <= LOOKBACK_MS;
    return isWithoutGap ? Math.min(kept.beganAt, at) : at;
  }

  /** A clock that was set back would leave the process waiting for its time to come again. One that is not set yet must not cost what is kept. */
  async #leaveOut(aheadMs: number): Promise<void> {
    if (aheadMs <= 0) return;
    this.#say("warn", "of the history that was kept, what is of later than now is left out", `${aheadMs} ms`);
    if (aheadMs > LOOKBACK_MS) await this.#archive?.putAside();
  }

  async #save(): Promise<null> {
    if (this.#covered !== null) await this.#archive?.save(this.#covered.to, this.#taking(this.#covered));
    return null;
  }

  #taking({ from: beganAt }: { readonly from: number }): Take {
    return (from) => ({
      beganAt,
      records: this.#recorded,
      subqueries: this.#long.subqueries,
      samples: this.#history.kept(from),
      steps: this.#long.kept(from),
    });
  }

  #takeOwn(at: number): Taken {
    const { series, values } = this.#waiting;
    this.#waiting = nothingWaits();
    return this.#own?.takeKnown(series, values, at) ?? NOTHING;
  }

  async #scrape(target: Target, feed: Feed, at: number): Promise<{ state: TargetState; taken: Taken }> {
    const { job } = target;
    const instance = instanceOf(target);
    try {
      const taken = feed.take(await scrape(target, this.#assignment.scrape), at);
      return { state: { job, instance, up: true, reason: null }, taken };
    } catch (error) {
      feed.lost(at);
      return { state: { job, instance, up: false, reason: messages(error) }, taken: NOTHING };
    }
  }

  #evaluateSteps(at: number, ageMs: number): Evaluated {
    const evaluated: Evaluated = { results: [], failed: [], refused: 0 };
    for (const step of this.#assignment.steps) {
      try {
        if (step.kind === "record") evaluated.refused += this.#record(step, at);
        else evaluated.results.push(this.#result(step, at, ageMs));
      } catch (error) {
        evaluated.failed.push({ rule: step.name, reason: messages(error) });
      }
    }
    return evaluated;
  }

  #record({ name, expression }: Step, at: number): number {
    const elements = bounded(evaluate(expression, this.#source, at), MAX_RECORDED);
    const feed = this.#records.get(name) ?? new Feed(this.#history, {});
    this.#records.set(name, feed);
    return feed.record(name, elements, at).refused;
  }

  #result(step: Step, at: number, ageMs: number): RuleResult {
    const elements = bounded(evaluate(step.expression, this.#source, at), MAX_ALERTS);
    const reach = this.#reaches.get(step) ?? 0;
    return { rule: step.name, elements, settled: ageMs >= Math.min(reach, SETTLED_MS) };
  }
}

/** What reads a record looks as far back as what is recorded. */
function reachesOf(steps: readonly Step[]): ReadonlyMap<Step, number> {
  const recorded = new Map<string, number>();
  const reaches = new Map<Step, number>();
  for (const step of steps) {
    const reach = reachOf(step.expression, (metric) => recorded.get(metric) ?? 0);
    reaches.set(step, reach);
    if (step.kind === "record") recorded.set(step.name, reach);
  }
  return reaches;
}

function recordedBy(steps: readonly Step[]): readonly string[] {
  return steps
    .filter(({ kind }) => kind === "record")
    .map(({ name, expression }) => `${name} = ${toPromql(expression)}`);
}

interface Evaluated {
  readonly results: RuleResult[];
  readonly failed: FailedRule[];
  refused: number;
}

interface Waiting {
  readonly series: KnownSeries[];
  readonly values: number[];
}

function nothingWaits(): Waiting {
  return { series: [], values: [] };
}

function bounded(elements: Element[], most: number): Element[] {
  if (elements.length > most)
    throw new RangeError(`it has ${elements.length} elements, and may have ${most}`);
  return elements;
}

const NOTHING: Taken = { stored: 0, outOfOrder: 0, refused: 0 };
