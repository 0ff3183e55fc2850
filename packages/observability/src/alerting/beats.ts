/** What dead man's switches hear: that rules were evaluated just now, that the store keeps it, and that the sender sends. */
import type { Evaluation } from "../monitor/evaluation.ts";
import type { AlertRule } from "../objectives/rule.ts";
import type { Receiver } from "../receivers/receiver.ts";
import type { Letter, Letters } from "./letters.ts";
import type { Notification } from "./notification.ts";
import type { ResolvedRoute } from "./routes.ts";
import type { Rules } from "./step.ts";

/** One that is due. */
export interface Beat {
  readonly rule: AlertRule;
  readonly route: ResolvedRoute;
  /** Of the route's repeat interval, counted from the Unix epoch: one beat in each. */
  readonly period: number;
}

/** When each switch was last written to: by each process for itself, since a beat too many does no harm. */
export class Beats {
  readonly #routes: readonly Omit<Beat, "period">[];
  readonly #written = new Map<string, number>();

  constructor(
    rules: readonly AlertRule[],
    { router }: Pick<Rules, "router">,
    receivers: ReadonlyMap<string, Receiver>,
  ) {
    this.#routes = rules.flatMap((rule) => {
      const { name: alertname, severity, component } = rule;
      return router({ alertname, severity, component })
        .filter(({ receiver }) => receivers.get(receiver)?.isHeartbeat === true)
        .map((route) => ({ rule, route }));
    });
  }

  /** Of an evaluation, which nobody else looked at before: one that is old proves nothing. */
  due({ at, results }: Evaluation): Beat[] {
    const firing = new Set(results.flatMap(({ rule, elements }) => (elements.length > 0 ? [rule] : [])));
    return this.#routes
      .filter(({ rule }) => firing.has(rule.name))
      .map((beat) => ({ ...beat, period: Math.floor(at / beat.route.repeatMs) }))
      .filter(({ route, period }) => this.#written.get(route.key) !== period);
  }

  written(beats: readonly Beat[]): void {
    for (const { route, period } of beats) this.#written.set(route.key, period);
  }
}

/** It lists no alert: there is none. Each process has a topic of its own. */
export function beatNotification(
  { rule, route }: Beat,
  sender: string,
  id: string,
  now: number,
): Notification {
  return {
    id,
    receiver: route.receiver,
    groupKey: `heartbeat:${route.key}:${sender}`,
    groupLabels: { alertname: rule.name },
    occasion: "heartbeat",
    status: "firing",
    severity: rule.severity,
    alerts: [],
    omitted: 0,
    at: now,
  };
}

/** Each beats for itself: another one that takes the beat, and is stopped, would look like this one's end. */
export function maySend({ occasion, groupKey }: Notification, sender: string): boolean {
  return occasion !== "heartbeat" || groupKey.endsWith(`:${sender}`);
}

const FRESH_MS = 30_000;

/** A beat that could not be sent at once is not sent later: it would speak for a time that it knows nothing of. */
export function withoutStaleBeats(letters: Letters, now: number): Letters {
  const isStale = ({ notification: { occasion, at } }: Letter): boolean =>
    occasion === "heartbeat" && Math.abs(now - at) > FRESH_MS;
  const stale = [...letters.values()].filter(isStale);
  if (stale.length === 0) return letters;
  const next = new Map(letters);
  for (const { id } of stale) next.delete(id);
  return next;
}
