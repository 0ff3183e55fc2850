import type { ScrapedSample } from "./exposition.ts";
import { type History, type KnownSeries, seriesKey } from "./history.ts";
import type { Labels, SeriesName } from "./series.ts";

export interface Taken {
  readonly stored: number;
  /** The series was in the page twice, or the history has a newer sample of it. */
  readonly outOfOrder: number;
  /** Samples of series that the history has no room for. */
  readonly refused: number;
}

/**
 * What one target tells, scrape after scrape, written as Prometheus writes it: `up` is 1 or 0, and a series that is gone from
 * the page ends at once.
 */
export class Feed {
  readonly #history: History;
  readonly #target: Labels;
  #known = new Map<string, KnownSeries>();

  /** The labels of the target (`job`, `instance`) stand in every series, in place of the page's own of that name. */
  constructor(history: History, target: Labels) {
    this.#history = history;
    this.#target = target;
  }

  /** The series of this target that a sample is of. */
  identify({ name, labels }: SeriesName): KnownSeries {
    const whole = { ...labels, ...this.#target };
    return { key: seriesKey(name, whole), name, labels: whole };
  }

  /** `at` is in milliseconds since the Unix epoch. */
  take(samples: readonly ScrapedSample[], at: number): Taken {
    const series = samples.map((sample) => this.identify(sample));
    return this.takeKnown(
      series,
      samples.map(({ value }) => value),
      at,
    );
  }

  /** The same, of series that were identified before: a value for each. */
  takeKnown(series: readonly KnownSeries[], values: readonly number[], at: number): Taken {
    const taken = this.#write(series, values, at);
    this.#history.append("up", this.#target, at, 1);
    this.#history.prune(at);
    return taken;
  }

  #write(series: readonly KnownSeries[], values: readonly number[], at: number): Taken {
    const counts = { stored: 0, "out-of-order": 0, full: 0 };
    const seen = new Map<string, KnownSeries>();
    for (const [index, one] of series.entries()) {
      counts[this.#history.appendTo(one, at, values[index] as number)] += 1;
      seen.set(one.key, one);
    }
    this.#endAllBut(seen, at);
    return { stored: counts.stored, outOfOrder: counts["out-of-order"], refused: counts.full };
  }

  /** The target did not answer, or answered nonsense. */
  lost(at: number): void {
    this.#endAllBut(new Map(), at);
    this.#history.append("up", this.#target, at, 0);
  }

  /** What a recording rule came to, under its name: series that it does not have any more end. */
  record(
    name: string,
    elements: readonly { readonly labels: Labels; readonly value: number }[],
    at: number,
  ): Taken {
    const series = elements.map(({ labels: { __name__, ...labels } }) => this.identify({ name, labels }));
    return this.#write(
      series,
      elements.map(({ value }) => value),
      at,
    );
  }

  #endAllBut(seen: Map<string, KnownSeries>, at: number): void {
    for (const [key, { name, labels }] of this.#known) {
      if (!seen.has(key)) this.#history.end(name, labels, at);
    }
    this.#known = seen;
  }
}
