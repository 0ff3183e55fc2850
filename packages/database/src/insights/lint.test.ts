import assert from "node:assert/strict";
import { test } from "node:test";
import { indexOf, keyOf, NOW, snapshotWith, tableOf } from "../../test/fixtures/snapshot.ts";
import { lint } from "./lint.ts";
import type { CatalogueSnapshot, IndexFacts } from "./snapshot.ts";

const GIB = 1024 ** 3;

function told(parts: Partial<CatalogueSnapshot>): string[] {
  return lint(snapshotWith(parts)).map(({ code, severity, object }) => `${severity} ${code} ${object}`);
}

/** What of two indexes is superfluous. */
function superfluous(...indexes: readonly IndexFacts[]): string[] {
  return lint(snapshotWith({ indexes }))
    .map(({ code, object }) => `${code} ${object.replace('"public".', "")}`)
    .toSorted();
}

test("a server on which nothing is to be mended is left in peace", () => {
  assert.deepEqual(told({ tables: [tableOf()], indexes: [indexOf("a", ["x"])] }), []);
});

test("of two equal indexes the one that nothing needs goes, then the one that is read less", () => {
  assert.deepEqual(superfluous(indexOf("a", ["x"]), indexOf("b", ["x"], { needed: true, unique: true })), [
    'index-duplicate "a"',
  ]);
  assert.deepEqual(superfluous(indexOf("a", ["x"], { scans: 1 }), indexOf("b", ["x"], { scans: 9 })), [
    'index-duplicate "a"',
  ]);
  assert.deepEqual(superfluous(indexOf("a", ["x"]), indexOf("b", ["x"]), indexOf("c", ["x"])), [
    'index-duplicate "b"',
    'index-duplicate "c"',
  ]);
});

test("indexes that a constraint needs both stay", () => {
  const needed = { needed: true, unique: true };
  assert.deepEqual(superfluous(indexOf("a", ["x"], needed), indexOf("b", ["x"], needed)), []);
});

test("included columns are no keys", () => {
  const including = (name: string, ...include: string[]): IndexFacts => indexOf(name, ["x"], { include });
  assert.deepEqual(superfluous(including("a", "y"), including("b", "z")), []);
  assert.deepEqual(superfluous(including("a", "y", "z"), including("b", "z", "y")), ['index-duplicate "b"']);
  assert.deepEqual(superfluous(including("a"), including("b", "y")), ['index-covered "a"']);
  assert.deepEqual(superfluous(including("a", "y"), indexOf("b", ["x", "y"])), ['index-covered "a"']);
  assert.deepEqual(superfluous(indexOf("a", ["x", "y"]), including("b", "y")), ['index-covered "b"']);
});

test("an index is covered by one that begins with its keys, in the order they are read", () => {
  const down = (column: string): ReturnType<typeof keyOf> =>
    keyOf(column, { descending: true, nullsFirst: true });
  assert.deepEqual(superfluous(indexOf("a", ["x"]), indexOf("b", ["x", "y"])), ['index-covered "a"']);
  assert.deepEqual(superfluous(indexOf("a", ["y"]), indexOf("b", ["x", "y"])), []);
  assert.deepEqual(superfluous(indexOf("a", [down("x")]), indexOf("b", ["x", "y"])), ['index-covered "a"']);
  assert.deepEqual(superfluous(indexOf("a", ["x", down("y")]), indexOf("b", ["x", "y"])), []);
  assert.deepEqual(superfluous(indexOf("a", [down("x"), down("y")]), indexOf("b", ["x", "y"])), [
    'index-duplicate "b"',
  ]);
  const nullsFirst = keyOf("x", { nullsFirst: true });
  assert.deepEqual(superfluous(indexOf("a", [nullsFirst]), indexOf("b", ["x", "y"])), []);
});

test("what is unique, partial, of another class, collation or method is another index", () => {
  const plain = indexOf("b", ["x", "y"]);
  for (const other of [
    indexOf("a", ["x"], { unique: true }),
    indexOf("a", ["x"], { predicate: "(y > 0)" }),
    indexOf("a", [keyOf("x", { operatorClass: "pg_catalog.text_pattern_ops" })]),
    indexOf("a", [keyOf("x", { collation: '"C"', columnCollation: false })]),
    indexOf("a", ["x"], { method: "brin" }),
    indexOf("a", ["x"], { table: "other" }),
    indexOf("a", ["x"], { schema: "other" }),
    indexOf("a", [keyOf("x", { column: null, sql: "lower(x)" })]),
  ])
    assert.deepEqual(superfluous(other, plain), [], JSON.stringify(other));
  const distinct = indexOf("a", ["x"], { unique: true });
  assert.deepEqual(superfluous(distinct, indexOf("b", ["x"], { unique: true, nullsNotDistinct: true })), []);
});

test("an index is unused only after a month of counting, and never one that something relies on", () => {
  const idle = { scans: 0, lastScan: null };
  const unused = indexOf("a", ["x"], idle);
  assert.deepEqual(told({ indexes: [unused] }), ['notice index-unused "public"."a"']);
  assert.deepEqual(told({ indexes: [unused], statisticsSince: NOW - 29 * 86_400_000 }), []);
  assert.deepEqual(told({ indexes: [unused], statisticsSince: null }), []);
  for (const parts of [{ unique: true }, { needed: true }, { bytes: 1_000 }, { lastScan: NOW }])
    assert.deepEqual(told({ indexes: [indexOf("a", ["x"], { ...idle, ...parts })] }), []);
  const foreignKeys = [{ schema: "public", name: "fk", table: "t", columns: ["x"], referenced: "public.p" }];
  assert.deepEqual(told({ indexes: [unused], foreignKeys }), []);
});

test("an index that is being built is not broken, and a copy that was left is dropped", () => {
  assert.deepEqual(told({ indexes: [indexOf("a", ["x"], { valid: false, building: true })] }), []);
  const [copy, built] = lint(
    snapshotWith({
      indexes: [indexOf("a", ["x"], { valid: false }), indexOf("a_ccnew1", ["x"], { valid: false })],
    }),
  );
  assert.deepEqual(built?.fix, ['REINDEX INDEX CONCURRENTLY "public"."a"']);
  assert.deepEqual(copy?.fix, ['DROP INDEX CONCURRENTLY IF EXISTS "public"."a_ccnew1"']);
});

test("an index of nulls is a candidate for a partial one, and is left to a person", () => {
  const columns = [{ name: "x", type: "integer", width: 4, nullFraction: 0.97 }];
  const [finding] = lint(snapshotWith({ tables: [tableOf({ columns })], indexes: [indexOf("a", ["x"])] }));
  assert.equal(finding?.code, "index-partial-candidate");
  assert.equal(finding?.appliable, false);
  assert.equal(
    finding?.fix[0],
    'CREATE INDEX CONCURRENTLY IF NOT EXISTS "idx_t_x_present" ON public.t USING btree (x) WHERE "x" IS NOT NULL',
  );
});

test("sequences and transaction ids are told of before they run out", () => {
  const sequence = (used: number): Partial<CatalogueSnapshot> => ({
    sequences: [{ schema: "public", name: "s", owner: null, used }],
  });
  assert.deepEqual(told(sequence(0.49)), []);
  assert.deepEqual(told(sequence(0.5)), ['warning sequence-exhaustion "public"."s"']);
  assert.deepEqual(told(sequence(0.9)), ['critical sequence-exhaustion "public"."s"']);
  const aged = (transactionAge: number, multixactAge = 0): string[] =>
    told({ databases: [{ name: "d", here: true, transactionAge, multixactAge }] });
  assert.deepEqual(aged(999_999_999), []);
  assert.deepEqual(aged(1_000_000_000), ['warning transaction-id-age "d"']);
  assert.deepEqual(aged(10, 1_600_000_000), ['critical transaction-id-age "d"']);
  const facts = { transactionAge: 1_000_000_000, multixactAge: 0 };
  const tables = [tableOf({})];
  const mending = ["here", "there", "elsewhere"].map((name) => ({ ...facts, name, here: name === "here" }));
  assert.deepEqual(
    lint(snapshotWith({ tables, databases: mending })).map(({ fix, appliable }) => [fix, appliable]),
    [
      [['\\connect "elsewhere"', "VACUUM (FREEZE)"], false],
      [['VACUUM (FREEZE) "public"."t"'], true],
      [['\\connect "there"', "VACUUM (FREEZE)"], false],
    ],
    "our tables are not what makes another database old",
  );
});

test("autovacuum is behind at twice its threshold, which a table may set for itself", () => {
  const dead = (deadRows: number, options = {}): string[] =>
    told({ tables: [tableOf({ deadRows, options })] });
  assert.deepEqual(dead(400_100), []);
  assert.deepEqual(dead(400_101), ['warning autovacuum-lag "public"."t"']);
  assert.deepEqual(dead(20_101, { autovacuum_vacuum_scale_factor: "0.01" }), [
    'warning autovacuum-lag "public"."t"',
  ]);
  assert.deepEqual(dead(0, { autovacuum_enabled: "off" }), ['warning autovacuum-off "public"."t"']);
  const { settings } = snapshotWith({});
  assert.deepEqual(told({ settings: { ...settings, autovacuum: "off" } }), [
    "critical autovacuum-off autovacuum",
  ]);
  assert.deepEqual(
    told({
      settings: { ...settings, autovacuum_vacuum_max_threshold: 1_000 },
      tables: [tableOf({ deadRows: 2_001 })],
    }),
    ['warning autovacuum-lag "public"."t"'],
  );
  assert.deepEqual(told({ tables: [tableOf({ changedSinceAnalyze: 200_101 })] }), [
    'notice statistics-stale "public"."t"',
  ]);
});

test("memory is judged by the machine, and by nothing where nobody knows it", () => {
  const settings = {
    ...snapshotWith({}).settings,
    max_connections: 200,
    shared_buffers: 128 * 1024 ** 2,
    work_mem: 512 * 1024 ** 2,
  };
  const snapshot = snapshotWith({ settings });
  assert.deepEqual(lint(snapshot), []);
  const machine = { memoryBytes: 8 * GIB, cpus: 4, storage: "ssd" } as const;
  const findings = lint(snapshot, machine);
  assert.deepEqual(
    findings.map(({ code, object, fix }) => `${code} ${object} ${fix[0]}`),
    [
      "memory-overcommitted work_mem ALTER SYSTEM SET work_mem = '50MB'",
      "setting-unfit shared_buffers ALTER SYSTEM SET shared_buffers = '2GB'",
    ],
  );
  const fitting = { ...settings, shared_buffers: 2 * GIB, work_mem: 50 * 1024 ** 2 };
  assert.deepEqual(lint(snapshotWith({ settings: fitting }), machine), []);
});
