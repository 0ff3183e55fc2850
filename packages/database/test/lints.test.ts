import assert from "node:assert/strict";
import { after, test } from "node:test";
import { until } from "@rempart/testing";
import { applyFinding } from "../src/insights/apply.ts";
import type { Finding, FindingCode } from "../src/insights/finding.ts";
import { lint } from "../src/insights/lint.ts";
import { readSnapshot } from "../src/insights/read-snapshot.ts";
import { quoted } from "../src/sql-names.ts";
import { emptyDatabase } from "./fixtures/database.ts";

const place = await emptyDatabase();
const database = place.open();

const HOSTILE = 'a"; DROP TABLE users; --\n été 表\\';

async function found(...codes: FindingCode[]): Promise<Finding[]> {
  return lint(await readSnapshot(database)).filter(({ code }) => codes.includes(code));
}

async function only(code: FindingCode): Promise<Finding> {
  const findings = await found(code);
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return findings[0] as Finding;
}

const apply = (finding: Finding, lockTimeoutMs?: number): ReturnType<typeof applyFinding> =>
  applyFinding(database, finding, {
    recheck: () => found(finding.code),
    ...(lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
  });

async function undo(finding: Finding): Promise<void> {
  for (const statement of finding.undo) await database.query(statement);
}

test("a foreign key without an index is found, mended and brought back, whatever the names are", async () => {
  const [table, column] = [quoted(HOSTILE), quoted(`id ${HOSTILE}`.slice(0, 20))];
  await database.query(
    `CREATE TABLE people (id int PRIMARY KEY); CREATE TABLE ${table} (${column} int REFERENCES people)`,
  );
  const finding = await only("foreign-key-without-index");
  assert.ok(finding.object.endsWith(`.${table}`));
  assert.deepEqual(await apply(finding), { state: "done" });
  assert.deepEqual(await found("foreign-key-without-index"), []);
  assert.deepEqual(await apply(finding), { state: "gone" });
  await undo(finding);
  await only("foreign-key-without-index");
  await database.query(`DROP TABLE ${table}; DROP TABLE people`);
});

test("a statement that changed nothing is not taken for done", async () => {
  await database.query(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p, b int);
    CREATE INDEX idx_c_a ON c (b)`);
  assert.deepEqual(await apply(await only("foreign-key-without-index")), { state: "remains" });
  await database.query("DROP TABLE c, p");
});

test("columns that are only included support no foreign key, and those without nulls are enough", async () => {
  await database.query(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p, b int REFERENCES p);
    CREATE INDEX c_a ON c (a) INCLUDE (b); CREATE INDEX c_b_some ON c (b) WHERE a > 0`);
  assert.match((await only("foreign-key-without-index")).explanation, /on "b"/);
  await database.query("CREATE INDEX c_b ON c (b) WHERE b IS NOT NULL");
  assert.deepEqual(await found("foreign-key-without-index"), []);
  await database.query("DROP TABLE c, p");
});

test("a key that refers to a table in parts is told once, as it was declared", async () => {
  await database.query(`CREATE TABLE p (id int, at int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (9); CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (9) TO (99);
    CREATE TABLE c (a int, b int, CONSTRAINT declared FOREIGN KEY (a, b) REFERENCES p)`);
  assert.match((await only("foreign-key-without-index")).explanation, /^"declared" refers to public\.p /);
  await database.query("DROP TABLE c, p");
});

test("the index by which a table is clustered stays, and its equal goes", async () => {
  await database.query(`CREATE TABLE t (a int); CREATE INDEX t_a ON t (a); CREATE INDEX t_clustered ON t (a);
    ALTER TABLE t CLUSTER ON t_clustered`);
  const finding = await only("index-duplicate");
  assert.match(finding.object, /"t_a"$/);
  assert.deepEqual(await apply(finding), { state: "done" });
  await database.query("CLUSTER t; DROP TABLE t");
});

test("equal indexes are told from those that only look equal", async () => {
  await database.query(`CREATE TABLE t (a int, b int, c int, d text);
    CREATE INDEX t_a ON t (a); CREATE INDEX t_a_again ON t (a);
    CREATE INDEX t_b ON t (b) INCLUDE (a); CREATE INDEX t_b_other ON t (b) INCLUDE (c);
    CREATE INDEX t_c ON t (c); CREATE INDEX t_c_some ON t (c) WHERE c > 0;
    CREATE INDEX t_d ON t (d); CREATE INDEX t_d_pattern ON t (d text_pattern_ops); CREATE INDEX t_d_c ON t (d COLLATE "C");
    CREATE UNIQUE INDEX t_dc_u ON t (d, c); CREATE INDEX t_cb ON t (c DESC, b)`);
  const finding = await only("index-duplicate");
  assert.equal(finding.object, '"public"."t_a_again"');
  // t (d, c) begins with d as the column compares it, and orders c another way round than t (c DESC, b) begins.
  assert.deepEqual((await found("index-covered")).map(({ object }) => object).toSorted(), [
    '"public"."t_c"',
    '"public"."t_d"',
  ]);
  assert.deepEqual(await apply(finding), { state: "done" });
  assert.deepEqual(await found("index-duplicate"), []);
  await undo(finding);
  await only("index-duplicate");
  await database.query("DROP TABLE t");
});

test("the statements for a partial index are those of the whole one, and take it back", async () => {
  await database.query(`CREATE TABLE m (a text);
    INSERT INTO m SELECT CASE WHEN i % 50 = 0 THEN md5(i::text) END FROM generate_series(1, 300000) i`);
  await database.query(
    'CREATE INDEX "a"" ON b" ON m (a text_pattern_ops DESC) WITH (fillfactor = 30, deduplicate_items = off)',
  );
  await database.query("ANALYZE m");
  const finding = await only("index-partial-candidate");
  const definitions = (): Promise<object[]> =>
    database.query("SELECT indexdef FROM pg_indexes WHERE tablename = 'm' ORDER BY indexname");
  const before = await definitions();
  for (const statement of finding.fix) await database.query(statement);
  const [made, ...more] = await definitions();
  assert.match(JSON.stringify(made), /text_pattern_ops DESC.*fillfactor.*WHERE \(a IS NOT NULL\)/);
  assert.deepEqual(more, []);
  await undo(finding);
  assert.deepEqual(await definitions(), before);
  await database.query("DROP TABLE m");
});

test("an index whose build failed is found and built again, and a failed build of ours is cleared away", async () => {
  await database.query("CREATE TABLE v (a int); INSERT INTO v VALUES (1), (1)");
  await assert.rejects(database.query("CREATE UNIQUE INDEX CONCURRENTLY v_a ON v (a)"));
  const finding = await only("index-invalid");
  await assert.rejects(apply(finding), { code: "unique-violation" });
  await database.query("TRUNCATE v");
  assert.deepEqual(await apply(finding), { state: "done" });
  assert.deepEqual(await found("index-invalid"), []);
  await database.query("DROP TABLE v");
});

const CLEARING =
  "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'DROP INDEX%' AND wait_event_type = 'Lock'";

test("a build that waits for a lock gives up in time and leaves nothing", async () => {
  await database.query("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (a int REFERENCES p)");
  const finding = await only("foreign-key-without-index");
  const holder = place.open({ poolSize: 1 });
  after(() => holder.close());
  let refused: Promise<void> | undefined;
  await holder.transaction(async (tx) => {
    await tx.query("INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)");
    refused = assert.rejects(apply(finding, 50), { code: "timeout" });
    await until(async () => (await database.query(CLEARING)).length > 0);
  });
  await refused;
  const left = await database.query("SELECT 1 FROM pg_index WHERE indrelid = 'c'::regclass");
  assert.deepEqual(left, []);
  assert.deepEqual(await apply(finding), { state: "done" });
  await database.query("DROP TABLE c, p");
});

test("sequences, autovacuum and dead rows are read from a real server", async () => {
  await database.query(`CREATE TABLE n (id int GENERATED ALWAYS AS IDENTITY, x int) WITH (autovacuum_enabled = false);
    ALTER SEQUENCE n_id_seq AS bigint; SELECT setval('n_id_seq', 1900000000);
    CREATE TABLE dead (x int) WITH (autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0);
    CREATE SEQUENCE unused`);
  const sequence = await only("sequence-exhaustion");
  assert.equal(sequence.severity, "critical");
  assert.match(sequence.fix.join(), /ALTER TABLE "public"\."n" ALTER COLUMN "id" TYPE bigint/);
  assert.deepEqual(await apply(sequence), { state: "refused" });
  const off = await only("autovacuum-off");
  assert.deepEqual(await apply(off), { state: "done" });
  assert.deepEqual(await found("autovacuum-off"), []);
  await database.session(async (session) => {
    await session.query("INSERT INTO dead SELECT generate_series(1, 100)");
    await session.query("DELETE FROM dead");
    await session.query("SELECT pg_stat_force_next_flush()");
    await session.query("SELECT 1");
  });
  const lag = (await found("autovacuum-lag")).find(({ object }) => object === '"public"."dead"');
  assert.match(lag?.explanation ?? "", /^100 dead rows wait/);
  await apply(lag as Finding);
  assert.deepEqual(
    (await found("autovacuum-lag")).filter(({ object }) => object === '"public"."dead"'),
    [],
  );
  await database.query("DROP TABLE n, dead; DROP SEQUENCE unused");
});

test("a column of numbers that run out is widened as it is told, an identity too", async () => {
  await database.query(`CREATE TABLE few (a smallserial, b smallint GENERATED ALWAYS AS IDENTITY);
    SELECT setval('few_a_seq', 30000), setval('few_b_seq', 30000)`);
  const findings = await found("sequence-exhaustion");
  assert.equal(findings.length, 2);
  for (const { fix } of findings) for (const statement of fix) await database.query(statement);
  assert.deepEqual(await found("sequence-exhaustion"), []);
  await database.query("DROP TABLE few");
});
