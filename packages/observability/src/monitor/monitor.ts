import type { Clock } from "@rempart/kernel";
import { type Logger, repeat, timeLimit } from "@rempart/runtime";
import type { Registry } from "prom-client";
import { registrySlices } from "../history/registry.ts";
import { aligned, timeline } from "../history/timeline.ts";
import type { AlertRule, RuleGroup } from "../objectives/rule.ts";
import type { Element } from "../rules/element.ts";
import type { Expression } from "../rules/expression.ts";
import { Courier } from "./courier.ts";
import type { Evaluation, Explanation, RangeSeries } from "./evaluation.ts";
import { EvaluationThread } from "./evaluation-thread.ts";
import type { Assignment, Range, Step } from "./messages.ts";
import { Remarks } from "./remarks.ts";
import { instanceOf, type Target } from "./scrape.ts";

export interface MonitorOptions {
  /** The process's own metrics, and the labels its series have; null where it only watches others. */
  readonly own: { readonly registry: Registry; readonly job: string; readonly instance: string } | null;
  /** Scraped with every tick. Default none. */
  readonly targets?: readonly Target[];
  readonly groups: readonly RuleGroup[];
  /** Milliseconds between two ticks, which are at whole multiples of it. Default 15,000; null: whoever made the monitor calls `tick`. */
  readonly everyMs?: number | null;
  /** Of the history; default 24 hours. */
  readonly keepMs?: number;
  /** Of the history, all targets together; default 5,000. */
  readonly maxSeries?: number;
  /** Where the history is kept for the next process, which nobody else writes to. Default nowhere: it starts empty. */
  readonly directory?: string | null;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Called with each evaluation, one at a time: while a call has not ended, only the newest of the evaluations since is kept
   * for the next. A rejection is logged.
   */
  readonly onEvaluation?: (evaluation: Evaluation) => void | Promise<void>;
}

/** Questions reject with ObservabilityError `ambiguous-match`, `query-too-large` or `monitor-lost`. */
export interface Monitor extends AsyncDisposable {
  /** The newest evaluation; null before the first. */
  latest(): Evaluation | null;
  /** Collects and evaluates now. Resolves when that is done or has failed, which is logged. */
  tick(): Promise<void>;
  /** `at` is in milliseconds since the Unix epoch; the newest evaluation's time unless given. */
  query(expression: Expression, at?: number): Promise<readonly Element[]>;
  range(expression: Expression, range: Range): Promise<readonly RangeSeries[]>;
  /** Why the rule has the elements it has, or none. */
  explain(rule: Pick<AlertRule, "expression">, at?: number): Promise<Explanation>;
}

const EVERY_MS = 15_000;
const MAX_PAGE_BYTES = 8 << 20;
const MAX_SCRAPE_MS = 5_000;
/** A tick that took longer has hung. */
const PATIENCE_MS = 60_000;
/** A disk that hangs does not keep the process from ending. */
const SAVE_WITHIN_MS = 5_000;

/** Collects, remembers and evaluates, at once and then with every tick, until it is disposed. Throws TypeError for a target whose `url` is none. */
export function startMonitor(options: MonitorOptions): Monitor {
  const { everyMs = EVERY_MS, clock, log, own } = options;
  const thread = new EvaluationThread(assignmentOf(options, everyMs), log);
  const now = timeline(clock);
  const remarks = new Remarks(log);
  const courier = new Courier(options.onEvaluation ?? (() => {}), log);
  const stop = new AbortController();
  let latest: Evaluation | null = null;
  let lastAt = 0;

  async function tick(): Promise<void> {
    const at = everyMs === null ? now() : aligned(now(), everyMs);
    lastAt = at;
    if (own !== null) for await (const slice of registrySlices(own.registry)) thread.tell(slice);
    const evaluation = await thread.ask("tick", { at });
    if (stop.signal.aborted) return;
    latest = evaluation;
    remarks.on(evaluation);
    courier.take(evaluation);
  }

  async function patientTick(): Promise<void> {
    try {
      if (!(await timeLimit(tick(), PATIENCE_MS))) await thread.abandon();
    } catch (error) {
      if (!stop.signal.aborted) log.error({ err: error }, "the rules were not evaluated");
    }
  }

  /** At whole multiples of the distance. */
  async function tickEvery(ms: number): Promise<number> {
    await patientTick();
    return Math.max(0, (Math.floor(lastAt / ms) + 1) * ms - now());
  }

  const ticking = everyMs === null ? null : repeat(stop.signal, () => tickEvery(everyMs));
  const timeOf = (at: number | undefined): number => at ?? latest?.at ?? now();
  return {
    latest: () => latest,
    tick: patientTick,
    query: (expression, at) => thread.ask("query", { expression, at: timeOf(at) }),
    range: (expression, range) => thread.ask("range", { expression, range }),
    explain: ({ expression }, at) => thread.ask("explain", { expression, at: timeOf(at) }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      if (latest !== null) await timeLimit(thread.ask("save", {}), SAVE_WITHIN_MS).catch(() => false);
      await thread.close();
      await ticking;
    },
  };
}

function assignmentOf(
  { own, targets = [], groups, keepMs, maxSeries, directory = null }: MonitorOptions,
  everyMs: number | null,
): Assignment {
  const timeoutMs = Math.min(MAX_SCRAPE_MS, everyMs ?? EVERY_MS);
  return {
    steps: groups.flatMap(stepsOf),
    own: own === null ? null : { job: own.job, instance: own.instance },
    targets: targets.map((target) => ({ ...target, instance: instanceOf(target) })),
    scrape: { timeoutMs, maxBytes: MAX_PAGE_BYTES },
    directory,
    history: {
      ...(keepMs === undefined ? {} : { keepMs }),
      ...(maxSeries === undefined ? {} : { maxSeries }),
    },
  };
}

function stepsOf({ records = [], rules }: RuleGroup): Step[] {
  return [
    ...records.map(({ name, expression }): Step => ({ kind: "record", name, expression })),
    ...rules.map(({ name, expression }): Step => ({ kind: "alert", name, expression })),
  ];
}
