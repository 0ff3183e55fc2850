import type { ScrapedSample } from "./exposition.ts";
import { type History, seriesKey } from "./history.ts";
import type { Labels } from "./series.ts";

export interface Taken {
  readonly stored: number;
  /** The series was in the page twice, or the history has a newer sample of it. */
  readonly outOfOrder: number;
  /** Samples of series that the history has no room for. */
  readonly refused: number;
}

interface Known {
  readonly name: string;
  readonly labels: Labels;
}

/**
 * What one target tells, scrape after scrape, written as Prometheus writes it: `up` is 1 or 0, and a series that is gone from
 * the page ends at once.
 */
export class Feed {
  readonly #history: History;
  readonly #target: Labels;
  #known = new Map<string, Known>();

  /** The labels of the target (`job`, `instance`) stand in every series, in place of the page's own of that name. */
  constructor(history: History, target: Labels) {
    this.#history = history;
    this.#target = target;
  }

  /** `at` is in milliseconds since the Unix epoch. */
  take(samples: Iterable<ScrapedSample>, at: number): Taken {
    const taken = this.#write(samples, at);
    this.#history.append("up", this.#target, at, 1);
    this.#history.prune(at);
    return taken;
  }

  #write(samples: Iterable<ScrapedSample>, at: number): Taken {
    const counts = { stored: 0, "out-of-order": 0, full: 0 };
    const seen = new Map<string, Known>();
    for (const { name, labels, value } of samples) {
      const series = { name, labels: { ...labels, ...this.#target } };
      counts[this.#history.append(name, series.labels, at, value)] += 1;
      seen.set(seriesKey(name, series.labels), series);
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
    return this.#write(
      elements.map(({ labels: { __name__, ...labels }, value }) => ({ name, labels, value })),
      at,
    );
  }

  #endAllBut(seen: Map<string, Known>, at: number): void {
    for (const [key, { name, labels }] of this.#known) {
      if (!seen.has(key)) this.#history.end(name, labels, at);
    }
    this.#known = seen;
  }
}
