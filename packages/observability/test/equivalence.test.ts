import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { requireService } from "@rempart/testing";
import fc from "fast-check";
import { History } from "../src/history/history.ts";
import {
  above,
  abs,
  absent,
  arithmetic,
  atLeast,
  avgBy,
  both,
  changes,
  combine,
  compare,
  countBy,
  counterOf,
  delta,
  deriv,
  type Expression,
  earlier,
  either,
  evaluate,
  gaugeOf,
  increase,
  mad,
  maxBy,
  minBy,
  observationsUpTo,
  overTime,
  PROMETHEUS_WATCH,
  quantile,
  quantileBy,
  rate,
  ratio,
  resets,
  SHIPPED_GROUPS,
  secondsSince,
  secondsUntil,
  sumBy,
  toPromql,
  type Vector,
  withLabel,
  zscore,
} from "../src/index.ts";
import { LongSteps } from "../src/monitor/long-steps.ts";
import { Remembering } from "../src/monitor/remembering.ts";
import { milliseconds } from "../src/rules/duration.ts";
import { type Element, signature } from "../src/rules/element.ts";
import { inlined } from "../src/rules/inline.ts";
import type { Source } from "../src/rules/select.ts";
import { startPrometheus, type TestPrometheus } from "./prometheus.ts";
import {
  END,
  historyOf,
  hits,
  level,
  missing,
  other,
  SAMPLES,
  START,
  samplesOfScenarios,
  waits,
} from "./samples.ts";

const { skip } = await requireService("prometheus");
const RULES = [...SHIPPED_GROUPS, PROMETHEUS_WATCH].flatMap(({ rules }) => rules);
const WRITTEN = [...SAMPLES, ...samplesOfScenarios(RULES)];
const history = historyOf(WRITTEN);
let prometheus: TestPrometheus;

before(async () => {
  if (skip !== false) return;
  prometheus = await startPrometheus();
  await prometheus.write(WRITTEN);
});

after(async () => {
  if (skip === false) await prometheus[Symbol.asyncDispose]();
});

const NEAR = 1e-9;

async function sameAnswer(expression: Expression, at: number, source: Source = history): Promise<number> {
  const promql = toPromql(expression);
  const theirs = await prometheus.query(promql, at);
  const ours = evaluateOrNull(expression, at, source);
  const told = `${promql} at ${at}: ${JSON.stringify(ours)} is not ${JSON.stringify(theirs)}`;
  assert.equal(ours === null, theirs === null, told);
  const expected = byLabels(theirs ?? []);
  const found = byLabels(ours ?? []);
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort(), told);
  for (const [key, value] of expected) assert.ok(isNear(found.get(key) as number, value), told);
  return expected.size;
}

function evaluateOrNull(expression: Expression, at: number, source: Source): Element[] | null {
  try {
    return evaluate(expression, source, at);
  } catch (error) {
    if (hasCode(error, "ambiguous-match")) return null;
    throw error;
  }
}

function byLabels(elements: readonly Element[]): Map<string, number> {
  return new Map(elements.map(({ labels, value }) => [signature(labels, null, true), value]));
}

function isNear(a: number, b: number): boolean {
  return Object.is(a, b) || a === b || Math.abs(a - b) <= NEAR * Math.max(1, Math.abs(a), Math.abs(b));
}

const levels = gaugeOf(level);
const minutes = { window: "20m", step: "30s" } as const;
const byRoute = (of: Vector): Vector => sumBy(["route"], of);

/** One of each at least. */
const OPERATORS: Readonly<Record<string, Expression>> = {
  select: levels,
  "select a counter": counterOf(hits),
  "a label is": gaugeOf(level, { site: "x" }),
  "a label is with quotes": counterOf(hits, { route: 'c"\\$1' }),
  "a label is not": gaugeOf(level, { route: { not: "/a" } }),
  "a label is not there": gaugeOf(level, { route: "" }),
  "a label starts with": counterOf(hits, { route: { startsWith: "/a" } }),
  "a label is one of": counterOf(hits, { route: { oneOf: ['c"\\$1', "/b"] } }),
  "a label is none of": gaugeOf(level, { route: { noneOf: ["/b", ""] } }),
  earlier: earlier(levels, "7m"),
  rate: rate(counterOf(hits), "5m"),
  "rate, earlier": earlier(rate(counterOf(hits), "2m"), "10m"),
  increase: increase(counterOf(hits), "10m"),
  resets: resets(counterOf(hits), "1h"),
  changes: changes(levels, "10m"),
  delta: delta(levels, "10m"),
  deriv: deriv(levels, "10m"),
  "average over time": overTime("avg", levels, { window: "10m" }),
  "least over time": overTime("min", levels, { window: "10m" }),
  "most over time": overTime("max", levels, { window: "10m" }),
  "sum over time": overTime("sum", levels, { window: "10m" }),
  "count over time": overTime("count", levels, { window: "10m" }),
  "deviation over time": overTime("stddev", levels, { window: "10m" }),
  "a subquery": overTime("max", rate(counterOf(hits), "1m"), { window: "15m", step: "1m" }),
  "a subquery, earlier": earlier(overTime("avg", levels, minutes), "13m"),
  sum: byRoute(levels),
  "sum of all": sumBy([], levels),
  average: avgBy(["site"], levels),
  most: maxBy(["route"], levels),
  least: minBy(["route"], levels),
  count: countBy(["site"], levels),
  "quantile by": quantileBy(0.3, ["route"], levels),
  "quantile of a histogram": quantile(0.9, waits, { window: "5m", by: ["site"] }),
  "quantile of all": quantile(0.5, waits, { window: "2m" }),
  "up to a bound": rate(observationsUpTo(waits, 1), "5m"),
  plus: arithmetic(levels, "+", levels),
  minus: arithmetic(levels, "-", 3),
  times: arithmetic(levels, "*", -2.5),
  "divided by zero": ratio(levels, 0),
  ratio: ratio(byRoute(rate(counterOf(hits, { site: "x" }), "5m")), byRoute(rate(counterOf(hits), "5m"))),
  "many to one": arithmetic(levels, "-", gaugeOf(other), { on: ["route"], manyLeft: true }),
  "one to one by a label": arithmetic(gaugeOf(level, { site: "x" }), "+", gaugeOf(other), { on: ["route"] }),
  ambiguous: arithmetic(levels, "-", levels, { on: ["route"] }),
  "ambiguous on the left": arithmetic(levels, "-", gaugeOf(other), { on: ["route"] }),
  above: above(levels, 10),
  "not equal": compare(levels, "!=", 42),
  equal: compare(levels, "==", 42),
  "at most": compare(levels, "<=", earlier(levels, "5m")),
  "at least by a label": compare(gaugeOf(level, { site: "y" }), ">=", gaugeOf(other), { on: ["route"] }),
  and: both(levels, above(levels, 0)),
  "and by a label": combine(levels, "and", gaugeOf(other), ["route"]),
  or: either(above(levels, 20), gaugeOf(other)),
  unless: combine(levels, "unless", above(levels, 0)),
  absent: absent(gaugeOf(missing, { site: "x" })),
  "not absent": absent(levels),
  "absent altogether": absent(above(levels, 1_000)),
  label: withLabel(levels, "season", "$1 \\ x"),
  "a label that makes two the same": withLabel(levels, "site", "x"),
  abs: abs(levels),
  "at least": atLeast(levels, 5),
  until: secondsUntil(levels),
  since: overTime("max", secondsSince(levels), minutes),
  zscore: zscore(levels, { ...minutes, floor: 0.1 }),
  mad: mad(byRoute(levels), {
    by: ["route"],
    window: "5m",
    step: "30s",
    period: "15m",
    periods: 3,
    floor: 0.5,
    share: 0.1,
  }),
};

/** On a scrape, between two, before the first, and after the last. */
const TIMES = [
  START + 1_800_000,
  START + 2_345_678,
  START + 4_000_000,
  START + 10_000,
  END + 290_000,
  END + 400_000,
];

test("each operator has the answer that Prometheus has", { skip }, async () => {
  for (const [name, expression] of Object.entries(OPERATORS)) {
    const sizes: number[] = [];
    for (const at of TIMES) sizes.push(await sameAnswer(expression, at));
    const saysSomething = sizes.some((size) => size > 0);
    assert.ok(
      saysSomething || /^(ambiguous|not absent|a label that makes)/.test(name),
      `${name} says nothing`,
    );
  }
});

test("each shipped rule and record has the answer that Prometheus has, when it fires and long after", {
  skip,
}, async () => {
  const silent: string[] = [];
  for (const { name, expression: read, reads = [], scenario } of RULES) {
    // Nobody records here.
    const expression = inlined(read, reads);
    const size = await sameAnswer(expression, START + milliseconds(scenario.firesAt));
    if (size === 0) silent.push(name);
    await sameAnswer(expression, START + milliseconds("36h"));
  }
  // Where scenarios contradict one another, the first of them was written: promtool takes each alone.
  assert.ok(silent.length < RULES.length / 2, silent.join());
  const records = SHIPPED_GROUPS.flatMap((group) => group.records ?? []);
  for (const { expression } of records) {
    for (const after of ["15m", "35m", "3h"] as const)
      await sameAnswer(inlined(expression, records), START + milliseconds(after));
  }
});

const season = { window: "5m", step: "30s", period: "15m", periods: 4, floor: 0.5 } as const;
const WITH_STEPS: readonly Vector[] = [
  mad(byRoute(levels), { ...season, by: ["route"] }),
  mad(byRoute(rate(counterOf(hits), "2m")), { ...season, by: ["route"] }),
  overTime("sum", sumBy([], increase(counterOf(hits), "5m")), { window: "1h", step: "5m" }),
  overTime("stddev", levels, { window: "1h", step: "1m" }),
  earlier(
    overTime("max", quantile(0.9, waits, { window: "5m", by: ["site"] }), { window: "20m", step: "1m" }),
    "30m",
  ),
];

test("what was kept of steps, without any sample, has the answer that Prometheus has", { skip }, async () => {
  const growing = new History();
  const long = new LongSteps(WITH_STEPS, milliseconds("10m"));
  const source = new Remembering(growing, long);
  const written = SAMPLES.flatMap(({ samples, ...series }) =>
    samples.map((sample) => ({ ...series, ...sample })),
  );
  written.sort((one, other) => one.at - other.at);
  const end = END + 1;
  for (let at = START, next = 0; at <= end; at = at === END ? end : at + 15_000) {
    for (let one = written[next]; one !== undefined && one.at <= at; one = written[++next]) {
      if (one.value === null) growing.end(one.name, one.labels, one.at);
      else growing.append(one.name, one.labels, one.at, one.value);
    }
    source.tick(at);
    long.advance(source, at);
  }
  const withoutSamples = new Remembering(new History(), long);
  for (const expression of WITH_STEPS) assert.ok((await sameAnswer(expression, end, withoutSamples)) > 0);
});

const windows = fc.constantFrom("1m", "5m", "12m", "30m") as fc.Arbitrary<"1m">;
const steps = fc.constantFrom("30s", "1m", "3m") as fc.Arbitrary<"1m">;
const groupings = fc.subarray(["route", "site"] as const);
const thresholds = fc.constantFrom(-12.25, 0, 7.125, 42, Number.POSITIVE_INFINITY);

const { vector } = fc.letrec<{ vector: Vector; leaf: Vector; operand: Vector | number }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<Vector>(levels, gaugeOf(other), gaugeOf(level, { site: "x" }), gaugeOf(missing)),
    windows.map((window) => rate(counterOf(hits), window)),
    windows.map((window) => increase(counterOf(hits, { route: { startsWith: "/" } }), window)),
    windows.map((window) => earlier(delta(levels, window), "5m")),
    windows.map((window) => quantile(0.75, waits, { window, by: ["site"] })),
  ),
  operand: fc.oneof(thresholds, tie("vector")),
  vector: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie("leaf"),
    fc
      .tuple(fc.constantFrom(sumBy, avgBy, maxBy, minBy, countBy), groupings, tie("vector"))
      .map(([by, labels, of]) => by(labels, of)),
    fc
      .tuple(fc.constantFrom("+", "-", "*", "/"), tie("vector"), tie("operand"))
      .map(([op, left, right]) => arithmetic(left, op, right)),
    fc
      .tuple(fc.constantFrom("<", ">", "<=", ">=", "!="), tie("leaf"), thresholds)
      .map(([op, left, right]) => compare(left, op, right)),
    fc
      .tuple(fc.constantFrom("and", "or", "unless"), tie("vector"), tie("vector"), fc.option(groupings))
      .map(([op, left, right, on]) => combine(left, op, right, on)),
    fc
      .tuple(fc.constantFrom("avg", "min", "max", "sum", "count"), tie("vector"), windows, steps)
      .map(([name, of, window, step]) => overTime(name, of, { window, step })),
    fc.tuple(fc.constantFrom(abs, absent), tie("vector")).map(([make, of]) => make(of)),
  ),
}));

test("whatever is built of them has the answer that Prometheus has", { skip }, async () => {
  const times = fc.integer({ min: START - 60_000, max: END + 360_000 });
  await fc.assert(
    fc.asyncProperty(vector, times, async (expression, at) => {
      await sameAnswer(expression, at);
    }),
    { numRuns: 300 },
  );
});
