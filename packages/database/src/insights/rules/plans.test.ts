import assert from "node:assert/strict";
import { test } from "node:test";
import { indexOf, snapshotWith, tableOf } from "../../../test/fixtures/snapshot.ts";
import type { PlanNode } from "../plans.ts";
import type { CatalogueSnapshot } from "../snapshot.ts";
import { proposalsFromPlans } from "./plans.ts";

const column = (
  name: string,
  width: number | null,
): CatalogueSnapshot["tables"][number]["columns"][number] => ({
  name,
  type: "integer",
  width,
  nullFraction: 0,
});
const columns = [column("a", 4), column("b", 4), column("c", 4), column("text", null), column('the "x"', 4)];

function proposed(
  node: Partial<PlanNode>,
  { calls = 100, rows = 1_000_000, indexes = [] as CatalogueSnapshot["indexes"] } = {},
): string[] {
  const snapshot = snapshotWith({ tables: [tableOf({ rows, columns })], indexes });
  const inner: PlanNode = {
    "Node Type": "Seq Scan",
    Schema: "public",
    "Relation Name": "t",
    Alias: "t",
    "Plan Rows": 100,
    "Total Cost": 1_000,
    ...node,
  };
  const root: PlanNode = { "Node Type": "Limit", "Plan Rows": 1, "Total Cost": 1_000, Plans: [inner] };
  const statement = {
    id: "1",
    query: "",
    calls,
    totalMs: 1,
    meanMs: 1,
    maxMs: 1,
    rows: 1,
    hitRatio: null,
    own: true,
  };
  return proposalsFromPlans(snapshot, [{ statement, plan: { root, cost: 1_000 } }]).map(
    ({ definition }) => definition,
  );
}

test("an index begins with what is compared for equality, and one range follows", () => {
  assert.deepEqual(proposed({ Filter: "((t.b > $1) AND (t.a = $2) AND (t.c < $3))" }), [
    'CREATE INDEX ON "public"."t" ("a", "b")',
  ]);
  assert.deepEqual(proposed({ Filter: '(t."the ""x""" = $1)' }), [
    'CREATE INDEX ON "public"."t" ("the ""x""")',
  ]);
});

test("no index is proposed for what is rare, small, hardly selective, not of columns, or has one", () => {
  const Filter = "(t.a = $1)";
  assert.deepEqual(proposed({ Filter }, { calls: 9 }), []);
  assert.deepEqual(proposed({ Filter }, { rows: 9_999 }), []);
  assert.deepEqual(proposed({ Filter, "Plan Rows": 50_001 }), []);
  assert.deepEqual(proposed({ Filter: "(t.nowhere = $1)" }), []);
  assert.deepEqual(proposed({ Filter, "Relation Name": "other" }), []);
  assert.deepEqual(proposed({ Filter }, { indexes: [indexOf("i", ["a", "b"])] }), []);
  assert.equal(proposed({ Filter }, { indexes: [indexOf("i", ["b", "a"])] }).length, 1);
  assert.equal(proposed({ Filter }, { indexes: [indexOf("i", ["a"], { predicate: "(b > 0)" })] }).length, 1);
});

test("a covering index takes up a few narrow columns that the statement puts out, and nothing else", () => {
  const scan = { "Node Type": "Index Scan", "Index Name": "i" };
  const indexes = [indexOf("i", ["a"])];
  const covering = (...Output: readonly string[]): string[] => proposed({ ...scan, Output }, { indexes });
  assert.deepEqual(covering("t.a", "t.b", "t.c"), ['CREATE INDEX ON "public"."t" ("a") INCLUDE ("b", "c")']);
  assert.deepEqual(covering("a", "b"), ['CREATE INDEX ON "public"."t" ("a") INCLUDE ("b")']);
  for (const output of [["t.a"], ["t.a", "t.text"], ["t.a", "count(*)"], ["t.a", "u.b"]])
    assert.deepEqual(covering(...output), [], output.join());
  assert.deepEqual(
    proposed({ ...scan, Output: ["t.b"] }, { indexes: [indexOf("i", ["a"], { unique: true })] }),
    [],
  );
  assert.deepEqual(proposed({ ...scan, Output: ["t.b"], Filter: "(t.c = 1)" }, { indexes }), []);
});
