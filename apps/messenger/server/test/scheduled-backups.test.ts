/** The backups of a server of one's own, which the messenger takes by itself. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { dumpEngine, readDrills } from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { requireService, scratchPlace, startDebianPostgres, until } from "@rempart/testing";
import { drillInProcess } from "../src/drill/scheduled.ts";
import { type Messenger, readMessengerConfig, startMessenger } from "../src/index.ts";
import { openKeyring } from "../src/storage/keyring.ts";
import { openRepository } from "../src/storage/repository.ts";

const { skip, path = "" } = await requireService("postgres");

test("of two processes on a server of one's own one dumps it, and it is drilled and told", {
  skip,
}, async () => {
  const place = await mkdtemp(join(await scratchPlace(), "rempart-scheduled-"));
  await chmod(place, 0o711);
  const server = await startDebianPostgres({ service: "postgres" });
  const config = readMessengerConfig({
    DATABASE_URL: server.url,
    DATA_DIRECTORY: join(place, "data"),
    BACKUP_REPOSITORY: `file:${join(place, "repository")}`,
    BACKUP_PROGRAMS: join(dirname(path), "..", "bin"),
    HOST: "127.0.0.1",
    PORT: "0",
    ADMIN_PORT: "0",
    MONITOR_ENABLED: "false",
    WEB_DIRECTORY: "/nonexistent",
  });
  const started = await Promise.all([1, 2].map(() => startMessenger({ config, log: silentLogger })));
  const keyring = openKeyring(config.keys, { clock: systemClock, random: systemRandom, log: silentLogger });
  try {
    assert.ok(config.backup.repository);
    const vault = { repository: openRepository(config.backup.repository), sealing: keyring };
    const engine = dumpEngine(vault);
    await until(async () => (await engine.list()).length > 0);
    const [taken] = await engine.list();
    const record = await drillInProcess(config, vault);
    assert.ok(record.passed && "checks" in record, JSON.stringify(record));
    assert.equal(record.backup, taken?.id);
    assert.deepEqual((await readDrills(vault, "dump")).newest, record);
    await Promise.all(started.map((one) => one.stop()));
    // Whoever did not take it has looked for whether it is due.
    assert.equal((await engine.list()).length, 1);
    const again = await startMessenger({ config, log: silentLogger });
    started.push(again);
    await until(async () => /^backup_due_timestamp_seconds [1-9]/m.test(await metricsOf(again)));
    assert.match(await metricsOf(again), /^backup_last_success_timestamp_seconds [1-9]/m);
    assert.equal((await engine.list()).length, 1);
  } finally {
    await Promise.all(started.map((one) => one.stop()));
    await keyring.close();
    await server.stop();
    await rm(place, { recursive: true, force: true });
  }
});

async function metricsOf({ adminUrl }: Pick<Messenger, "adminUrl">): Promise<string> {
  return (await fetch(`${adminUrl}/metrics`)).text();
}
