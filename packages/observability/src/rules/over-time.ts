/** Functions of the samples of a while, as Prometheus computes them (promql/functions.go): to the same digits where rounding matters. */
import type { Samples } from "../history/tail.ts";
import type { Over } from "./expression.ts";

/** There is one sample at least. `from` and `to` are the window in milliseconds. Null: too few samples to say. */
type OverFunction = (samples: Samples, from: number, to: number) => number | null;

export const OVER: Readonly<Record<Over["function"], OverFunction>> = {
  rate: (samples, from, to) => {
    const growth = extrapolated(samples, from, to, true);
    return growth === null ? null : growth / ((to - from) / 1_000);
  },
  increase: (samples, from, to) => extrapolated(samples, from, to, true),
  delta: (samples, from, to) => extrapolated(samples, from, to, false),
  deriv: slope,
  resets: ({ values }) => steps(values, (now, before) => now < before),
  changes: ({ values }) =>
    steps(values, (now, before) => now !== before && !(Number.isNaN(now) && Number.isNaN(before))),
  avg: ({ values }) => mean(values),
  sum: ({ values }) => compensated(values),
  count: ({ values }) => values.length,
  min: ({ values }) => extreme(values, (now, best) => now < best),
  max: ({ values }) => extreme(values, (now, best) => now > best),
  stddev: ({ values }) => deviation(values),
};

/** What is aggregated over elements, and not over time, is computed alike. */
export function overValues(name: "avg" | "min" | "max", values: readonly number[]): number {
  return OVER[name]({ times: [], values }, 0, 0) ?? Number.NaN;
}

const NEAR = 1.1;

/**
 * The growth over the samples, stretched to the ends of the window when they come near them, half an interval otherwise; and
 * a counter is never stretched below zero.
 */
function extrapolated(
  { times, values }: Samples,
  from: number,
  to: number,
  isCounter: boolean,
): number | null {
  const count = times.length;
  if (count < 2) return null;
  const [firstAt, lastAt] = [times[0] as number, times[count - 1] as number];
  const first = values[0] as number;
  const growth = (values[count - 1] as number) - first + (isCounter ? lostToResets(values) : 0);
  const sampled = (lastAt - firstAt) / 1_000;
  const interval = sampled / (count - 1);
  let toStart = (firstAt - from) / 1_000;
  const toEnd = (to - lastAt) / 1_000;
  if (isCounter && growth > 0 && first >= 0) toStart = Math.min(toStart, sampled * (first / growth));
  const stretch = (gap: number): number => (gap < interval * NEAR ? gap : interval / 2);
  return growth * ((sampled + stretch(toStart) + stretch(toEnd)) / sampled);
}

function lostToResets(values: ArrayLike<number>): number {
  let lost = 0;
  let before = values[0] as number;
  for (let index = 1; index < values.length; index++) {
    const value = values[index] as number;
    if (value < before) lost += before;
    before = value;
  }
  return lost;
}

function steps(values: ArrayLike<number>, counts: (now: number, before: number) => boolean): number {
  let found = 0;
  for (let index = 1; index < values.length; index++) {
    if (counts(values[index] as number, values[index - 1] as number)) found += 1;
  }
  return found;
}

function extreme(values: ArrayLike<number>, isBetter: (now: number, best: number) => boolean): number {
  let best = values[0] as number;
  for (let index = 1; index < values.length; index++) {
    const value = values[index] as number;
    if (isBetter(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
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

function compensated(values: ArrayLike<number>): number {
  const total = new Compensated();
  for (let index = 0; index < values.length; index++) total.add(values[index] as number);
  return Number.isFinite(total.sum) ? total.value : total.sum;
}

function mean(values: ArrayLike<number>): number {
  const total = new Compensated();
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const count = index + 1;
    const isSettled =
      Math.abs(total.sum) === Number.POSITIVE_INFINITY && (value === total.sum || Number.isFinite(value));
    if (!isSettled) total.add(value / count - total.sum / count);
  }
  return Number.isFinite(total.sum) ? total.value : total.sum;
}

/** Welford's method, of the whole population. */
function deviation(values: ArrayLike<number>): number {
  const average = new Compensated();
  const squares = new Compensated();
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    const away = value - average.value;
    average.add(away / (index + 1));
    squares.add(away * (value - average.value));
  }
  return Math.sqrt(squares.value / values.length);
}

function slope({ times, values }: Samples): number | null {
  const count = times.length;
  const first = values[0] as number;
  if (count < 2) return null;
  const ys = Array.from(values);
  if (ys.every((y) => y === first)) return Number.isFinite(first) ? 0 : Number.NaN;
  const xs = Array.from(times, (at) => (at - (times[0] as number)) / 1_000);
  const sumX = compensated(xs);
  const sumY = compensated(ys);
  const sumXY = compensated(xs.map((x, index) => x * (ys[index] as number)));
  const sumXX = compensated(xs.map((x) => x * x));
  return (sumXY - (sumX * sumY) / count) / (sumXX - (sumX * sumX) / count);
}
