import { type Run, type Scenario, series } from "../objectives/scenario.ts";

const STEPS = 36;

/** At `usual`, then for twenty minutes at `wrong`, then as before. */
export function gaugeScenario(
  metric: { readonly name: string },
  usual: number,
  wrong: number,
  labels: Readonly<Record<string, string>> = {},
): Scenario {
  const away = wrong - usual;
  const runs: Run[] = [
    [5, 0],
    [1, away],
    [19, 0],
    [1, -away],
    [10, 0],
  ];
  return {
    every: "1m",
    series: [series(metric, labels, usual, ...runs)],
    firesAt: "15m",
    resolvedAt: "27m",
  };
}

/** The same, while another gauge stays at `value`. */
export function beside(scenario: Scenario, metric: { readonly name: string }, value: number): Scenario {
  return { ...scenario, series: [...scenario.series, series(metric, {}, value, [STEPS, 0])] };
}

/** A counter that stands, grows by so much within one minute, and stands again. */
export function burstScenario(
  metric: { readonly name: string },
  by: number,
  resolvedAt: Scenario["resolvedAt"],
  labels: Readonly<Record<string, string>> = {},
): Scenario {
  const minutes = Number.parseInt(resolvedAt, 10);
  return {
    every: "1m",
    series: [series(metric, labels, 0, [5, 0], [1, by], [minutes, 0])],
    firesAt: "7m",
    resolvedAt,
  };
}
