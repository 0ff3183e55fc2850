import {
  abs,
  arithmetic,
  atLeast,
  earlier,
  either,
  overTime,
  quantileBy,
  ratio,
  withLabel,
} from "./builders.ts";
import { type Duration, durationText, milliseconds } from "./duration.ts";
import type { Vector } from "./expression.ts";

/** Standard deviations of a normal distribution in one median absolute deviation. */
const MAD_TO_DEVIATION = 1.4826;

export interface ZscoreOptions {
  readonly window: Duration;
  readonly step: Duration;
  /** The least deviation taken for one, in the unit of the value: a constant series must not alarm at its first move. */
  readonly floor: number;
}

/**
 * How many standard deviations a value is from its own mean of the window, with its sign. The value is in the window: among `n`
 * it is never further than the root of `n - 1`, and a threshold beyond that is crossed by nothing.
 */
export function zscore(of: Vector, { window, step, floor }: ZscoreOptions): Vector {
  const mean = overTime("avg", of, { window, step });
  const deviation = atLeast(overTime("stddev", of, { window, step }), floor);
  return ratio(arithmetic(of, "-", mean), deviation);
}

export interface MadOptions {
  /** The labels that `of` has, all of them. */
  readonly by: readonly string[];
  /** What is compared is the average of so long. Default `1h`. */
  readonly window?: Duration;
  readonly step?: Duration;
  /** After which the pattern repeats. Default `1w`: the hour of the week is compared with the same hour of the weeks before. */
  readonly period?: Duration;
  /** Periods compared with. Default 4. All of them must be in the history; what lacks is left out. */
  readonly periods?: number;
  /** The least deviation taken for one, in the unit of the value. */
  readonly floor: number;
  /** A share of the median that is added to the deviation: four weeks say little about how much a busy hour varies. Default 0. */
  readonly share?: number;
}

/** How many robust deviations (1.4826 × median absolute deviation) a value is from the median of its season, with its sign. */
export function mad(of: Vector, options: MadOptions): Vector {
  const { by, window = "1h", step = "1m", period = "1w", periods = 4, floor, share = 0 } = options;
  if (!Number.isInteger(periods) || periods < 2) throw new TypeError("a median needs two periods or more");
  const now = overTime("avg", of, { window, step });
  const [first, ...others] = Array.from({ length: periods }, (_, index) => {
    const back = durationText(milliseconds(period) * (index + 1)) as Duration;
    return withLabel(earlier(now, back), "season", String(index + 1));
  });
  const seasons = either(first as Vector, ...others);
  const median = quantileBy(0.5, by, seasons);
  const away = abs(arithmetic(seasons, "-", median, { on: by, manyLeft: true }));
  const robust = arithmetic(quantileBy(0.5, by, away), "*", MAD_TO_DEVIATION);
  const deviation = share === 0 ? robust : arithmetic(robust, "+", arithmetic(abs(median), "*", share));
  return ratio(arithmetic(now, "-", median), atLeast(deviation, floor));
}
