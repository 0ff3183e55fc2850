import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { messengerMigrations } from "@rempart/messenger-server/operator";
import { testDatabase, until } from "@rempart/testing";
import { type Cli, rempart, workplace } from "./cli.ts";

const { database, url, close } = await testDatabase({ migrations: messengerMigrations });
const place = await workplace();
after(async () => {
  await close();
  await place[Symbol.asyncDispose]();
});
await database.query(`
  CREATE TABLE readings (id bigint PRIMARY KEY, text text NOT NULL);
  INSERT INTO readings SELECT i, repeat(md5(i::text), 10) FROM generate_series(1, 120000) i;
  ANALYZE readings`);

const exported = (...args: readonly string[]): Cli =>
  rempart(["db", "export", ...args], { ...place, env: { DATABASE_URL: url } });

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
  const again = exported(...flags);
  assert.equal(await again.ended, 1);
  assert.match(again.said(), /is there already/);
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
  assert.equal(acts.length, 3);
});

test("a table that is not there, or cannot be paged, is refused in words", async () => {
  const missing = exported('readings"; DROP TABLE readings; --');
  assert.equal(await missing.ended, 1);
  assert.match(missing.said(), /There is no table/);
  const unpaged = exported("conversation_members");
  assert.equal(await unpaged.ended, 1);
  assert.match(unpaged.said(), /name one with --key/);
  const small = exported("audit_event_kinds");
  assert.equal(await small.ended, 0, small.said());
  assert.match(small.logged(), /^event_type,label,severity\n/);
});
