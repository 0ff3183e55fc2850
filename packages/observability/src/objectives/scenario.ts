import type { Labels, Sample } from "../history/series.ts";
import { type Duration, milliseconds } from "../rules/duration.ts";

/** So many steps, each by so much. */
export type Run = readonly [steps: number, by: number];

export interface ScenarioSeries {
  readonly metric: string;
  readonly labels: Labels;
  /** The first value; what follows is `runs`. */
  readonly from: number;
  readonly runs: readonly Run[];
  /** So many steps without a sample come before. Default 0. */
  readonly missingSteps?: number;
}

/** Samples that must make a rule fire, and must let it resolve. They begin at time 0. */
export interface Scenario {
  readonly every: Duration;
  readonly series: readonly ScenarioSeries[];
  /** Whole minutes from the beginning. */
  readonly firesAt: Duration;
  readonly resolvedAt: Duration;
}

export function series(
  metric: { readonly name: string } | string,
  labels: Labels,
  from: number,
  ...runs: readonly Run[]
): ScenarioSeries {
  return { metric: typeof metric === "string" ? metric : metric.name, labels, from, runs };
}

export function samplesOf({ every }: Scenario, one: ScenarioSeries): Sample[] {
  const { from, runs, missingSteps = 0 } = one;
  const step = milliseconds(every);
  const values = [from];
  for (const [steps, by] of runs) {
    for (let index = 0; index < steps; index++) values.push((values.at(-1) as number) + by);
  }
  return values.map((value, index) => ({ at: (missingSteps + index) * step, value }));
}
