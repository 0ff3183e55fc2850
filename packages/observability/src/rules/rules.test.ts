import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { History } from "../history/history.ts";
import { counter, gauge, histogram } from "../metrics/declare.ts";
import { mad, zscore } from "./bands.ts";
import {
  above,
  arithmetic,
  combine,
  counterOf,
  earlier,
  gaugeOf,
  observationsUpTo,
  overTime,
  quantileBy,
  rate,
  withLabel,
} from "./builders.ts";
import { type Duration, durationText, milliseconds } from "./duration.ts";
import { evaluate } from "./evaluate.ts";
import { toPromql } from "./promql.ts";

const MINUTE = 60_000;
const help = "For a test.";
const load = gauge({ name: "load", help, unit: "count", labels: { host: { limit: 9 } } });
const hits = counter({ name: "hits_total", help, unit: "count", labels: { route: { limit: 9 } } });
const waits = histogram({ name: "waits", help, unit: "count", buckets: [0.5, 1] });

test("a rate counts what was lost to a restart and says nothing of a single sample", () => {
  const history = new History();
  [0, 60, 120, 30, 90].forEach((value, minute) => {
    history.append("hits_total", { route: "/" }, minute * MINUTE, value);
  });
  assert.deepEqual(evaluate(rate(counterOf(hits), "4m"), history, 4 * MINUTE), [
    { labels: { route: "/" }, value: 210 / 240 },
  ]);
  assert.deepEqual(evaluate(rate(counterOf(hits), "4m"), history, 0), []);
});

test("nothing over nothing crosses no threshold", () => {
  const history = new History();
  history.append("load", {}, 0, 0);
  const undefinedRatio = arithmetic(gaugeOf(load), "/", gaugeOf(load));
  assert.deepEqual(evaluate(undefinedRatio, history, 0), [{ labels: {}, value: Number.NaN }]);
  assert.deepEqual(evaluate(above(undefinedRatio, -1), history, 0), []);
});

test("a constant series is not far from itself, and its first move is measured by the floor", () => {
  const history = new History();
  for (let minute = 0; minute < 60; minute++) history.append("load", {}, minute * MINUTE, 5);
  const score = zscore(gaugeOf(load), { window: "30m", step: "1m", floor: 0.5 });
  assert.equal(evaluate(score, history, 59 * MINUTE)[0]?.value, 0);
  history.append("load", {}, 60 * MINUTE, 15);
  assert.ok((evaluate(score, history, 60 * MINUTE)[0]?.value ?? 0) > 3);
});

test("the hour of the week is compared with the same hour of the weeks before", () => {
  const WEEK = milliseconds("1w");
  const history = new History({ keepMs: 5 * WEEK });
  const busy = (at: number): boolean => at % WEEK < 2 * 60 * MINUTE;
  for (let at = 0; at <= 4 * WEEK + 30 * MINUTE; at += 5 * MINUTE) {
    history.append("load", { host: "a" }, at, (busy(at) ? 100 : 10) + (at / WEEK) * 0.5);
  }
  const score = mad(gaugeOf(load), { by: ["host"], step: "5m", floor: 1 });
  const at = 4 * WEEK + 60 * MINUTE;
  for (let late = 35; late <= 60; late += 5)
    history.append("load", { host: "a" }, 4 * WEEK + late * MINUTE, 102);
  assert.ok(Math.abs(evaluate(score, history, at)[0]?.value ?? 99) < 3, "a busy hour is usual at this time");
  const quiet = at + 3 * 60 * MINUTE;
  for (let late = 65; late <= 240; late += 5)
    history.append("load", { host: "a" }, 4 * WEEK + late * MINUTE, 102);
  assert.ok((evaluate(score, history, quiet)[0]?.value ?? 0) > 10, "and unusual three hours later");
});

test("a series counts as gone five minutes after its last sample", () => {
  const history = new History();
  history.append("load", {}, 0, 1);
  assert.equal(evaluate(gaugeOf(load), history, 5 * MINUTE).length, 1);
  assert.equal(evaluate(gaugeOf(load), history, 5 * MINUTE + 1).length, 0);
});

test("two partners for one element are an error, not a guess", () => {
  const history = new History();
  for (const host of ["a", "b"]) history.append("load", { host }, 0, 1);
  const matched = arithmetic(gaugeOf(load), "+", gaugeOf(load), { on: [] });
  const joined = withLabel(gaugeOf(load), "host", "c");
  for (const expression of [matched, joined]) {
    assert.throws(
      () => evaluate(expression, history, 0),
      (error) => hasCode(error, "ambiguous-match"),
    );
  }
});

test("what stands in for another within a while, and is the same without its name, is an error as in Prometheus", () => {
  const history = new History();
  for (let at = 0; at <= 2 * MINUTE; at += 15_000) {
    history.append("load", {}, at, 1);
    if (at >= MINUTE) history.append("hits_total", {}, at, at);
  }
  const either = combine(rate(counterOf(hits), "1m"), "or", gaugeOf(load));
  const mean = overTime("avg", either, { window: "2m", step: "30s" });
  assert.throws(
    () => evaluate(mean, history, 2 * MINUTE),
    (error) => hasCode(error, "ambiguous-match"),
  );
  assert.equal(evaluate(mean, history, MINUTE).length, 1);
});

test("PromQL is written without precedence or unescaped text", () => {
  const strange = gaugeOf(load, { host: { startsWith: 'a.b"\n' } });
  assert.equal(toPromql(strange), String.raw`load{host=~"a\\.b\"\n(?s:.*)"}`);
  assert.equal(
    toPromql(
      above(arithmetic(earlier(rate(counterOf(hits), "90s"), "1w"), "*", -1), Number.POSITIVE_INFINITY),
    ),
    "((rate(hits_total[90s] offset 1w)) * -1) > +Inf",
  );
});

test("durations are whole numbers of a unit", () => {
  for (const text of ["30s", "5m", "36h", "3d", "1w"] as const)
    assert.equal(durationText(milliseconds(text)), text);
  for (const text of ["0s", "1.5h", "-1m", "1e3s"] as const)
    assert.throws(() => milliseconds(text), TypeError);
  assert.throws(() => milliseconds("5 m" as Duration), TypeError);
});

test("what makes no sense cannot be built", () => {
  assert.throws(() => overTime("avg", rate(counterOf(hits), "5m"), { window: "1h" }), TypeError);
  assert.throws(() => quantileBy(1.5, [], gaugeOf(load)), TypeError);
  assert.throws(() => observationsUpTo(waits, 0.7), TypeError);
  assert.throws(() => mad(gaugeOf(load), { by: [], periods: 1, floor: 1 }), TypeError);
  assert.throws(() => withLabel(gaugeOf(load), "a b", "x"), TypeError);
  // @ts-expect-error a counter's value by itself says when its process started, no more.
  above(counterOf(hits), 1);
  // @ts-expect-error a gauge goes down, and a rate would take that for a restart.
  rate(gaugeOf(load), "5m");
  // @ts-expect-error the metric has no such label.
  gaugeOf(load, { rout: "/" });
});
