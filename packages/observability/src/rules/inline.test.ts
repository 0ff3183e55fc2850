import assert from "node:assert/strict";
import { test } from "node:test";
import { counter, gauge } from "../metrics/declare.ts";
import {
  above,
  absent,
  arithmetic,
  both,
  counterOf,
  earlier,
  gaugeOf,
  overTime,
  rate,
  withLabel,
} from "./builders.ts";
import { inlined } from "./inline.ts";
import { toPromql } from "./promql.ts";

const help = "For a test.";
const hits = counter({ name: "hits_total", help, unit: "count" });
const step = gauge({ name: "a:hits:rate5m", help, unit: "count" });
const doubled = gauge({ name: "a:hits:twice", help, unit: "count" });
const records = [
  { name: step.name, expression: rate(counterOf(hits), "5m") },
  { name: doubled.name, expression: arithmetic(gaugeOf(step), "*", 2) },
];

test("what is recorded stands in the place of its name, wherever that is, and what it reads as well", () => {
  const window = { window: "1h", step: "5m" } as const;
  const of = (vector: typeof twice) =>
    both(above(overTime("max", vector, window), 1), withLabel(absent(vector), "a", "b"));
  const twice = arithmetic(rate(counterOf(hits), "5m"), "*", 2);
  const read = both(
    above(overTime("max", gaugeOf(doubled), window), 1),
    withLabel(absent(gaugeOf(doubled)), "a", "b"),
  );
  assert.equal(toPromql(inlined(read, records)), toPromql(of(twice)));
  assert.deepEqual(inlined(read, []), read);
});

test("what is read with conditions or of earlier has no such place", () => {
  assert.throws(() => inlined(earlier(gaugeOf(step), "1h"), records), TypeError);
  assert.throws(
    () => inlined({ ...gaugeOf(step), where: [{ label: "a", op: "is", value: "b" }] }, records),
    TypeError,
  );
});
