/** The audit log of a server that dies without warning while people use it: nothing committed is missing, nothing is altered. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { directoryStore, nodePrimitives, signerKeys, verifyLog } from "@rempart/audit";
import { freePort, testDatabase } from "@rempart/testing";
import { messengerMigrations } from "../src/index.ts";
import { Person } from "./support/person.ts";

const SERVE = fileURLToPath(new URL("support/serve.ts", import.meta.url));
const KILLS = 3;

async function serve(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, [SERVE], { env, stdio: ["ignore", "pipe", "inherit"] });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
  ]);
  return child;
}

/** Comes and goes with devices and groups until the server dies. */
async function useBusily([ada, bob]: readonly [Person, Person]): Promise<void> {
  for (;;) {
    const phone = await ada.another();
    await ada.converse([bob], "group");
    await ada.must("revokeDevice", { params: { deviceId: phone.deviceId } });
  }
}

test("after a busy run with sudden deaths the log verifies, and tells of every device there is", async () => {
  const { database, url: databaseUrl, close } = await testDatabase({ migrations: messengerMigrations });
  const directory = await mkdtemp(join(tmpdir(), "rempart-audit-crash-"));
  const port = String(await freePort());
  const url = `http://localhost:${port}`;
  const unlimited = { RATE_LIMIT_MAX: "1000000", RATE_LIMIT_AUTH_MAX: "1000000" };
  const own = { DATABASE_URL: databaseUrl, DATA_DIRECTORY: directory, PORT: port, ADMIN_PORT: "0" };
  const env = { ...process.env, ...unlimited, ...own };
  let server = await serve(env);
  try {
    const people = [await Person.arrive(url, "Ada"), await Person.arrive(url, "Bob")] as const;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const use = useBusily(people).catch(() => undefined);
      await sleep(700 + 400 * kill);
      server.kill("SIGKILL");
      await Promise.all([use, once(server, "exit")]);
      server = await serve(env);
    }
    server.kill("SIGTERM");
    await once(server, "exit");

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
    if (server.exitCode === null && server.signalCode === null) server.kill("SIGKILL");
    await close();
    await rm(directory, { recursive: true, force: true });
  }
});
