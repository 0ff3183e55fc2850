import assert from "node:assert/strict";
import { test } from "node:test";
import { transactionControl } from "./transaction-control.ts";

test("a statement that begins or ends a transaction is found, however it is written", () => {
  const cases: [string, string][] = [
    ["BEGIN; CREATE TABLE t (x int); COMMIT", "BEGIN"],
    ["CREATE TABLE t (x int);\n-- done\ncommit;", "COMMIT"],
    ["SELECT 1; start\n transaction isolation level serializable", "START TRANSACTION"],
    ["SELECT ';'; /* ; */ ROLLBACK", "ROLLBACK"],
    ["SELECT E'\\';'; abort", "ABORT"],
    ["prepare transaction 'x'", "PREPARE TRANSACTION"],
  ];
  for (const [sql, found] of cases) assert.equal(transactionControl(sql), found, sql);
});

test("the same words inside quotes, comments, bodies and names are let be", () => {
  const harmless = [
    "SELECT 'a; COMMIT'",
    `SELECT 'it''s; COMMIT' AS "x; COMMIT"`,
    "-- x; COMMIT\nSELECT 1",
    "/* ; COMMIT */ SELECT 1",
    "DO $$ BEGIN PERFORM 1; COMMIT; END $$",
    "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN; COMMIT; RETURN 1; END $body$",
    "CREATE FUNCTION g() RETURNS int LANGUAGE SQL BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO SAVEPOINT a",
    "CREATE TABLE commits (x int); INSERT INTO commits VALUES (1)",
    "COMMENT ON TABLE commits IS 'x'",
  ];
  for (const sql of harmless) assert.equal(transactionControl(sql), undefined, sql);
});

test("a long file of openings without ends is read in reasonable time", { timeout: 20_000 }, () => {
  for (const opening of ["'", '"', "/*", "$a$", "--", "E'\\"])
    assert.equal(transactionControl(opening.repeat(20_000)), undefined);
});
