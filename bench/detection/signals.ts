/** Labelled series: six weeks of a service's load, a value a minute, and in the last week what went wrong. Seeds are fixed. */

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;
/** A Thursday, 00:00 UTC, as the epoch was: weekends are found by the remainder of a week. */
export const START = 1_790_208_000_000 - (1_790_208_000_000 % WEEK);
export const JUDGED_FROM = START + 5 * WEEK;
export const END = START + 6 * WEEK;

export interface Anomaly {
  readonly from: number;
  readonly to: number;
}

export interface Signal {
  /** The value of each minute; null: there was none. */
  readonly values: readonly (number | null)[];
  readonly anomalies: readonly Anomaly[];
}

interface Shape {
  /** How long it lasts. */
  readonly lasts: number;
  /** What becomes of the value, `into` milliseconds after the beginning. */
  readonly change: (value: number, into: number, noise: () => number) => number | null;
}

/** What may go wrong, and nothing. */
export const KINDS: Readonly<Record<string, Shape | null>> = {
  "nothing but seasons": null,
  "level shift (+60 %, 6 h)": { lasts: 6 * HOUR, change: (value) => value * 1.6 },
  "drop (to a third, 1 h)": { lasts: HOUR, change: (value) => value / 3 },
  "spike (three times, 15 min)": { lasts: 15 * MINUTE, change: (value) => value * 3 },
  "slow drift (+1.5 % an hour, 2 days)": {
    lasts: 2 * DAY,
    change: (value, into) => value * (1 + (0.015 * into) / HOUR),
  },
  "variance (noise five times, 4 h)": {
    lasts: 4 * HOUR,
    change: (value, _, noise) => value * (1 + 0.2 * noise()),
  },
  "missing (30 min)": { lasts: 30 * MINUTE, change: () => null },
};

const NOISE = 0.05;

/** Busy by day, quiet by night and at the weekend, no two weeks alike; noise grows with the level and lingers a little. */
export function signal(kind: string, seed: number): Signal {
  const shape = KINDS[kind] ?? null;
  const random = generator(seed * 7_919 + kind.length);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const anomalies = shape === null ? [] : placed(shape.lasts, random);
  const weeks = Array.from({ length: 6 }, () => 1 + 0.04 * normal());
  const values: (number | null)[] = [];
  let lingering = 0;
  for (let at = START; at < END; at += MINUTE) {
    lingering = 0.6 * lingering + 0.8 * normal();
    const level = usual(at) * (weeks[Math.floor((at - START) / WEEK)] as number);
    const value = Math.max(0, level * (1 + NOISE * lingering));
    const wrong = anomalies.find(({ from, to }) => at >= from && at < to);
    values.push(wrong === undefined || shape === null ? value : shape.change(value, at - wrong.from, normal));
  }
  return { values, anomalies };
}

function usual(at: number): number {
  const hour = (at % DAY) / HOUR;
  const day = Math.floor((at % WEEK) / DAY);
  const isWeekend = day === 2 || day === 3;
  const busy = Math.exp(-(((hour - 14) / 5) ** 2));
  return 20 + (isWeekend ? 60 : 180) * busy;
}

/** Two in the week that is judged, in halves of it, so that what the first leaves behind is over when the second begins. */
function placed(lasts: number, random: () => number): Anomaly[] {
  return [0, 1].map((half) => {
    const room = WEEK / 2 - lasts - 8 * HOUR;
    const from = JUDGED_FROM + (half * WEEK) / 2 + Math.floor((random() * room) / MINUTE) * MINUTE;
    return { from, to: from + lasts };
  });
}

/** Numerical Recipes' linear congruences, of which the high bits are used. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
