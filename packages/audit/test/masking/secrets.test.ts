/** A corpus of secrets sent through everything the log does, and searched for wherever it may have left them. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { systemClock, systemRandom } from "@rempart/kernel";
import { maskText } from "@rempart/kernel/masking";
import { createKeyring, localKeyFile } from "@rempart/keys";
import { type Audit, createAudit } from "../../src/audit.ts";
import type { AuditEvent } from "../../src/events/event.ts";
import { PRESETS } from "../../src/presets.ts";
import { type TestLog, testLog } from "../log.ts";
import { BY_NAME, BY_SHAPE, HARMLESS } from "./corpus.ts";

/** One secret in every place of an event where a request could put it. */
function eventsOf(secret: string): AuditEvent[] {
  const sentence = `it said ${secret} and went on`;
  const nested = {
    list: [{ note: sentence }],
    [sentence]: 1,
    error: new Error(sentence),
    map: new Map([["k", secret]]),
  };
  return [
    { type: "admin.operation.update", actor: { userId: secret, tenantId: sentence, apiKeyId: secret } },
    {
      type: "access.denied",
      actor: { userAgent: sentence, address: secret },
      security: { reason: sentence, limit: secret },
    },
    { type: "edge.attack", resource: { type: secret, id: sentence, metadata: nested } },
    { type: "access.request", request: { id: secret, method: sentence, path: `/a?q=${secret}` } },
    { type: "data.export", subject: secret, personal: { note: "kept under a key" } },
  ];
}

async function recordCorpus(audit: Audit, { database }: TestLog): Promise<void> {
  for (const { value } of BY_SHAPE) for (const event of eventsOf(value)) await audit.record(database, event);
  for (const { name, value } of BY_NAME) {
    const metadata = { [name]: value, deep: { [name]: [value], more: { [name]: { inner: value } } } };
    const resource = { type: "thing", id: "1", metadata };
    const personal = { [name]: value };
    await audit.record(database, { type: "admin.operation.create", resource, personal });
  }
}

/** Every row of every table as text, bytes both as hexadecimal and as what they spell. */
async function dump({ database }: TestLog): Promise<string> {
  const tables = await database.query<{ name: string }>(
    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'",
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
    for (const row of rows)
      for (const value of Object.values(row))
        texts.push(value instanceof Buffer ? value.toString("latin1") : JSON.stringify(value));
  }
  return texts.join("\n");
}

async function filesOf({ directory }: TestLog): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), "latin1")))).join(
    "\n",
  );
}

test("no secret of the corpus is in the database, the published files, an export or a log line", async () => {
  await using log = await testLog();
  const local = localKeyFile(join(log.directory, "key"));
  const envelopes = createKeyring({ local, clock: systemClock, random: systemRandom });
  const audit = createAudit({ database: log.database, envelopes });
  await audit.announceKinds();
  await recordCorpus(audit, log);
  await log.sequencer().round();

  const { records } = await audit.query({}, { limit: 1_000 });
  assert.equal(records.length, BY_SHAPE.length * 5 + BY_NAME.length);
  const output = new PassThrough({ highWaterMark: 1 << 24 });
  for (const preset of Object.values(PRESETS))
    await preset.console(output).write(records, new AbortController().signal);
  const places = {
    database: await dump(log),
    files: await filesOf(log),
    jsonl: (await Array.fromAsync(audit.export({}, "jsonl"))).join(""),
    csv: (await Array.fromAsync(audit.export({}, "csv"))).join(""),
    console: String(output.read()),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const { what, value, core = value } of BY_SHAPE) {
      const escaped = JSON.stringify(core).slice(1, -1);
      assert.ok(!text.includes(core) && !text.includes(escaped), `${what} in the ${place}`);
    }
    for (const { name, value } of BY_NAME) assert.ok(!text.includes(value), `${name} in the ${place}`);
  }
});

test("what logs are full of stays readable", () => {
  const masked = HARMLESS.filter((text) => maskText(text) !== text);
  assert.deepEqual(masked, []);
});
