import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type BackupError, type BackupEvent, backupSchedule, pruneBackups } from "@rempart/database/backup";
import { hasCode, manualClock } from "@rempart/kernel";
import { readManifest } from "../../src/backup/builtin/catalog.ts";
import { type BackedUpServer, backedUpServer } from "./kit.ts";

let server: BackedUpServer;
const events: BackupEvent[] = [];

before(async () => {
  server = await backedUpServer({ observe: (event) => events.push(event) });
  await server.database.query(
    "CREATE TABLE rows AS SELECT i, repeat('x', 500) FROM generate_series(1, 5000) i",
  );
});
after(() => server.stop());

/** One byte of the table's fourth page is another on the disk, as a failing one gives it. */
async function flip(): Promise<string> {
  const [row] = await server.database.query<{ path: string }>("SELECT pg_relation_filepath('rows') AS path");
  const path = row?.path ?? "";
  await server.database.query("CHECKPOINT");
  await using file = await open(join(server.dataDirectory, path), "r+");
  const at = 3 * 8_192 + 4_000;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.of((buffer[0] as number) ^ 1), 0, 1, at);
  return `${path}, block 3`;
}

test("every page of a server that writes is looked at, and none is called damaged", async () => {
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted) await server.database.query("UPDATE rows SET i = i + 1 WHERE i % 50 = 0");
  })();
  const { id, damaged } = await server.engine.run();
  stop.abort();
  await writing;
  assert.equal(damaged, false);
  const { pages } = await readManifest(server, id);
  assert.ok(pages && pages.checked > 1_000 && pages.damaged === 0, JSON.stringify(pages));
});

test("a page that the disk has changed is told at once, and whoever looks later is told too", async () => {
  const [sound] = await server.engine.list();
  const page = await flip();
  const failure: BackupError = await server.engine.run().then(
    () => assert.fail("nothing was said"),
    (error) => error,
  );
  assert.ok(hasCode(failure, "pages-damaged"), String(failure));
  assert.match(failure.message, new RegExp(`1 pages .* the first is ${page}`));
  assert.equal(events.at(-1)?.type, "backup-failed");
  const newest = (await server.engine.list()).at(-1);
  assert.deepEqual([newest?.id, newest?.damaged], [failure.details.backup, true]);
  const { findings, recoverableTo } = await server.engine.verify();
  assert.deepEqual(
    findings.map(({ code, name }) => [code, name]),
    [["page-damaged", page]],
  );
  assert.ok(recoverableTo !== null, "it can be restored, with what is wrong in it");

  await assert.rejects(server.engine.run(), { code: "pages-damaged" });
  const { promise: told, resolve: observe } = Promise.withResolvers<BackupEvent>();
  const schedule = backupSchedule({ engine: server.engine, observe });
  await schedule.start?.(new AbortController().signal);
  const event = await told;
  await schedule.stop?.();
  assert.ok(event.type === "recovery-point" && event.damaged);

  const { kept } = await pruneBackups(server, {
    policy: { keepMs: 1, archiveMs: 0 },
    clock: manualClock(Date.now() + 60_000),
  });
  assert.ok(kept.includes(sound?.id ?? ""), "the last one without damage outlives its time");
  assert.equal(kept.length, 3);
  await flip();
});
