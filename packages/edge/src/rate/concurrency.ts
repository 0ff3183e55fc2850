import type { Clock } from "@rempart/kernel";

export interface ConcurrencyConfig {
  /** Requests that may always be under way; default 4. */
  readonly floor?: number;
  /** Requests that never are more than; default 1,000. */
  readonly ceiling?: number;
  /** How many times the unloaded latency is still fine; default 2. */
  readonly tolerance?: number;
  /** How often the limit is reckoned anew, in milliseconds; default 1,000. */
  readonly windowMs?: number;
  /** How often the unloaded latency is measured anew, in milliseconds; default 60,000. */
  readonly probeEveryMs?: number;
}

export interface ConcurrencyLimit {
  /** False when there is no room. After true, call `release` exactly once. */
  acquire(): boolean;
  /** `latencyMs` of a request that was served; null for one whose time says nothing about load. */
  release(latencyMs: number | null): void;
  stats(): ConcurrencyStats;
}

export interface ConcurrencyStats {
  readonly limit: number;
  readonly inFlight: number;
  /** Median latency at the floor; null until measured. */
  readonly baselineMs: number | null;
}

/** Latencies looked at per window: the last ones. */
const MAX_SAMPLES = 64;
const MIN_SAMPLES = 10;
/** Share of the limit that must have been used before it may grow. */
const USED = 0.9;
/** A dead dependency must not pass for the new normal at once. */
const MAX_BASELINE_RISE = 1.5;
const PROBE_WINDOWS = 5;
/** Where the limit begins, within its bounds. */
const START = 50;

/**
 * How many requests may be under way, found by their latency: the limit falls by the ratio of the unloaded latency to the
 * present one, and rises by its square root while latency is fine and the limit is used.
 *
 * Two known faults of such limits are excluded by construction. The unloaded latency is measured only while no more than
 * `floor` requests are under way (a quiet window, or a probe that holds the rest back), so overload never becomes its own
 * yardstick and it cannot drift. And room to grow is added only to a window that showed no queueing and used its limit,
 * so the limit climbs neither under mild overload nor without traffic.
 */
export function createConcurrencyLimit(
  config: ConcurrencyConfig & { readonly clock: Clock },
): ConcurrencyLimit {
  const { clock, floor = 4, ceiling = 1000, tolerance = 2, windowMs = 1000, probeEveryMs = 60_000 } = config;
  let limit = Math.min(ceiling, Math.max(floor, START));
  let inFlight = 0;
  let baselineMs: number | null = null;
  let samples: number[] = [];
  let next = 0;
  let peak = 0;
  let windowFrom = clock.monotonic();
  let probeFrom: number | null = windowFrom;
  let probedAt = windowFrom;
  /** Releases still to pass before a probe's samples count: they waited behind the load before it. */
  let toSkip = 0;

  const openWindow = (now: number): void => {
    samples = [];
    next = 0;
    peak = inFlight;
    windowFrom = now;
  };
  const learn = (latency: number, now: number): void => {
    baselineMs = baselineMs === null ? latency : Math.min(latency, baselineMs * MAX_BASELINE_RISE);
    probedAt = now;
  };
  const adjust = (latency: number): void => {
    const gradient = Math.min(1, Math.max(0.5, (tolerance * (baselineMs ?? latency)) / latency));
    if (gradient < 1) limit *= gradient;
    else if (peak >= limit * USED) limit += Math.sqrt(limit);
    limit = Math.min(ceiling, Math.max(floor, limit));
  };
  const closeWindow = (now: number): void => {
    const latency = Math.max(median(samples), Number.MIN_VALUE);
    if (probeFrom !== null) {
      learn(latency, now);
      probeFrom = null;
    } else if (peak <= floor && (latency < (baselineMs ?? latency) || now - probedAt >= probeEveryMs)) {
      learn(latency, now);
    }
    if (limit <= floor || peak > floor) adjust(latency);
    if (now - probedAt >= probeEveryMs) {
      probeFrom = now;
      toSkip = inFlight;
    }
    openWindow(now);
  };
  const isWindowOver = (now: number): boolean => {
    const age = now - windowFrom;
    const isEnough = samples.length >= MIN_SAMPLES;
    if (probeFrom === null) return isEnough && age >= windowMs;
    // A probe holds requests back: it ends with its last sample, or soon without.
    return isEnough || (samples.length > 0 && age >= windowMs * PROBE_WINDOWS);
  };

  return {
    stats: () => ({ limit: Math.floor(limit), inFlight, baselineMs }),
    acquire() {
      if (inFlight >= (probeFrom === null ? Math.floor(limit) : floor)) return false;
      inFlight += 1;
      if (inFlight > peak) peak = inFlight;
      return true;
    },
    release(latencyMs) {
      inFlight -= 1;
      const now = clock.monotonic();
      if (toSkip > 0) {
        toSkip -= 1;
        if (toSkip === 0) openWindow(now);
        return;
      }
      if (latencyMs !== null) {
        samples[next] = latencyMs;
        next = (next + 1) % MAX_SAMPLES;
      }
      if (isWindowOver(now)) closeWindow(now);
    },
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] as number;
}
