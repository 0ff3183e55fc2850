/** Samples under which an objective's budget burns, and recovers. */
import type { Select } from "../rules/expression.ts";
import { type Run, type ScenarioSeries, series } from "./scenario.ts";
import type { EventSli, FreshnessSli, Sli } from "./sli.ts";

export interface Burning {
  /** In a short window. */
  readonly steps: number;
  readonly events: number;
  /** Of the events of a step. */
  readonly bad: number;
}

/** For two short windows the share is bad; then, for three, nothing is. */
export function burningSeries(sli: Sli, burning: Burning): ScenarioSeries[] {
  switch (sli.counts) {
    case "bad":
      return badSeries(sli, burning);
    case "good":
      return goodSeries(sli, burning);
    case "time":
      return [staleSeries(sli, burning.steps)];
  }
}

/** Nothing at first, then something to count. */
export function lateSeries(sli: Sli): ScenarioSeries {
  return { ...found(sli.counts === "time" ? sli.of : sli.total, [10, 1]), missingSteps: 15 };
}

/** The total finds the bad events too: its own series are the good ones. */
function badSeries({ of, total }: EventSli, { steps, events, bad }: Burning): ScenarioSeries[] {
  return [
    found(total, [2 * steps, events - bad], [3 * steps, events]),
    found(of, [2 * steps, bad], [3 * steps, 0]),
  ];
}

function goodSeries({ of, total }: EventSli, { steps, events, bad }: Burning): ScenarioSeries[] {
  return [found(total, [5 * steps, events]), found(of, [2 * steps, events - bad], [3 * steps, events])];
}

/** Too old from the beginning; then of a time that does not come within the scenario. */
function staleSeries({ of, boundSeconds }: FreshnessSli, steps: number): ScenarioSeries {
  const late = -2 * boundSeconds;
  return { ...found(of, [2 * steps, 0], [1, 1e9], [3 * steps, 0]), from: late };
}

/** A series that the selector finds. */
function found({ metric, where }: Select, ...runs: readonly Run[]): ScenarioSeries {
  const labels = where.map((matcher) => {
    if (matcher.op === "is" || matcher.op === "startsWith") return [matcher.label, matcher.value];
    return [matcher.label, matcher.op === "oneOf" ? matcher.values[0] : "scenario"];
  });
  return series(metric, Object.fromEntries(labels), 0, ...runs);
}
