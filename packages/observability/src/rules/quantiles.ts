/** Quantiles as Prometheus computes them (promql/quantile.go). */

/** Of plain values, interpolated between neighbours. */
export function quantileOf(at: number, values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => (Number.isNaN(a) ? -1 : Number.isNaN(b) ? 1 : a - b));
  const rank = at * (sorted.length - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(sorted.length - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[lower] as number) * (1 - weight) + (sorted[upper] as number) * weight;
}

export interface Bucket {
  readonly upTo: number;
  readonly count: number;
}

/** Of a classic histogram with cumulative counts: linear within the bucket, the last finite bound beyond it. */
export function histogramQuantile(at: number, unsorted: readonly Bucket[]): number {
  const buckets = monotonic(coalesced(unsorted.toSorted((a, b) => a.upTo - b.upTo)));
  const last = buckets.at(-1);
  if (last?.upTo !== Number.POSITIVE_INFINITY || buckets.length < 2 || last.count === 0) return Number.NaN;
  const rank = at * last.count;
  const index = firstReaching(rank, buckets.slice(0, -1));
  const reached = buckets[index] as Bucket;
  const below = buckets[index - 1] ?? { upTo: 0, count: 0 };
  if (index === buckets.length - 1) return below.upTo;
  if (index === 0 && reached.upTo <= 0) return reached.upTo;
  const share = (rank - below.count) / (reached.count - below.count);
  return below.upTo + (reached.upTo - below.upTo) * share;
}

/** By bisection, as the original: among counts that are no numbers, the way of searching decides. */
function firstReaching(rank: number, buckets: readonly Bucket[]): number {
  let low = 0;
  let high = buckets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((buckets[middle] as Bucket).count >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Two buckets of one bound, written differently, are one. */
function coalesced(buckets: readonly Bucket[]): Bucket[] {
  const joined: Bucket[] = [];
  for (const bucket of buckets) {
    const before = joined.at(-1);
    if (before?.upTo === bucket.upTo)
      joined[joined.length - 1] = { ...before, count: before.count + bucket.count };
    else joined.push(bucket);
  }
  return joined;
}

/** Buckets are scraped and rated one by one: a smaller count after a larger one is an error of rounding. */
function monotonic(buckets: readonly Bucket[]): Bucket[] {
  let most = buckets[0]?.count ?? 0;
  return buckets.map((bucket) => {
    if (bucket.count < most) return { ...bucket, count: most };
    if (bucket.count > most) most = bucket.count;
    return bucket;
  });
}
