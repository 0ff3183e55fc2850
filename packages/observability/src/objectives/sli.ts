/** What an objective is about: the share of events that were bad, or of time during which something was. */
import type { CounterMetric, GaugeMetric, HistogramMetric } from "../metrics/declare.ts";
import {
  above,
  arithmetic,
  counterOf,
  either,
  gaugeOf,
  increase,
  observationsOf,
  observationsUpTo,
  overTime,
  secondsSince,
  sumBy,
  type Where,
} from "../rules/builders.ts";
import { type Duration, durationText, milliseconds } from "../rules/duration.ts";
import type { Select, Vector } from "../rules/expression.ts";

/** Events, and those of them that were good, or those that were bad. */
export interface EventSli {
  readonly counts: "good" | "bad";
  readonly of: Select<"counter">;
  readonly total: Select<"counter">;
}

/** Times at which a gauge was looked at, and those at which it was too old. */
export interface FreshnessSli {
  readonly counts: "time";
  /** Seconds since the Unix epoch. */
  readonly of: Select<"gauge">;
  readonly boundSeconds: number;
}

export type Sli = EventSli | FreshnessSli;

/** Of the counter's events, those under the condition failed. */
export function errorsOf<Label extends string>(
  counter: CounterMetric<Label>,
  bad: Where<Label>,
  all?: Where<Label>,
): EventSli {
  return { counts: "bad", of: counterOf(counter, { ...all, ...bad }), total: counterOf(counter, all) };
}

/** Of the histogram's observations, those up to one of its bounds are fast enough. */
export function fasterThan<Label extends string>(
  histogram: HistogramMetric<Label>,
  bound: number,
  where?: Where<Label>,
): EventSli {
  return {
    counts: "good",
    of: observationsUpTo(histogram, bound, where),
    total: observationsOf(histogram, where),
  };
}

/** The gauge tells when something was last done, in seconds since the Unix epoch: `bound` ago at most. */
export function fresherThan<Label extends string>(
  gauge: GaugeMetric<Label>,
  bound: Duration,
  where?: Where<Label>,
): FreshnessSli {
  return { counts: "time", of: gaugeOf(gauge, where), boundSeconds: milliseconds(bound) / 1_000 };
}

/** While nothing was bad yet, the counter of the bad may not be there: that is none, and not unknown. */
export function badIn(sli: Sli, window: Duration): Vector {
  const total = eventsIn(sli, window);
  const none = arithmetic(total, "*", 0);
  switch (sli.counts) {
    case "bad":
      return either(sumBy([], increase(sli.of, window)), none);
    case "good":
      return arithmetic(total, "-", sumBy([], increase(sli.of, window)));
    case "time":
      return either(lookedAt(above(secondsSince(sli.of), sli.boundSeconds), window), none);
  }
}

/** How many events there were, or how often the gauge was looked at. */
export function eventsIn(sli: Sli, window: Duration): Vector {
  return sli.counts === "time" ? lookedAt(sli.of, window) : sumBy([], increase(sli.total, window));
}

export function oneMinus(of: Vector): Vector {
  return arithmetic(arithmetic(of, "*", -1), "+", 1);
}

const LOOKS = 60;
const MINUTE_MS = 60_000;

function lookedAt(of: Vector, window: Duration): Vector {
  const step = durationText(Math.max(MINUTE_MS, milliseconds(window) / LOOKS)) as Duration;
  return sumBy([], overTime("count", of, { window, step }));
}
