import { seriesKey } from "../src/history/history.ts";
import { type AlertRule, counter, gauge, History, histogram } from "../src/index.ts";
import { samplesOf } from "../src/objectives/scenario.ts";
import { milliseconds } from "../src/rules/duration.ts";
import type { WrittenSeries } from "./remote-write.ts";

const STEP = 15_000;
const COUNT = 360;

/** An hour and a half of samples from here on. */
export const START = 1_790_000_040_000;
export const END = START + COUNT * STEP;

const help = "For a test.";
const unit = "count";
const site = { limit: 9 };
export const hits = counter({ name: "hits_total", help, unit, labels: { route: { limit: 9 }, site } });
export const level = gauge({ name: "level", help, unit, labels: { route: { limit: 9 }, site } });
export const other = gauge({ name: "other", help, unit, labels: { route: { limit: 9 } } });
export const missing = gauge({ name: "missing", help, unit, labels: { site } });
export const waits = histogram({
  name: "waits",
  help,
  unit,
  labels: { site },
  buckets: [0.5, 1, 5],
});

/** What happens to a series at one of its steps: a value, nothing, or its end. */
type Shape = (step: number) => number | "gap" | "end";

/** Fixed, without a pattern that an hour repeats. */
function noise(step: number, salt: number): number {
  const mixed = Math.imul(step + 1, 2_654_435_761) ^ Math.imul(salt + 7, 40_503);
  return ((Math.imul(mixed ^ (mixed >>> 15), 2_246_822_519) >>> 8) % 1_000) / 10;
}

const grows = (salt: number, resetEvery: number): Shape => {
  return (step) => Math.floor(((step % resetEvery) + 3) * 7 + noise(step, salt) / 20);
};
const wanders =
  (salt: number): Shape =>
  (step) =>
    noise(step, salt) - 30;
const withGaps = (shape: Shape, every: number, length: number): Shape => {
  return (step) => (step % every < length ? "gap" : shape(step));
};
const withEnds = (shape: Shape, every: number, length: number): Shape => {
  return (step) => (step % every === 0 ? "end" : step % every < length ? "gap" : shape(step));
};
const withOddities = (shape: Shape): Shape => {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  return (step) => (step % 37 === 0 ? (odd[(step / 37) % 4] as number) : shape(step));
};

/** The last is by how many milliseconds a scrape may be late. */
const SERIES: readonly (readonly [string, Record<string, string>, Shape, number])[] = [
  ["hits_total", { route: "/a", site: "x" }, grows(1, 97), 0],
  ["hits_total", { route: "/a", site: "y" }, withGaps(grows(2, 140), 50, 9), 900],
  ["hits_total", { route: "/b", site: "x" }, withEnds(grows(3, 61), 90, 30), 0],
  ["hits_total", { route: "/b", site: "y" }, withOddities(grows(4, 200)), 0],
  ["hits_total", { route: 'c"\\$1', site: "z" }, (step) => (step < 100 ? "gap" : 5), 0],
  ["hits_total", { route: "/api", site: "x" }, () => 0, 0],
  ["level", { route: "/a", site: "x" }, wanders(5), 0],
  ["level", { route: "/a", site: "y" }, withGaps(wanders(6), 70, 24), 4_000],
  ["level", { route: "/b", site: "x" }, withOddities(wanders(7)), 0],
  ["level", { route: "/b", site: "y" }, withEnds(wanders(8), 45, 4), 0],
  ["level", { site: "z" }, () => 42, 0],
  ["other", { route: "/a" }, wanders(9), 0],
  ["other", { route: "/b" }, withGaps(wanders(10), 33, 5), 100],
  ...["0.5", "1", "5", "+Inf"].flatMap((le, index) => [
    ["waits_bucket", { le, site: "x" }, grows(11, 120 + index), 0] as const,
    ["waits_bucket", { le, site: "y" }, withGaps((step) => step * index * 3, 60, 12), 0] as const,
  ]),
];

export const SAMPLES: readonly WrittenSeries[] = SERIES.map(([name, labels, shape, jitter], salt) => ({
  name,
  labels,
  samples: Array.from({ length: COUNT }, (_, step) => {
    const at = START + step * STEP + Math.floor((noise(step, salt) / 100) * jitter);
    const value = shape(step);
    return value === "gap" ? [] : [{ at, value: value === "end" ? null : value }];
  }).flat(),
}));

/** Of the scenarios of rules, each series once, beginning at `START`. */
export function samplesOfScenarios(rules: readonly AlertRule[]): WrittenSeries[] {
  const found = new Map<string, WrittenSeries>();
  for (const { scenario } of rules) {
    for (const one of scenario.series) {
      const { metric: name, labels } = one;
      const samples = samplesOf(scenario, one).map(({ at, value }) => ({ at: START + at, value }));
      const key = seriesKey(name, labels);
      if (!found.has(key)) found.set(key, { name, labels, samples });
    }
  }
  return [...found.values()];
}

export function historyOf(written: readonly WrittenSeries[]): History {
  const history = new History({ keepMs: milliseconds("2w") });
  for (const { name, labels, samples } of written) {
    for (const { at, value } of samples) {
      if (value === null) history.end(name, labels, at);
      else history.append(name, labels, at, value);
    }
  }
  return history;
}
