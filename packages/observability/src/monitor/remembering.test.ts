import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { History } from "../history/history.ts";
import { counter, gauge } from "../metrics/declare.ts";
import { zscore } from "../rules/bands.ts";
import {
  above,
  counterOf,
  deriv,
  gaugeOf,
  increase,
  overTime,
  rate,
  ratio,
  sumBy,
} from "../rules/builders.ts";
import type { Element } from "../rules/element.ts";
import { evaluate } from "../rules/evaluate.ts";
import { Remembering } from "./remembering.ts";

const help = "For a test.";
const host = { limit: 9 };
const load = gauge({ name: "load", help, unit: "count", labels: { host } });
const hits = counter({ name: "hits_total", help, unit: "count", labels: { host } });
const minutes = { window: "10m", step: "1m" } as const;

const EXPRESSIONS = [
  rate(counterOf(hits), "5m"),
  ratio(
    sumBy([], increase(counterOf(hits, { host: "a" }), "2m")),
    sumBy([], increase(counterOf(hits), "20m")),
  ),
  sumBy([], increase(counterOf(hits), "20m")),
  above(zscore(sumBy([], rate(counterOf(hits), "2m")), { ...minutes, floor: 0.1 }), -9),
  overTime("max", gaugeOf(load), minutes),
  overTime("avg", gaugeOf(load), { window: "3h" }),
  deriv(gaugeOf(load), "10m"),
];

const STEP = 15_000;
const events = fc.array(
  fc.record({
    name: fc.constantFrom("load", "hits_total"),
    host: fc.constantFrom("a", "b", "c"),
    value: fc.oneof(fc.integer({ min: 0, max: 500 }), fc.constantFrom("end" as const, Number.NaN)),
  }),
  { maxLength: 6 },
);

test("tick after tick, what is remembered is what is computed anew", () => {
  fc.assert(
    fc.property(fc.array(events, { minLength: 20, maxLength: 150 }), (ticks) => {
      const history = new History({ keepMs: 1_800_000, maxSeries: 4 });
      const source = new Remembering(history);
      ticks.forEach((written, tick) => {
        const at = tick * STEP * (1 + (tick % 3));
        for (const { name, host: from, value } of written) {
          if (value === "end") history.end(name, { host: from }, at);
          else history.append(name, { host: from }, at, value);
        }
        history.prune(at);
        source.tick(at);
        if (tick % 5 !== 0) return;
        for (const expression of EXPRESSIONS) {
          assert.deepEqual(evaluate(expression, source, at), evaluate(expression, history, at));
        }
      });
    }),
    { numRuns: 40 },
  );
});

test("rules that ask alike are answered once, and a subquery computes only its new steps", () => {
  const history = new History();
  const source = new Remembering(history);
  let computed = 0;
  const compute = (): Element[] => {
    computed += 1;
    return [{ labels: {}, value: 1 }];
  };
  const asWritten = sumBy([], rate(counterOf(hits), "2m"));
  const writtenAgain = sumBy([], rate(counterOf(hits), "2m"));
  for (const at of [60_000, 120_000]) {
    source.tick(at);
    source.value(asWritten, at, compute);
    source.value(writtenAgain, at, compute);
    for (const step of [0, 30_000, 60_000]) source.step(writtenAgain, step, compute);
  }
  // A value for each tick; the first two steps once, and the third when its time had passed as well as before.
  assert.equal(computed, 2 + 2 + 2);
});

test("what rules ask for at every tick outlives the history", () => {
  const history = new History({ keepMs: 10 * 60_000 });
  const source = new Remembering(history);
  const total = overTime("sum", gaugeOf(load), { window: "6h", step: "5m" });
  const end = 10 * 3_600_000;
  let remembered = Number.NaN;
  for (let at = 0; at <= end; at += STEP) {
    history.append("load", { host: "a" }, at, 1);
    source.tick(at);
    remembered = evaluate(total, source, at)[0]?.value ?? Number.NaN;
  }
  assert.equal(remembered, 6 * 12 + 1);
  assert.ok((evaluate(total, history, end)[0]?.value ?? 0) < remembered);
});
