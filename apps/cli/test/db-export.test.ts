import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { messengerMigrations } from "@rempart/messenger-server/operator";
import { testDatabase, until } from "@rempart/testing";
import { type Cli, rempart, workplace } from "./cli.ts";
import { here } from "./here.ts";

const { database, url, close } = await testDatabase({ migrations: messengerMigrations });
const place = await workplace();
after(async () => {
  await close();
  await place[Symbol.asyncDispose]();
});
await database.query(`
  CREATE TABLE readings (id bigint PRIMARY KEY, text text NOT NULL);
  INSERT INTO readings SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, 120000) i;
  ANALYZE readings`);

const exported = (...args: readonly string[]): Cli =>
  rempart(["db", "export", ...args], { ...place, env: { DATABASE_URL: url } });

const ask = (...args: readonly string[]) => here(["db", "export", ...args], { DATABASE_URL: url });

const sha = async (): Promise<string> => {
  const [row] = await database.query<{ text: string }>(
    "SELECT string_agg(text, '' ORDER BY id) AS text FROM readings",
  );
  return row?.text ?? "";
};

test("an export that is stopped goes on where it was, and its file is the whole table", async () => {
  const file = join(place.cwd, "readings.zst");
  const flags = ["readings", "--format", "jsonl", "--compress", "zstd", "--out", file];
  const first = exported(...flags);
  await until(async () => stat(`${file}.resume`).then(Boolean, () => false));
  first.child.kill("SIGTERM");
  assert.equal(await first.ended, 1);
  const refusals: [RegExp, string[]][] = [
    [/is there already/, flags],
    [
      /is the export of readings by id as jsonl, compression zstd, not of/,
      ["readings", "--out", file, "--resume"],
    ],
    [/name it with --out/, ["readings", "--resume"]],
    [/export as jsonl/, ["readings", "--format", "json", "--out", file, "--resume"]],
  ];
  for (const [said, args] of refusals) {
    const refused = await ask(...args);
    assert.equal(refused.code, 1);
    assert.match(refused.said, said);
  }
  const second = exported(...flags, "--resume");
  assert.equal(await second.ended, 0, second.said());
  assert.match(second.said(), /\d+ rows, /);
  const lines = zstdDecompressSync(await readFile(file))
    .toString()
    .trimEnd()
    .split("\n");
  assert.equal(lines.length, 120_000);
  assert.equal(lines.map((line) => (JSON.parse(line) as { text: string }).text).join(""), await sha());
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await assert.rejects(stat(`${file}.resume`));
  const acts = await database.query("SELECT id FROM audit_entries WHERE event_type = 'data.export'");
  assert.equal(acts.length, 4);
});

test("a reader that has seen enough ends the export", async () => {
  const cli = exported("readings");
  cli.child.stdout?.once("data", () => cli.child.stdout?.destroy());
  assert.equal(await cli.ended, 1);
  assert.match(cli.said(), /^standard output takes nothing more/);
  assert.doesNotMatch(cli.said(), /\n\s+at /);
});

test("a table that is not there, or cannot be paged, is refused in words", async () => {
  const missing = await ask('readings"; DROP TABLE readings; --');
  assert.equal(missing.code, 1);
  assert.match(missing.said, /There is no table/);
  const unpaged = await ask("conversation_members");
  assert.equal(unpaged.code, 1);
  assert.match(unpaged.said, /name one with --key/);
});
