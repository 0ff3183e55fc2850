/**
 * The samples of a registry on their way to another thread. Which series there are hardly ever changes: told once, a series is its
 * place among those of its metric, and what crosses is a list of numbers.
 */
import type { MetricValue } from "prom-client";
import type { RegistrySlice } from "./registry.ts";
import type { SeriesName } from "./series.ts";

/** Values of one metric, from a place on. */
interface Run {
  readonly metric: string;
  readonly start: number;
  readonly count: number;
  /** Places that mean another series than when they were told last. */
  readonly changed: readonly (readonly [place: number, series: SeriesName])[];
}

export interface Dictation {
  readonly runs: readonly Run[];
  /** Of all runs, one after the other. */
  readonly values: Float64Array;
}

/** The side that reads. What it told counts for one listener: another one hears all of it. */
export class Dictating {
  readonly #told = new Map<string, MetricValue<string>[]>();
  #runs: Run[] = [];
  #values: number[] = [];

  /** Values that wait. */
  get size(): number {
    return this.#values.length;
  }

  add({ metric, start, values }: RegistrySlice): void {
    const told = this.#told.get(metric) ?? [];
    this.#told.set(metric, told);
    const changed: [number, SeriesName][] = [];
    values.forEach((value, index) => {
      const place = start + index;
      this.#values.push(value.value);
      if (isOfSame(told[place], value)) return;
      told[place] = value;
      changed.push([place, nameOf(metric, value)]);
    });
    this.#runs.push({ metric, start, count: values.length, changed });
  }

  take(): Dictation {
    const dictation = { runs: this.#runs, values: Float64Array.from(this.#values) };
    this.#runs = [];
    this.#values = [];
    return dictation;
  }
}

/** The side that listens. */
export class Dictated<Series> {
  readonly #places = new Map<string, Series[]>();
  readonly #identify: (name: SeriesName) => Series;

  constructor(identify: (name: SeriesName) => Series) {
    this.#identify = identify;
  }

  hear({ runs, values }: Dictation, each: (series: Series, value: number) => void): void {
    let next = 0;
    for (const { metric, start, count, changed } of runs) {
      const places = this.#places.get(metric) ?? [];
      this.#places.set(metric, places);
      for (const [place, name] of changed) places[place] = this.#identify(name);
      for (let place = start; place < start + count; place += 1) {
        each(places[place] as Series, values[next] as number);
        next += 1;
      }
    }
  }
}

type Told = MetricValue<string> & { readonly metricName?: string };

function isOfSame(told: Told | undefined, now: Told): boolean {
  if (told === undefined || told.metricName !== now.metricName) return false;
  return told.labels === now.labels || isEqual(told.labels, now.labels);
}

function isEqual(told: MetricValue<string>["labels"], now: MetricValue<string>["labels"]): boolean {
  let count = 0;
  for (const label in now) {
    if (told[label] !== now[label]) return false;
    count += 1;
  }
  for (const _ in told) count -= 1;
  return count === 0;
}

export function nameOf(metric: string, { metricName = metric, labels }: Told): SeriesName {
  const texts = Object.entries(labels).map(([label, value]) => [label, labelText(value)]);
  return { name: metricName, labels: Object.fromEntries(texts) };
}

/** As prom-client writes it. */
function labelText(value: string | number | undefined): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === undefined ? "" : String(value);
}
