import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  createDatabase,
  DatabaseError,
  isForeignKeyViolation,
  isTransient,
  isUniqueViolation,
} from "@rempart/database";
import { until } from "@rempart/testing";
import fc from "fast-check";
import { emptyDatabase } from "./fixtures/database.ts";

const { url, open } = await emptyDatabase();
const database = open();
await database.query(
  `CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE CHECK (email <> ''), boss int REFERENCES people)`,
);

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof DatabaseError, String(error));
  assert.equal(error.code, expected);
  return true;
};

test("a tracer is told of each statement and how it ended, in the caller's own turn, and of no value", async () => {
  const told: string[] = [];
  const traced = open({
    trace(text, name) {
      told.push(`${name ?? "-"} ${text}`);
      return (error) => told.push(error === undefined ? "done" : (error as DatabaseError).code);
    },
  });
  await traced.query("SELECT $1::text", ["hunter2"], { name: "echo" });
  await assert.rejects(traced.transaction((tx) => tx.query("SELECT 1/0")));
  assert.deepEqual(told, [
    "echo SELECT $1::text",
    "done",
    "- BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE",
    "done",
    "- SELECT 1/0",
    "invalid-value",
    "- ROLLBACK",
    "done",
  ]);
});

test("columns arrive as the values they are", async () => {
  const [row] =
    await database.query(`SELECT 9007199254740991::int8 AS big, '{1,null,{}}'::text AS plain, '{{1,2},{3,null}}'::int8[] AS nested,
    '2026-01-02T03:04:05.678Z'::timestamptz AS at, '\\xdeadbeef'::bytea AS bytes, '{"a":[1]}'::jsonb AS json,
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS id, 12.50::numeric AS exact, true AS yes, NULL AS nothing`);
  assert.deepEqual(row, {
    big: 9_007_199_254_740_991,
    plain: "{1,null,{}}",
    nested: [
      [1, 2],
      [3, null],
    ],
    at: new Date("2026-01-02T03:04:05.678Z"),
    bytes: Buffer.from("deadbeef", "hex"),
    json: { a: [1] },
    id: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    exact: "12.50",
    yes: true,
    nothing: null,
  });
});

test("an integer that a number cannot hold is refused, and the connection lives on", async () => {
  for (const text of ["9007199254740992", "-9223372036854775808"]) {
    await assert.rejects(database.query(`SELECT '${text}'::int8`), code("unsafe-integer"));
  }
  await database.ping();
});

test("whatever is given as a parameter comes back unchanged and is never SQL", async () => {
  const text = fc
    .string({ unit: "grapheme", maxLength: 200 })
    .filter((value) => !value.includes("\0") && value.isWellFormed());
  await fc.assert(
    fc.asyncProperty(text, async (value) => {
      assert.deepEqual(await database.query("SELECT $1::text AS value", [value]), [{ value }]);
    }),
    { numRuns: 50 },
  );
  await assert.rejects(database.query("SELECT $1::text", ["a\0b"]), code("invalid-value"));
});

test("the server's refusals have codes and names, never a row's values", async () => {
  await database.query("INSERT INTO people VALUES (1, 'marker@example.org')");
  const cases: [string, string, Record<string, string>][] = [
    [
      "INSERT INTO people VALUES (2, 'marker@example.org')",
      "unique-violation",
      { constraint: "people_email_key" },
    ],
    ["INSERT INTO people VALUES (2, 'b', 99)", "foreign-key-violation", { constraint: "people_boss_fkey" }],
    ["INSERT INTO people VALUES (2, '')", "check-violation", { constraint: "people_email_check" }],
    ["INSERT INTO people VALUES (NULL, 'c')", "not-null-violation", { column: "id" }],
    ["SELECT * FROM nowhere", "invalid-statement", { sqlState: "42P01" }],
    ["SELEC 1", "invalid-statement", { sqlState: "42601" }],
    ["SELECT 1/0", "invalid-value", { sqlState: "22012" }],
    ["SELECT 'x'::int", "invalid-value", { sqlState: "22P02" }],
    ["SELECT pg_read_file('/etc/passwd')", "permission-denied", { sqlState: "42501" }],
    ["COPY people FROM PROGRAM 'id'", "permission-denied", { sqlState: "42501" }],
  ];
  for (const [statement, expected, details] of cases) {
    await assert.rejects(database.query(statement), (error: unknown) => {
      code(expected)(error);
      const { details: given } = error as DatabaseError;
      for (const [name, value] of Object.entries(details)) assert.equal(given[name], value, statement);
      assert.ok(!JSON.stringify(given).includes("marker@"));
      return true;
    });
  }
  const error = await database.query(cases[0]?.[0] ?? "").catch((caught: unknown) => caught);
  assert.ok(isUniqueViolation(error) && isUniqueViolation(error, "people_email_key"));
  assert.ok(!isUniqueViolation(error, "people_pkey") && !isForeignKeyViolation(error) && !isTransient(error));
});

test("a refused statement does not cost the connection", async () => {
  const one = open({ poolSize: 1 });
  const pid = async () => (await one.query<{ pid: number }>("SELECT pg_backend_pid() AS pid"))[0]?.pid;
  const before = await pid();
  await assert.rejects(one.query("SELECT 1/0"));
  await assert.rejects(one.transaction((tx) => tx.query("SELECT 1/0")));
  assert.equal(await pid(), before);
});

test("a statement that takes too long is cancelled by the server", async () => {
  const hasty = open({ statementTimeoutMs: 500 });
  await assert.rejects(hasty.query("SELECT pg_sleep(30)"), code("timeout"));
  await hasty.ping();
});

test("whoever finds no free connection in time is told so, and later ones are served", async () => {
  const narrow = open({ poolSize: 1, connectTimeoutMs: 50 });
  // On a busy machine a new connection may take longer than that.
  await until(() =>
    narrow.ping().then(
      () => true,
      () => false,
    ),
  );
  const held = Promise.withResolvers<void>();
  const holder = narrow.transaction(() => held.promise);
  await assert.rejects(narrow.query("SELECT 1"), code("pool-exhausted"));
  held.resolve();
  await holder;
  await narrow.ping();
  assert.deepEqual(narrow.stats(), { total: 1, idle: 1, waiting: 0, max: 1 });
});

test("connections that the server cuts are replaced, and the loss of an idle one is reported, not thrown", async () => {
  const lost: unknown[] = [];
  const victim = open({ poolSize: 3, applicationName: "victim", onError: (error) => lost.push(error) });
  await Promise.all([1, 2, 3].map(() => victim.query("SELECT pg_sleep(0.05)")));
  await database.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'",
  );
  while (lost.length < 3) await sleep(10);
  for (const error of lost) code("unavailable")(error);
  await victim.ping();
});

test("a connection cut under a transaction rejects it and nothing else", async () => {
  const victim = open({ poolSize: 1 });
  const cut = victim.transaction(async (tx) => {
    const [row] = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await database.query("SELECT pg_terminate_backend($1)", [row?.pid]);
    await sleep(50);
    await tx.query("SELECT 1");
  });
  await assert.rejects(cut, code("unavailable"));
  await victim.ping();
});

test("nobody at the other end is `unavailable`, and says nothing of the password", async () => {
  const socket = createDatabase({ url: "postgres://u:hunter2@localhost:1/x?host=%2Fnowhere" });
  const tcp = createDatabase({ url: "postgres://u:hunter2@127.0.0.1:1/x" });
  for (const nobody of [socket, tcp]) {
    await assert.rejects(
      nobody.ping(),
      (error: unknown) => code("unavailable")(error) && !String(error).includes("hunter2"),
    );
    await nobody.close();
  }
});

test("a wrong database or password is told apart", async () => {
  const elsewhere = new URL(url);
  elsewhere.pathname = "/no_such_database";
  await assert.rejects(createDatabase({ url: elsewhere.href }).ping(), code("database-missing"));
  const intruder = new URL(url);
  intruder.password = "guess";
  await assert.rejects(createDatabase({ url: intruder.href }).ping(), code("wrong-credentials"));
});

test("a named statement is prepared once per connection", async () => {
  const one = open({ poolSize: 1 });
  for (const value of [1, 2, 3]) await one.query("SELECT $1::int AS value", [value], { name: "one-value" });
  const prepared = await one.query("SELECT name FROM pg_prepared_statements WHERE name = 'one-value'");
  assert.equal(prepared.length, 1);
});

test("a session keeps its settings to itself and has no statement time-out", async () => {
  const one = open({ poolSize: 1, statementTimeoutMs: 500 });
  await one.session(async (session) => {
    await session.query("SET application_name = 'changed'");
    await session.query("SELECT pg_sleep(0.7)");
  });
  const [row] = await one.query("SELECT current_setting('application_name') AS name");
  assert.deepEqual(row, { name: "rempart" });
});

test("closing waits for what is under way, twice is once, and afterwards it is closed", async () => {
  const closing = createDatabase({ url });
  const last = closing.query<{ x: number }>("SELECT 1 AS x FROM pg_sleep(0.1)");
  await sleep(20);
  await Promise.all([closing.close(), closing.close()]);
  assert.deepEqual(await last, [{ x: 1 }]);
  await assert.rejects(closing.ping(), code("closed"));
});

test("Kysely runs over the same pool, with the same values and errors", async () => {
  const db = await database.kysely<{ people: { id: number; email: string | null } }>();
  const inserted = await db
    .insertInto("people")
    .values({ id: 50, email: "k@example.org" })
    .executeTakeFirst();
  assert.equal(inserted.numInsertedOrUpdatedRows, 1n);
  assert.deepEqual(await db.selectFrom("people").select("email").where("id", "=", 50).execute(), [
    { email: "k@example.org" },
  ]);
  await assert.rejects(
    db.insertInto("people").values({ id: 50, email: null }).execute(),
    code("unique-violation"),
  );
  await db.transaction().execute((trx) => trx.deleteFrom("people").where("id", "=", 50).execute());
  await assert.rejects(
    db.transaction().execute(async (trx) => {
      await trx.insertInto("people").values({ id: 51, email: null }).execute();
      throw new Error("changed my mind");
    }),
    /changed my mind/,
  );
  assert.deepEqual(await db.selectFrom("people").select("id").where("id", ">=", 50).execute(), []);
  await db.destroy();
  await database.ping();
});
