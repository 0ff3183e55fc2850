import assert from "node:assert/strict";
import { test } from "node:test";
import { gauge } from "../metrics/declare.ts";
import { above, absent, both, combine, either, gaugeOf, ratio } from "./builders.ts";
import type { Vector } from "./expression.ts";
import { missingMetrics } from "./missing.ts";

const of = (name: string): Vector => gaugeOf(gauge({ name, help: "For a test.", unit: "count" }));
const [there, away, gone] = [of("there"), of("away"), of("gone")];

test("an expression can have elements when one way to them has all its metrics", () => {
  const cases: readonly (readonly [Vector, readonly string[]])[] = [
    [above(there, 1), []],
    [above(ratio(there, away), 1), ["away"]],
    [both(there, away), ["away"]],
    [either(away, there), []],
    [either(away, gone, away), ["away", "gone"]],
    [combine(there, "unless", away), []],
    [combine(away, "unless", there), ["away"]],
    [absent(there), []],
    [absent(away), ["away"]],
  ];
  for (const [expression, expected] of cases) {
    assert.deepEqual(
      missingMetrics(expression, (metric) => metric === "there"),
      expected,
    );
  }
});
