import type { Clock } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Evaluation } from "../monitor/evaluation.ts";
import type { AlertRule } from "../objectives/rule.ts";
import { type Report, reportOf } from "./absorb.ts";
import type { Observe } from "./alerting-event.ts";
import { type Beat, type Beats, beatNotification, withoutStaleBeats } from "./beats.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Keeper } from "./keeper.ts";
import { type Letters, post, setBack } from "./letters.ts";
import type { ReasonKeeper } from "./reason-keeper.ts";
import type { AlertEvent } from "./state.ts";
import { type Rules, step } from "./step.ts";
import type { AlertStore, Held, Outcome } from "./store.ts";

export interface EngineOptions {
  /** Names this process among those that share the store. */
  readonly reporter: string;
  readonly rules: Rules;
  /** Those that are alerts, by their names. */
  readonly alertRules: ReadonlyMap<string, AlertRule>;
  readonly beats: Beats;
  readonly store: AlertStore;
  readonly keeper: Keeper;
  readonly dispatcher: Dispatcher;
  readonly reasons: ReasonKeeper;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observe: Observe;
}

interface Decided {
  readonly events: readonly AlertEvent[];
  readonly refused: number;
}

const PRUNE_MS = 3_600_000;
const KEEP_EVENTS_MS = 90 * 86_400_000;
const KEEP_EVENTS = 100_000;

/** What happens when something is seen, or time passes: it is decided and written down in one, and then told. */
export class Engine {
  readonly #options: EngineOptions;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async take(evaluation: Evaluation): Promise<void> {
    const { reporter, alertRules, beats } = this.#options;
    await this.#move(reportOf(reporter, alertRules, evaluation), beats.due(evaluation));
  }

  async tick(): Promise<void> {
    await this.#move(null, []);
    await this.#prune();
  }

  async #move(report: Report | null, due: readonly Beat[]): Promise<void> {
    const { keeper, beats, dispatcher, reasons } = this.#options;
    const { events, refused } = await keeper.update((held, now) => this.#decide(held, report, due, now));
    if (!keeper.isAway) beats.written(due);
    this.#observe(events, refused);
    await dispatcher.dispatch();
    await reasons.keep(events);
  }

  #decide(held: Held, report: Report | null, due: readonly Beat[], now: number): Outcome<Decided> {
    const { reporter, rules } = this.#options;
    const { state, notifications, events, refused } = step(held.state, report, now, rules);
    const beating = due.map((beat) => beatNotification(beat, reporter, rules.newId(), now));
    const letters = post(currentLetters(held, now), [...notifications, ...beating], now);
    return { held: { state, letters }, events, answer: { events, refused } };
  }

  #observe(events: readonly AlertEvent[], refused: number): void {
    const { observe, log } = this.#options;
    for (const { rule, kind: what } of events) observe({ kind: "alert", rule, what });
    if (refused === 0) return;
    observe({ kind: "refused", count: refused });
    log.error({ refused }, "there are more alerts than are kept: these are not told");
  }

  async #prune(): Promise<void> {
    const { clock, keeper, store } = this.#options;
    if (clock.monotonic() - this.#prunedAt < PRUNE_MS || keeper.isAway) return;
    this.#prunedAt = clock.monotonic();
    await store.prune(clock.now() - KEEP_EVENTS_MS, KEEP_EVENTS);
  }
}

/** As they stand now, also by a clock that was set back. */
function currentLetters({ state, letters }: Held, now: number): Letters {
  const by = (state.at ?? now) - now;
  return withoutStaleBeats(by > 0 ? setBack(letters, by) : letters, now);
}
