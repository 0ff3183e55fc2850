/** Functions of the samples of a while, as Prometheus computes them (promql/functions.go): to the same digits where rounding matters. */
import type { Sample } from "../history/series.ts";
import type { Over } from "./expression.ts";

/** `from` and `to` are the window in milliseconds. Null: too few samples to say. */
type OverFunction = (samples: readonly Sample[], from: number, to: number) => number | null;

export const OVER: Readonly<Record<Over["function"], OverFunction>> = {
  rate: (samples, from, to) => {
    const growth = extrapolated(samples, from, to, true);
    return growth === null ? null : growth / ((to - from) / 1_000);
  },
  increase: (samples, from, to) => extrapolated(samples, from, to, true),
  delta: (samples, from, to) => extrapolated(samples, from, to, false),
  deriv: slope,
  resets: (samples) => steps(samples, (now, before) => now < before),
  changes: (samples) =>
    steps(samples, (now, before) => now !== before && !(Number.isNaN(now) && Number.isNaN(before))),
  avg: mean,
  sum: (samples) => compensated(samples.map(({ value }) => value)),
  count: (samples) => samples.length,
  min: (samples) => extreme(samples, (now, best) => now < best),
  max: (samples) => extreme(samples, (now, best) => now > best),
  stddev: deviation,
};

const NEAR = 1.1;

/**
 * The growth over the samples, stretched to the ends of the window when they come near them, half an interval otherwise; and
 * a counter is never stretched below zero.
 */
function extrapolated(
  samples: readonly Sample[],
  from: number,
  to: number,
  isCounter: boolean,
): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length < 2) return null;
  const growth = last.value - first.value + (isCounter ? lostToResets(samples) : 0);
  const sampled = (last.at - first.at) / 1_000;
  const interval = sampled / (samples.length - 1);
  let toStart = (first.at - from) / 1_000;
  const toEnd = (to - last.at) / 1_000;
  if (isCounter && growth > 0 && first.value >= 0) {
    toStart = Math.min(toStart, sampled * (first.value / growth));
  }
  const stretch = (gap: number): number => (gap < interval * NEAR ? gap : interval / 2);
  return growth * ((sampled + stretch(toStart) + stretch(toEnd)) / sampled);
}

function lostToResets(samples: readonly Sample[]): number {
  let lost = 0;
  let before = samples[0]?.value ?? 0;
  for (const { value } of samples) {
    if (value < before) lost += before;
    before = value;
  }
  return lost;
}

function steps(samples: readonly Sample[], counts: (now: number, before: number) => boolean): number {
  return samples.filter(({ value }, index) => index > 0 && counts(value, samples[index - 1]?.value as number))
    .length;
}

function extreme(samples: readonly Sample[], isBetter: (now: number, best: number) => boolean): number {
  return samples
    .map(({ value }) => value)
    .reduce((best, value) => (isBetter(value, best) || Number.isNaN(best) ? value : best));
}

/** Kahan's sum in Neumaier's form: `sum + rest` is the sum. */
class Compensated {
  sum = 0;
  rest = 0;

  add(value: number): void {
    const total = this.sum + value;
    if (!Number.isFinite(total)) this.rest = 0;
    else if (Math.abs(this.sum) >= Math.abs(value)) this.rest += this.sum - total + value;
    else this.rest += value - total + this.sum;
    this.sum = total;
  }

  get value(): number {
    return this.sum + this.rest;
  }
}

function compensated(values: readonly number[]): number {
  const total = new Compensated();
  for (const value of values) total.add(value);
  return Number.isFinite(total.sum) ? total.value : total.sum;
}

function mean(samples: readonly Sample[]): number {
  const total = new Compensated();
  samples.forEach(({ value }, index) => {
    const count = index + 1;
    const isSettled =
      Math.abs(total.sum) === Number.POSITIVE_INFINITY && (value === total.sum || Number.isFinite(value));
    if (!isSettled) total.add(value / count - total.sum / count);
  });
  return Number.isFinite(total.sum) ? total.value : total.sum;
}

/** Welford's method, of the whole population. */
function deviation(samples: readonly Sample[]): number {
  const average = new Compensated();
  const squares = new Compensated();
  samples.forEach(({ value }, index) => {
    const away = value - average.value;
    average.add(away / (index + 1));
    squares.add(away * (value - average.value));
  });
  return Math.sqrt(squares.value / samples.length);
}

function slope(samples: readonly Sample[]): number | null {
  const first = samples[0];
  if (first === undefined || samples.length < 2) return null;
  if (samples.every(({ value }) => value === first.value))
    return Number.isFinite(first.value) ? 0 : Number.NaN;
  const count = samples.length;
  const points = samples.map(({ at, value }) => ({ x: (at - first.at) / 1_000, y: value }));
  const sumX = compensated(points.map(({ x }) => x));
  const sumY = compensated(points.map(({ y }) => y));
  const sumXY = compensated(points.map(({ x, y }) => x * y));
  const sumXX = compensated(points.map(({ x }) => x * x));
  return (sumXY - (sumX * sumY) / count) / (sumXX - (sumX * sumX) / count);
}
