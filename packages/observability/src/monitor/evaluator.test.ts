import assert from "node:assert/strict";
import { test } from "node:test";
import { dictated } from "../../test/dictated.ts";
import type { ScrapedSample } from "../history/exposition.ts";
import { counter, gauge } from "../metrics/declare.ts";
import { above, counterOf, gaugeOf, rate, ratio } from "../rules/builders.ts";
import { Evaluator } from "./evaluator.ts";
import type { Step } from "./messages.ts";

const help = "For a test.";
const load = gauge({ name: "load", help, unit: "count", labels: { host: { limit: 9 } } });
const hits = counter({ name: "hits_total", help, unit: "count", labels: { host: { limit: 9 } } });

function evaluatorOf(steps: readonly Step[], maxSeries = 20_000): Evaluator {
  const scrape = { timeoutMs: 1_000, maxBytes: 1_000 };
  return new Evaluator({
    steps,
    own: { job: "app" },
    targets: [],
    scrape,
    history: { maxSeries },
    directory: null,
  });
}

function samples(name: string, values: readonly number[]): ScrapedSample[] {
  return values.map((value, index) => ({ name, labels: { host: String(index) }, value }));
}

test("a rule that makes too many series fails, is named, and harms no other", async () => {
  const evaluator = evaluatorOf([
    { kind: "record", name: "a:load:copy", expression: above(gaugeOf(load), -1) },
    { kind: "alert", name: "Copied", expression: above(gaugeOf({ ...load, name: "a:load:copy" }), -1) },
    { kind: "alert", name: "First", expression: above(gaugeOf(load, { host: "0" }), -1) },
  ]);
  evaluator.take(dictated(samples("load", new Array(1_200).fill(1))));
  const { results, failed, series } = await evaluator.answer("tick", { at: 1_000 });
  assert.deepEqual(
    failed.map(({ rule, reason }) => [rule, /1200 elements/.test(reason)]),
    [["a:load:copy", true]],
  );
  assert.deepEqual(
    results.map(({ elements }) => elements.length),
    [0, 1],
  );
  assert.equal(series, 1_201);
});

test("what a recording rule does not have any more ends at once", async () => {
  const evaluator = evaluatorOf([
    { kind: "record", name: "a:load:high", expression: above(gaugeOf(load), 5) },
    { kind: "alert", name: "High", expression: above(gaugeOf({ ...load, name: "a:load:high" }), 0) },
  ]);
  const elements: number[] = [];
  for (const [tick, value] of [9, 9, 1, 9].entries()) {
    evaluator.take(dictated(samples("load", [value])));
    const { results } = await evaluator.answer("tick", { at: tick * 15_000 });
    elements.push(results[0]?.elements.length ?? 0);
  }
  assert.deepEqual(elements, [1, 1, 0, 1]);
});

test("a rule that reads what is recorded looks as far back as that: what it does not show at first is not known to be over", async () => {
  const evaluator = evaluatorOf([
    { kind: "record", name: "a:hits:rate30m", expression: rate(counterOf(hits), "30m") },
    { kind: "alert", name: "Busy", expression: above(gaugeOf({ ...load, name: "a:hits:rate30m" }), 5) },
  ]);
  const settled: (boolean | undefined)[] = [];
  for (const minute of [0, 29, 30]) {
    const { results } = await evaluator.answer("tick", { at: minute * 60_000 });
    settled.push(results[0]?.settled);
  }
  assert.deepEqual(settled, [false, false, true]);
});

test("what the history has no room for is counted", async () => {
  const evaluator = evaluatorOf([], 10);
  evaluator.take(dictated(samples("load", new Array(25).fill(1))));
  const { refused, series } = await evaluator.answer("tick", { at: 1_000 });
  assert.equal(series, 10);
  assert.equal(refused, 15);
});

test("no numbers, infinities, resets and divisions by zero fire nothing that is not there", async () => {
  const evaluator = evaluatorOf([
    { kind: "alert", name: "Share", expression: above(ratio(gaugeOf(load), gaugeOf(load)), 0) },
    { kind: "alert", name: "Rate", expression: above(rate(counterOf(hits), "1m"), 1_000) },
  ]);
  const odd = [0, Number.NaN, Number.POSITIVE_INFINITY];
  const counted = [100, 5, 10, 0, 2];
  for (const [tick, value] of counted.entries()) {
    evaluator.take(dictated([...samples("load", odd), ...samples("hits_total", [value])]));
    const { results, failed } = await evaluator.answer("tick", { at: tick * 15_000 });
    assert.deepEqual(failed, []);
    assert.deepEqual(
      results.map(({ elements }) => elements),
      [[], []],
    );
  }
});
