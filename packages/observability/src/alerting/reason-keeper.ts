import type { Clock } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import type { Explanation } from "../monitor/evaluation.ts";
import type { AlertRule } from "../objectives/rule.ts";
import type { Keeper } from "./keeper.ts";
import { reasonText } from "./reason.ts";
import type { AlertEvent } from "./state.ts";
import type { AlertStore } from "./store.ts";

export interface ReasonKeeperOptions {
  /** By their names. */
  readonly rules: ReadonlyMap<string, AlertRule>;
  /** Undefined: this process cannot say why. */
  readonly explainRule: ((rule: AlertRule) => Promise<Explanation>) | undefined;
  readonly store: AlertStore;
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly log: Logger;
}

/** At one time: many rules that fire at once have one cause. */
const MAX_REASONS = 10;

/** Keeps why rules fired while their samples are there: afterwards nobody could say. */
export class ReasonKeeper {
  readonly #options: ReasonKeeperOptions;

  constructor(options: ReasonKeeperOptions) {
    this.#options = options;
  }

  async keep(events: readonly AlertEvent[]): Promise<void> {
    const fired = new Set(events.filter(({ kind }) => kind === "fired").map(({ rule }) => rule));
    await Promise.all([...fired].slice(0, MAX_REASONS).map((name) => this.#keepOne(name)));
  }

  async #keepOne(name: string): Promise<void> {
    const { rules, explainRule, store, keeper, clock, log } = this.#options;
    const rule = rules.get(name);
    if (rule === undefined || explainRule === undefined || keeper.isAway) return;
    try {
      const text = reasonText(await explainRule(rule));
      await store.keepReason(name, { at: clock.now(), text });
    } catch (error) {
      log.warn({ err: error, rule: name }, "why the rule fired could not be kept");
    }
  }
}
