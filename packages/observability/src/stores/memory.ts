import type { Clock } from "@rempart/kernel";
import type { AlertEvent } from "../alerting/state.ts";
import { type AlertStore, type Held, NOTHING_HELD } from "../alerting/store.ts";

const MAX_EVENTS = 10_000;

/** For one process: what it holds ends with it. */
export function memoryAlertStore(clock: Pick<Clock, "now">, initially: Held = NOTHING_HELD): AlertStore {
  let held = initially;
  let recorded: readonly AlertEvent[] = [];
  return {
    async update(work) {
      const outcome = work(held, clock.now());
      held = outcome.held;
      recorded = [...recorded, ...(outcome.events ?? [])].slice(-MAX_EVENTS);
      return outcome.answer;
    },
    async events(about, limit) {
      const found = recorded.filter(
        (one) => about === null || one.fingerprint === about || one.rule === about,
      );
      return found.slice(-limit).reverse();
    },
    async prune(before, keep) {
      recorded = recorded.filter(({ at }) => at >= before).slice(-keep);
    },
  };
}
