/** The audit log of a server that dies without warning while people use it: nothing committed is missing, nothing is altered. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { directoryStore, nodePrimitives, signerKeys, verifyLog } from "@rempart/audit";
import type { Database } from "@rempart/database";
import { freePort, testDatabase, until } from "@rempart/testing";
import { messengerMigrations } from "../src/index.ts";
import { Person } from "./support/person.ts";
import { startServerProcess } from "./support/server-process.ts";

const KILLS = 3;
const ACTS_BEFORE_A_KILL = 4;

/** Comes and goes with devices and groups until the server dies. */
async function useBusily([ada, bob]: readonly [Person, Person]): Promise<void> {
  for (;;) {
    const phone = await ada.another();
    await ada.converse([bob], "group");
    await ada.must("revokeDevice", { params: { deviceId: phone.deviceId } });
  }
}

/** A device that was revoked is two. */
async function countActs(database: Database): Promise<number> {
  const [row] = await database.query<{ acts: number }>(
    "SELECT (count(*) + count(revoked_at))::int AS acts FROM devices",
  );
  return row?.acts ?? 0;
}

test("after a busy run with sudden deaths the log verifies, and tells of every device there is", async () => {
  const { database, url: databaseUrl, close } = await testDatabase({ migrations: messengerMigrations });
  const directory = await mkdtemp(join(tmpdir(), "rempart-audit-crash-"));
  const port = String(await freePort());
  const url = `http://localhost:${port}`;
  const unlimited = { RATE_LIMIT_MAX: "1000000", RATE_LIMIT_AUTH_MAX: "1000000" };
  const own = { DATABASE_URL: databaseUrl, DATA_DIRECTORY: directory, PORT: port, ADMIN_PORT: "0" };
  const env = { ...unlimited, ...own };
  let server = await startServerProcess(env);
  try {
    const people = [await Person.arrive(url, "Ada"), await Person.arrive(url, "Bob")] as const;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const acts = await countActs(database);
      const use = useBusily(people).catch(() => undefined);
      await until(async () => (await countActs(database)) >= acts + ACTS_BEFORE_A_KILL);
      await sleep(Math.random() * 300);
      await Promise.all([use, server.end()]);
      server = await startServerProcess(env);
    }
    await server.end("SIGTERM");

    const keys = await signerKeys(database);
    const policy = { origin: keys[0]?.name ?? "", logKeys: keys, witnessKeys: [], quorum: 0 };
    const objects = directoryStore(join(directory, "audit"));
    const verifying = { database, objects, primitives: nodePrimitives, policy, now: Date.now() };
    const report = await verifyLog(verifying);
    assert.deepEqual(report.findings, []);
    const [counts] = await database.query<Record<string, number>>(
      `SELECT (SELECT count(*) FROM audit_entries)::int AS entries,
              (SELECT count(*) FROM audit_entries WHERE event_type = 'key.change')::int AS changes,
              (SELECT count(*) + count(revoked_at) FROM devices)::int AS acts,
              (SELECT count(*) FROM device_key_events)::int AS numbered`,
    );
    assert.equal(report.size, counts?.entries, "every entry has its place and is published");
    assert.ok((counts?.acts ?? 0) > 5);
    assert.deepEqual([counts?.changes, counts?.numbered], [counts?.acts, counts?.acts]);
  } finally {
    await server.end();
    await close();
    await rm(directory, { recursive: true, force: true });
  }
});
