import type { Dictation } from "../src/history/dictation.ts";
import type { ScrapedSample } from "../src/history/exposition.ts";

/** The samples as they cross to an evaluator that knows none of their series. */
export function dictated(samples: readonly ScrapedSample[]): Dictation {
  const changed = samples.map(({ value: _, ...series }, place) => [place, series] as const);
  return {
    runs: [{ metric: "", start: 0, count: samples.length, changed }],
    values: Float64Array.from(samples, ({ value }) => value),
  };
}
