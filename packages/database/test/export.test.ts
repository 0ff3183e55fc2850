import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { type Database, type ExportOptions, exportRows } from "@rempart/database";
import { until } from "@rempart/testing";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { emptyDatabase } from "./fixtures/database.ts";

const { open, url } = await emptyDatabase();
const database = open();
await database.query(`
  CREATE TABLE things (
    id bigint PRIMARY KEY, name text, amount numeric, at timestamptz, tags text[], extra json, raw bytea, flag boolean);
  INSERT INTO things SELECT i, 'thing ' || i, -i / 4.0, timestamptz '2026-01-01 00:00Z' + make_interval(secs => i), ARRAY['a', 'b'],
    '{"n": 1}', '\\x00ff', i % 2 = 0 FROM generate_series(1, 1000) i`);

type Asked = Partial<ExportOptions>;

async function bytesOf(options: Asked): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const all = { database, select: "SELECT * FROM things", key: "id", format: "csv" as const, ...options };
  for await (const part of exportRows(all)) parts.push(part);
  return Buffer.concat(parts);
}

const textOf = async (options: Asked): Promise<string> => (await bytesOf(options)).toString();

test("each format holds every row, in the order of the key, whatever the size of a page", async () => {
  const whole = await textOf({ format: "csv" });
  const lines = whole.trimEnd().split("\n");
  assert.equal(lines.length, 1_001);
  assert.equal(lines[0], "id,name,amount,at,tags,extra,raw,flag");
  assert.equal(
    lines[1],
    '1,"thing 1",-0.25000000000000000000,2026-01-01 00:00:01+00,"{a,b}","{""n"": 1}",\\x00ff,f',
  );
  const json = await textOf({ format: "json" });
  const rows = JSON.parse(json) as { id: number }[];
  assert.deepEqual(
    rows.map(({ id }) => id),
    Array.from({ length: 1_000 }, (_, i) => i + 1),
  );
  const jsonl = await textOf({ format: "jsonl" });
  assert.deepEqual(
    jsonl
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
    rows,
  );
  for (const pageRows of [97, 999, 1_000, 1_001]) {
    assert.equal(await textOf({ format: "csv", pageRows }), whole);
    assert.equal(await textOf({ format: "json", pageRows }), json);
    assert.equal(await textOf({ format: "jsonl", pageRows }), jsonl);
  }
  const select = "SELECT * FROM things WHERE id <= 20";
  for (const format of ["csv", "json", "jsonl"] as const)
    assert.equal(await textOf({ select, format, pageRows: 1 }), await textOf({ select, format }));
});

test("nothing to export is a header, an empty array, or nothing", async () => {
  const select = "SELECT id, name FROM things WHERE id < 0";
  assert.equal(await textOf({ select }), "id,name\n");
  assert.deepEqual(JSON.parse(await textOf({ select, format: "json" })), []);
  assert.equal(await textOf({ select, format: "jsonl" }), "");
});

test("an export that broke off goes on where its last whole page ended", async () => {
  const whole = await textOf({ pageRows: 100 });
  for (const compression of ["none", "gzip", "zstd"] as const) {
    const parts: Uint8Array[] = [];
    let taken = 0;
    let after = "";
    const options = {
      database,
      select: "SELECT * FROM things",
      key: "id",
      format: "csv",
      compression,
    } as const;
    const stream = exportRows({
      ...options,
      pageRows: 100,
      onPage: ({ key, rows }) => {
        after = key;
        taken += rows;
      },
    });
    for await (const part of stream) {
      if (taken === 300) break;
      parts.push(part);
    }
    assert.equal(after, "300");
    for await (const part of exportRows({ ...options, pageRows: 77, after })) parts.push(part);
    const joined = Buffer.concat(parts);
    const plain =
      compression === "gzip"
        ? gunzipSync(joined)
        : compression === "zstd"
          ? zstdDecompressSync(joined)
          : joined;
    assert.equal(plain.toString(), whole, compression);
  }
  assert.equal(await textOf({ after: "1000", format: "jsonl" }), "");
  assert.equal(await textOf({ after: "998", format: "csv" }), whole.split("\n").slice(999).join("\n"));
});

test("a cell that a spreadsheet would run is a text; a negative number stays a number", async () => {
  const formulas = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "=cmd|'/C calc'!A0",
    "\uff1d1",
    "＋1",
  ];
  await database.query("CREATE TABLE cells (id int PRIMARY KEY, cell text, number numeric, time interval)");
  for (const [id, cell] of formulas.entries())
    await database.query("INSERT INTO cells VALUES ($1, $2, -1, '-1 day')", [id, cell]);
  await database.query(
    `INSERT INTO cells VALUES (100, 'a,"b"' || E'\\n;=x', -2, '1 day'), (101, NULL, NULL, NULL), (102, '', 0, '0')`,
  );
  const text = await textOf({ select: "SELECT * FROM cells", format: "csv" });
  const rows = parseCsv(text).slice(1);
  for (const [id, cell] of formulas.entries())
    assert.deepEqual(rows[id], [String(id), `'${cell}`, "-1", "'-1 days"]);
  assert.deepEqual(rows.slice(formulas.length), [
    ["100", 'a,"b"\n;=x', "-2", "1 day"],
    ["101", "", "", ""],
    ["102", "", "0", "00:00:00"],
  ]);
});

test("a type that is called like a harmless one is not taken for it", async () => {
  await database.query(
    "CREATE SCHEMA date; CREATE TYPE date.x AS ENUM ('=1+1'); CREATE TYPE date.y AS (doc json)",
  );
  const select = `SELECT 1 AS id, '=1+1'::date.x AS cell, ROW(E'{\\n"a":1}')::date.y AS doc`;
  assert.match(await textOf({ select }), /^1,"'=1\+1",/m);
  assert.equal((await textOf({ select, format: "jsonl" })).trimEnd().split("\n").length, 1);
});

test("a line of JSON stays one line, whatever the values hold", async () => {
  await database.query("CREATE TABLE texts (id int PRIMARY KEY, text text, doc json)");
  const texts = ["line\nbreak\r\n", '"quoted"\\', "\u0001\u0002\u2028", "é☃😀", ""];
  for (const [id, text] of texts.entries())
    await database.query("INSERT INTO texts VALUES ($1, $2, $3)", [
      id,
      text,
      JSON.stringify({ a: [1, 2] }, null, 2),
    ]);
  const lines = (await textOf({ select: "SELECT * FROM texts", format: "jsonl" })).trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    texts.map((text, id) => ({ id, text, doc: { a: [1, 2] } })),
  );
});

const rowToJson = async (select: string, on: Database = database): Promise<string> => {
  const rows = await on.query<{ line: string }>(
    `SELECT translate(row_to_json(page)::text, E'\\n\\r', '  ') AS line FROM (${select}) page ORDER BY id`,
  );
  return rows.map(({ line }) => `${line}\n`).join("");
};

test("JSON of every type is what PostgreSQL's own row_to_json makes, byte for byte", async () => {
  await database.query(`
    CREATE TYPE mood AS ENUM ('=glad', 'a "sad" one');
    CREATE TYPE pair AS (n numeric, t text, doc json);
    CREATE DOMAIN price AS numeric(10, 2);
    CREATE DOMAIN word AS text;
    CREATE TABLE every (id bigint PRIMARY KEY, s smallint, i integer, r real, d double precision, n numeric, m money, o oid,
      b boolean, t text, v varchar(20), c character(4), k name, u uuid, raw bytea, bits bit(4), at timestamptz, local timestamp,
      day date, time time, zoned timetz, span interval, ip inet, net cidr, mac macaddr, doc json, docb jsonb, words text[],
      grid integer[][], docs json[], mood mood, pair pair, pairs pair[], price price, word word, gap int4range, x xml, p point,
      search tsvector, "odd ""name""\nof two lines" text);
    INSERT INTO every VALUES
      (1, -32768, 2147483647, 1.5, 1e300, 123456789012345678901234567890.12, 12.5, 4294967295, true, 'plain', 'short', 'ab', 'name',
        '00000000-0000-0000-0000-000000000001', '\\x00ff22', '1010', '2026-01-01 00:00:00.25+05:30', '2026-01-01 00:00', '2026-01-01',
        '23:59:60', '12:00+02', '1 year -3 days', '::1', '10.0.0.0/8', '08:00:2b:01:02:03', E'{ "a":\n\t[1, 2] }', '{"b": "\\"\\u0001"}',
        ARRAY['a', NULL, 'x"y\\z'], '{{1,2},{3,4}}', ARRAY[E'[\n1]'::json, 'null'], 'a "sad" one', ROW('NaN', E'l\n"', E'{\r\n}'),
        ARRAY[ROW(1, NULL, NULL)::pair], 9.99, 'null', '[1,5)', '<a b="c"/>', '(1,2)', 'a:1 b:2', E'"\\\n'),
      (9007199254740993, 0, 0, 'NaN', 'Infinity', 'NaN', 0, 0, false, '', '', '', '', NULL, '', '0000', 'infinity', '-infinity',
        '0044-03-15 BC', '00:00', '00:00+00', '0', '10.0.0.1', '::/0', NULL, 'null', 'null', '{}', '{}', '{}', NULL, ROW(NULL, NULL, NULL),
        '{}', 'NaN', '', 'empty', NULL, NULL, '', 'null'),
      (3, NULL, NULL, '-Infinity', '-Infinity', '-Infinity', NULL, NULL, NULL, 'null', 'NaN', ',', E'\t', NULL, NULL, NULL,
        '0044-03-15 00:00:00 BC', 'infinity', 'infinity', NULL, NULL, NULL, NULL, NULL, NULL, '"null"', '"NaN"', NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    INSERT INTO every (id) VALUES (4)`);
  const selects = [
    "SELECT * FROM every",
    "SELECT id FROM every",
    "SELECT id, every AS whole, ROW(1, 'two') AS parts, NULL AS nothing, pg_sleep(0) AS slept FROM every",
    "SELECT row_number() OVER (ORDER BY tablename, attname) AS id, most_common_vals, histogram_bounds FROM pg_stats",
  ];
  for (const select of selects)
    assert.equal(await textOf({ select, format: "jsonl" }), await rowToJson(select));
});

test("JSON of times does not depend on how a session writes them, as PostgreSQL's does not", async () => {
  const name = new URL(url).pathname.slice(1);
  await database.query(`ALTER DATABASE ${name} SET datestyle = 'German'`);
  await database.query(`ALTER DATABASE ${name} SET timezone = 'Asia/Kolkata'`);
  const other = open();
  const select = "SELECT * FROM every";
  assert.equal(await textOf({ database: other, select, format: "jsonl" }), await rowToJson(select, other));
  await database.query(`ALTER DATABASE ${name} RESET ALL`);
});

test("texts, documents and numbers of any kind are JSON as PostgreSQL makes it", async () => {
  await database.query(
    "CREATE TABLE whatever (id int PRIMARY KEY, t text, doc json, d double precision, words text[])",
  );
  const text = fc.string({ unit: codePoint }).map((value) => value.replaceAll("\0", ""));
  const row = fc.tuple(fc.option(text), fc.option(fc.json()), fc.double(), fc.array(text, { maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 20 }),
      fc.integer({ min: 1, max: 20 }),
      async (rows, pageRows) => {
        await database.query("TRUNCATE whatever");
        for (const [id, values] of rows.entries())
          await database.query("INSERT INTO whatever VALUES ($1, $2, $3, $4, $5)", [id, ...values]);
        const select = "SELECT * FROM whatever";
        assert.equal(await textOf({ select, format: "jsonl", pageRows }), await rowToJson(select));
      },
    ),
    { numRuns: 10 },
  );
});

test("keys of every kind carry an export through its pages", async () => {
  await database.query(`
    CREATE TABLE keyed (u uuid, t text, n numeric, at timestamptz);
    INSERT INTO keyed SELECT gen_random_uuid(), 'k''"\\' || i, i / 3.0, timestamptz '2026-01-01 00:00Z' + make_interval(secs => i / 7.0)
    FROM generate_series(1, 50) i`);
  for (const key of ["u", "t", "n", "at"]) {
    const lines = (await textOf({ select: "SELECT * FROM keyed", key, pageRows: 7, format: "jsonl" }))
      .trimEnd()
      .split("\n");
    assert.equal(new Set(lines).size, 50, key);
  }
  await database.query(`
    CREATE TABLE padded (c character(6), b bit(8), v varbit, d date, a text[], x jsonb, e text);
    INSERT INTO padded SELECT 'k' || i, i::bit(8), i::bit(7), date '2026-01-01' + i, ARRAY['a,"' || i], to_jsonb(i), E'\\t\n\v\\N' || i
    FROM generate_series(1, 50) i`);
  for (const key of ["c", "b", "v", "d", "a", "x", "e"]) {
    const source = { select: "SELECT * FROM padded -- all", key } as const;
    const lines = (await textOf({ ...source, pageRows: 7, format: "jsonl" })).trimEnd().split("\n");
    assert.deepEqual([lines.length, new Set(lines).size], [50, 50], key);
    const whole = await textOf({ ...source, format: "csv" });
    assert.equal(await textOf({ ...source, pageRows: 7, format: "csv" }), whole, key);
  }
  assert.match(
    await textOf({ select: 'SELECT 1 AS "odd ""name""", 2 AS b', key: 'odd "name"' }),
    /^"odd ""name""",b\n1,2\n$/,
  );
});

test("a key that is null somewhere is refused before a row is left out", async () => {
  await database.query("CREATE TABLE gaps (k int); INSERT INTO gaps VALUES (1), (NULL), (3)");
  for (const pageRows of [1, 2, 50_000])
    await assert.rejects(textOf({ select: "SELECT k FROM gaps", key: "k", pageRows }), {
      code: "invalid-value",
    });
});

test("all pages are of one moment, whatever is written meanwhile", async () => {
  const seen: string[] = [];
  const stream = exportRows({
    database,
    select: "SELECT id FROM things",
    key: "id",
    format: "jsonl",
    pageRows: 100,
  });
  for await (const part of stream) {
    if (seen.length === 0) await database.query("UPDATE things SET id = id + 10000 WHERE id > 500");
    seen.push(Buffer.from(part).toString());
  }
  assert.equal(seen.join("").trimEnd().split("\n").length, 1_000);
  assert.match(seen.join(""), /\{"id":1000\}\n$/);
  await database.query("UPDATE things SET id = id - 10000 WHERE id > 10000");
});

test("who stops early, or asks for what is not there, leaves no connection behind", async () => {
  const one = open({ poolSize: 1 });
  const options = {
    database: one,
    select: "SELECT * FROM things",
    key: "id",
    format: "csv",
    pageRows: 10,
  } as const;
  for (let i = 0; i < 3; i += 1) for await (const _ of exportRows(options)) break;
  await assert.rejects(exportRows({ ...options, key: "nothing" }).next(), { code: "invalid-statement" });
  await assert.rejects(exportRows({ ...options, select: "SELECT nothing" }).next(), {
    code: "invalid-statement",
  });
  await assert.rejects(drain(exportRows({ ...options, select: "SELECT id, 1 / (id - 500) FROM things" })), {
    name: "DatabaseError",
  });
  await assert.rejects(exportRows({ ...options, format: "json", after: "1" }).next(), TypeError);
  assert.deepEqual(await one.query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("an export whose connection is lost says so, in the middle of a page or while nothing is taken", async () => {
  const options = { database, select: "SELECT * FROM lost", key: "id", format: "csv" } as const;
  await database.query(
    "CREATE TABLE lost AS SELECT i AS id, repeat('x', 1000) AS t FROM generate_series(1, 20000) i",
  );
  const cut = () =>
    database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%lost%'");
  // The first part is the header, before anything is copied.
  for (const takenBefore of [2, 4]) {
    const stream = exportRows(options);
    for (let i = 0; i < takenBefore; i += 1) await stream.next();
    await cut();
    await assert.rejects(drain(stream), { name: "DatabaseError", code: "unavailable" });
  }
  const seconds = "SELECT i AS id, pg_sleep(i / 1000) FROM generate_series(1, 2000) i";
  const waiting = exportRows({ ...options, select: `${seconds} -- lost` });
  const drained = drain(waiting);
  drained.catch(() => undefined);
  await until(async () => (await cut()).length > 0);
  await assert.rejects(drained, { name: "DatabaseError", code: "unavailable" });
});

test("the time limit of a statement is none of an export, and leaves no timer", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  await drain(
    exportRows({ database, select: "SELECT * FROM things", key: "id", format: "csv", pageRows: 100 }),
  );
  assert.ok(timers() <= before);
  const impatient = open({ statementTimeoutMs: 500 });
  const slow = "SELECT i AS id, pg_sleep(0.4) FROM generate_series(1, 2) i";
  await drain(exportRows({ database: impatient, select: slow, key: "id", format: "jsonl" }));
});

test("who takes nothing for too long holds the database no longer", async () => {
  const one = open({ poolSize: 1 });
  await database.query(
    "CREATE TABLE wide AS SELECT i AS id, repeat(md5(i::text), 100) AS t FROM generate_series(1, 20000) i",
  );
  const stream = exportRows({
    database: one,
    select: "SELECT * FROM wide",
    key: "id",
    format: "csv",
    patienceMs: 20,
  });
  assert.equal((await stream.next()).done, false);
  assert.deepEqual(await one.query("SELECT 1 AS one"), [{ one: 1 }]);
  await assert.rejects(drain(stream), { code: "timeout" });
  // The server notices when it has more to say.
  const working =
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%' AND state = 'active'";
  await until(async () => (await database.query(working)).length === 0);
});

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** RFC 4180. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quotedCell, plainCell, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    row.push(quotedCell === undefined ? (plainCell ?? "") : quotedCell.replaceAll('""', '"'));
    if (end === "\n") rows.push(row);
    if (end === "\n") row = [];
  }
  return rows;
}
