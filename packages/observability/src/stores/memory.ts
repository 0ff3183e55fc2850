import type { Clock } from "@rempart/kernel";
import type { Reason } from "../alerting/reason.ts";
import type { AlertEvent } from "../alerting/state.ts";
import { type AlertStore, type Held, NOTHING_HELD } from "../alerting/store.ts";

const MAX_EVENTS = 10_000;

/** For one process: what it holds ends with it. */
export function memoryAlertStore(clock: Pick<Clock, "now">, initially: Held = NOTHING_HELD): AlertStore {
  let held = initially;
  const reasons = new Map<string, Reason>();
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
    async keepReason(rule, reason) {
      reasons.set(rule, reason);
    },
    reasonOf: async (rule) => reasons.get(rule) ?? null,
    async prune(before, keep) {
      recorded = recorded.filter(({ at }) => at >= before).slice(-keep);
    },
  };
}
