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
  #before: readonly KnownSeries[] = [];

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
    series.forEach((one, index) => {
      counts[this.#history.appendTo(one, at, values[index] as number)] += 1;
    });
    this.#endAllBut(series, at);
    return { stored: counts.stored, outOfOrder: counts["out-of-order"], refused: counts.full };
  }

  /** The target did not answer, or answered nonsense. */
  lost(at: number): void {
    this.#endAllBut([], at);
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

  #endAllBut(series: readonly KnownSeries[], at: number): void {
    const before = this.#before;
    this.#before = series;
    if (isSame(before, series)) return;
    const seen = new Set(series.map(({ key }) => key));
    for (const { key, name, labels } of before) if (!seen.has(key)) this.#history.end(name, labels, at);
  }
}

/** As it is at nearly every tick, where series are known. */
function isSame(before: readonly KnownSeries[], now: readonly KnownSeries[]): boolean {
  return before.length === now.length && before.every((one, index) => one === now[index]);
}
