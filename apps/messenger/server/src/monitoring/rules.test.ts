import assert from "node:assert/strict";
import { test } from "node:test";
import { type RuleGroup, SHIPPED_GROUPS } from "@rempart/observability";
import { rulesFor } from "./rules.ts";

const namesOf = (groups: readonly RuleGroup[]): string[] =>
  groups.flatMap(({ rules }) => rules.map(({ name }) => name));

test("a rule about what nobody counts is left out, with what it misses", () => {
  const { groups, leftOut } = rulesFor(SHIPPED_GROUPS, (metric) => !metric.startsWith("redis_"));
  const all = namesOf(SHIPPED_GROUPS);
  const left = leftOut.map(({ rule }) => rule);
  assert.ok(left.includes("RedisDown") && !left.includes("DatabaseDown"));
  assert.deepEqual(leftOut.find(({ rule }) => rule === "RedisDown")?.missing, ["redis_up"]);
  assert.deepEqual(
    namesOf(groups),
    all.filter((name) => !left.includes(name)),
  );
});

test("where everything is counted nothing is left out; parts of histograms and what is recorded count too", () => {
  const bases = (metric: string): boolean => !/_(bucket|count|sum)$/.test(metric) && !metric.includes(":");
  assert.deepEqual(rulesFor(SHIPPED_GROUPS, bases).leftOut, []);
});
