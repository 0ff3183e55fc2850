import type { Labels } from "../history/series.ts";
import { dropName, type Element, signature } from "../rules/element.ts";
import type { AlertRule } from "./rule.ts";

export interface Alert {
  readonly labels: Labels;
  readonly value: number;
  /** When its element appeared, in milliseconds since the Unix epoch. */
  readonly since: number;
  readonly state: "pending" | "firing";
}

/** By the labels of their elements. */
export type Alerts = ReadonlyMap<string, Alert>;

/**
 * The alerts of a rule after an evaluation, from those before it: an element that is new is pending, one that stayed for the
 * rule's time fires, one that is gone is resolved at once.
 */
export function nextAlerts(
  { forMs }: AlertRule,
  before: Alerts,
  elements: readonly Element[],
  at: number,
): Alerts {
  return new Map(
    elements.map(({ labels, value }) => {
      const key = signature(labels, null);
      const since = before.get(key)?.since ?? at;
      const state = at - since >= forMs ? "firing" : "pending";
      return [key, { labels: dropName(labels), value, since, state }];
    }),
  );
}
