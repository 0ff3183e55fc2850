/** The engine's time is the store's clock, and clocks are set. */
import type { AlertingState } from "./state.ts";

/**
 * A clock that was set back takes the times that are counted from with it: nothing waits for the time to come again. When time
 * leapt, or nobody was there for long, that counts as a minute: every process gets the chance to be
 * heard before it counts as gone.
 */
export function onTime(state: AlertingState, now: number): AlertingState {
  const gap = state.at === null ? 0 : now - state.at;
  if (gap < 0) return { ...shifted(state, gap), at: now };
  if (gap < LEAP_MS) return { ...state, at: now };
  const reporters = [...state.reporters].map(
    ([id, one]) => [id, { ...one, heardAt: Math.min(now, one.heardAt + gap - LEAP_MS) }] as const,
  );
  return { ...state, reporters: new Map(reporters), at: now };
}

const LEAP_MS = 60_000;

function shifted(state: AlertingState, by: number): AlertingState {
  const later = <T extends number | null>(at: T): T => (at === null ? at : ((at + by) as T));
  const each = <T>(map: ReadonlyMap<string, T>, change: (entry: T) => T): ReadonlyMap<string, T> =>
    new Map([...map].map(([key, entry]) => [key, change(entry)]));
  return {
    ...state,
    reporters: each(state.reporters, (one) => ({ ...one, heardAt: later(one.heardAt) })),
    groups: each(state.groups, (one) => ({ ...one, dueAt: later(one.dueAt), toldAt: later(one.toldAt) })),
    alerts: each(state.alerts, (one) => ({
      ...one,
      valueAt: later(one.valueAt),
      seenSince: later(one.seenSince),
      unseenSince: later(one.unseenSince),
      firingAt: later(one.firingAt),
      resolvedAt: later(one.resolvedAt),
      firings: one.firings.map(later),
      coolUntil: later(one.coolUntil),
      told: Object.fromEntries(
        Object.entries(one.told).map(([key, told]) => [key, { ...told, at: later(told.at) }]),
      ),
    })),
  };
}
