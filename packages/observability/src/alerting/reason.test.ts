import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../history/history.ts";
import { gauge } from "../metrics/declare.ts";
import { explain } from "../monitor/explain.ts";
import { below, gaugeOf, ratio } from "../rules/builders.ts";
import { reasonText } from "./reason.ts";

const size = gauge({ name: "size", help: "For a test.", unit: "count", labels: { disk: { limit: 2 } } });
const left = gauge({ name: "left", help: "For a test.", unit: "count", labels: { disk: { limit: 2 } } });
const expression = below(ratio(gaugeOf(left), gaugeOf(size)), 0.1);

test("a reason shows each part of the rule with its value and its samples", () => {
  const history = new History();
  history.append("left", { disk: "/" }, 60_000, 5);
  history.append("size", { disk: "/" }, 60_000, 100);
  assert.equal(
    reasonText(explain(expression, history, 61_000)),
    [
      "((left) / (size)) < 0.1",
      '  {"disk":"/"} = 0.05',
      "  (left) / (size)",
      '    {"disk":"/"} = 0.05',
      "    left",
      '      {"__name__":"left","disk":"/"} = 5',
      '      {"disk":"/"}: 5 at 00:01:00',
      "    size",
      '      {"__name__":"size","disk":"/"} = 100',
      '      {"disk":"/"}: 100 at 00:01:00',
    ].join("\n"),
  );
  assert.match(reasonText(explain(expression, new History(), 61_000)), /^.*\n {2}nothing\n/);
});

test("labels that are hostile make no lines, and a long reason is cut", () => {
  const explanation = (count: number) => ({
    promql: "up",
    elements: Array.from({ length: count }, () => ({ labels: { a: "x\ny\0\ud800" }, value: Number.NaN })),
    omitted: 1,
    error: null,
    samples: [],
    parts: [],
  });
  assert.equal(reasonText(explanation(2)).split("\n").length, 4);
  assert.ok(reasonText(explanation(2)).isWellFormed());
  assert.ok(reasonText(explanation(5_000)).length <= 20_000);
});
