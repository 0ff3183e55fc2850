/** The drill that a messenger makes by itself, with its own wiring: in a process of its own. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { builtInEngine, readDrills } from "@rempart/database/backup";
import { systemClock, systemRandom } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { scratchPlace, until } from "@rempart/testing";
import { Registry } from "prom-client";
import { readMessengerConfig } from "../src/config.ts";
import { drillInProcess } from "../src/drill/scheduled.ts";
import { openBackups } from "../src/storage/backups.ts";
import { openKeyring } from "../src/storage/keyring.ts";
import { openStorage } from "../src/storage/open.ts";

const ports = { clock: systemClock, random: systemRandom, log: silentLogger };

test("a messenger's backup is drilled by a process that reads its configuration again", async () => {
  const place = await mkdtemp(join(await scratchPlace(), "rempart-drilled-"));
  await chmod(place, 0o711);
  const config = readMessengerConfig({ DATA_DIRECTORY: join(place, "data") });
  const keyring = openKeyring(config.keys, ports);
  const backups = openBackups(config, { ...ports, keyring, registry: new Registry() });
  assert.ok(backups);
  const { settings, repository } = backups;
  const storage = await openStorage(config.database, silentLogger, { settings });
  assert.ok(storage.embedded);
  const stop = await backups.start(storage.embedded);
  try {
    const engine = builtInEngine({ repository, sealing: keyring });
    await until(async () => (await engine.list()).length > 0);
    const record = await drillInProcess(config, { repository, sealing: keyring });
    assert.ok(record.passed, JSON.stringify(record));
    assert.ok("checks" in record);
    for (const name of ["row counts", "page checksums", "sealed secrets open", "audit log"])
      assert.equal(record.checks.find((check) => check.name === name)?.outcome, "passed", name);
    assert.deepEqual(await readDrills({ repository, sealing: keyring }), {
      newest: record,
      passedAt: record.startedAt,
    });
  } finally {
    await stop();
    await storage.close();
    await backups.close();
    await keyring.close();
    await rm(place, { recursive: true, force: true });
  }
});
