/** The loss of the data directory after somebody was erased, with the messenger's own wiring and a restore to a moment before. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createAudit } from "@rempart/audit";
import type { Database } from "@rempart/database";
import {
  directoryRepository,
  type ErasureKeeper,
  heldBack,
  type RecoveryTarget,
  waitingErasures,
} from "@rempart/database/backup";
import { hasCode, systemClock, systemRandom } from "@rempart/kernel";
import { silentLogger } from "@rempart/runtime";
import { scratchPlace, until } from "@rempart/testing";
import { Registry } from "prom-client";
import { readMessengerConfig } from "../src/config.ts";
import { openBackups } from "../src/storage/backups.ts";
import { openErasureKeeper } from "../src/storage/erasure-keeper.ts";
import { erasureCheck } from "../src/storage/erasures.ts";
import { openKeyring } from "../src/storage/keyring.ts";
import { openStorage } from "../src/storage/open.ts";
import { operatorBackups } from "../src/storage/operator-backups.ts";
import { countErasures } from "../src/telemetry/backup-metrics.ts";

const ports = { clock: systemClock, random: systemRandom, log: silentLogger };
const ADA = "00000000-0000-4000-8000-00000000000a";
const BOB = "00000000-0000-4000-8000-00000000000b";
const EVE = "00000000-0000-4000-8000-00000000000e";

let place: string;
let config: ReturnType<typeof readMessengerConfig>;
let keyring: ReturnType<typeof openKeyring>;
let beforeErasure: RecoveryTarget;

before(async () => {
  place = await mkdtemp(join(await scratchPlace(), "rempart-erased-"));
  await chmod(place, 0o711);
  config = readMessengerConfig({ DATA_DIRECTORY: join(place, "data") });
  keyring = openKeyring(config.keys, ports);
});
after(async () => {
  await keyring.close();
  await rm(place, { recursive: true, force: true });
});

/** The messenger's database with its backups, as the server opens it. */
async function served(
  work: (database: Database, registry: Registry, keeper: ErasureKeeper) => Promise<void>,
): Promise<void> {
  const registry = new Registry();
  const backups = openBackups(config, { ...ports, keyring, registry });
  assert.ok(backups);
  const { database, embedded, close } = await openStorage(config.database, silentLogger, {
    settings: backups.settings,
  });
  assert.ok(embedded);
  const stop = await backups.start(embedded);
  const observe = countErasures(registry, systemClock);
  const keeper = openErasureKeeper(config, { database, keyring, log: silentLogger, observe });
  assert.ok(keeper);
  await keeper.start(new AbortController().signal);
  try {
    await work(database, registry, keeper);
  } finally {
    await keeper.stop();
    await stop();
    await close();
    await backups.close();
  }
}

async function arrive(database: Database, id: string, name: string): Promise<void> {
  const audit = createAudit({ database, envelopes: keyring });
  await database.transaction(async (tx) => {
    await tx.query("INSERT INTO users (id, email, name) VALUES ($1, $2, $3)", [
      id,
      `${name}@example.org`,
      name,
    ]);
    await tx.query(
      `INSERT INTO sessions (id, user_id, token_hash, created_at, active_since, last_used_at, expires_at, user_agent, ip_address)
       VALUES (gen_random_uuid(), $1, sha256($2), now(), now(), now(), now() + interval '1 day', 'a browser', '192.0.2.1')`,
      [id, Buffer.from(id)],
    );
    await audit.record(tx, { type: "auth.invitation", actor: { userId: id, address: "192.0.2.1" } });
  });
}

async function firstBackup(): Promise<void> {
  await using backups = await operatorBackups(config, silentLogger);
  await until(async () => (await backups.engine.list()).length > 0);
}

async function restore(target: RecoveryTarget, more = {}): Promise<void> {
  await using backups = await operatorBackups(config, silentLogger);
  await backups.restore({ target, ...more });
}

/** Nothing personal of hers can be read, a leaf says so, and what is recorded later keeps nothing either. */
async function assertForgotten(database: Database): Promise<void> {
  const subjects = await database.query("SELECT sealed_key FROM audit_subjects WHERE subject = $1", [ADA]);
  assert.deepEqual(subjects, [{ sealed_key: null }]);
  const addresses = "SELECT FROM audit_entries WHERE subject = $1 AND ip_address IS NOT NULL";
  assert.deepEqual(await database.query(addresses, [ADA]), []);
  const leaves =
    "SELECT resource_id AS id FROM audit_logs WHERE event_name = 'audit.subject.erased' AND resource_id = $1";
  assert.deepEqual(await database.query(leaves, [ADA]), [{ id: ADA }]);
}

test("what is erased stands in the repository when that is asked, and the metric says that nothing waits", () =>
  served(async (database, registry, keeper) => {
    await arrive(database, ADA, "ada");
    await arrive(database, BOB, "bob");
    await firstBackup();
    const [row] = await database.query<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn");
    beforeErasure = { kind: "lsn", lsn: row?.lsn ?? "" };
    await database.query("DELETE FROM users WHERE id = $1", [ADA]);
    await assertForgotten(database);
    await database.query("UPDATE users SET status = 'DELETED', deleted_at = now() WHERE id = $1", [BOB]);
    assert.equal(await keeper.recorded(), true);
    assert.deepEqual(await waitingErasures(database), { count: 0, since: null });
    await until(async () => /erasure_ledger_lag_seconds 0\n/.test(await registry.metrics()));
  }));

test("with a part of the ledger lost nothing is opened, unless the operator says so", async () => {
  const directory = config.backup.directory ?? "";
  const repository = directoryRepository(directory);
  const page = "erasures/000000000001";
  const kept = await Array.fromAsync(await repository.get(page));
  await rm(join(directory, page));
  await assert.rejects(restore(beforeErasure), (error) => hasCode((error as Error).cause, "erasures-lost"));
  await restore(beforeErasure, { acceptLostErasures: true });
  const { database, close } = await openStorage(config.database, silentLogger, { settings: heldBack });
  const told = await database.query(
    "SELECT metadata ->> 'detail' AS lost FROM audit_logs WHERE event_name = 'data.erasures.lost'",
  );
  await close();
  assert.match(JSON.stringify(told), /page 1 of the erasure ledger is missing/);
  await repository.put(
    page,
    (async function* () {
      yield* kept;
    })(),
  );
});

test("restored to a moment before, the people are gone again, and the audit log says why", async () => {
  await rm(join(config.dataDirectory, "postgres"), { recursive: true });
  await restore(beforeErasure);
  await served(async (database) => {
    assert.deepEqual(await database.query("SELECT id, status FROM users"), [{ id: BOB, status: "DELETED" }]);
    assert.deepEqual(await database.query("SELECT user_id FROM sessions WHERE ended_at IS NULL"), []);
    await assertForgotten(database);
    const told = await database.query<{ id: string; kind: string; cause: string }>(
      `SELECT resource_id AS id, metadata ->> 'kind' AS kind, metadata ->> 'cause' AS cause FROM audit_logs
       WHERE event_name = 'data.erased' ORDER BY created_at, kind`,
    );
    const cause = "restored from a backup";
    assert.deepEqual(
      new Set(told.map(({ id, kind }) => `${kind} ${id}`)),
      new Set([`account.erased ${ADA}`, `account.closed ${BOB}`]),
    );
    assert.ok(told.every((event) => event.cause === cause));
    assert.deepEqual(await waitingErasures(database), { count: 0, since: null });
    await drillFinds(database);
  });
});

test("who was erased in the data that a restore replaces is not brought back, though nobody had told the repository", async () => {
  let there = "";
  await served(async (database) => {
    await arrive(database, EVE, "eve");
    const [row] = await database.query<{ lsn: string }>("SELECT pg_current_wal_insert_lsn()::text AS lsn");
    there = row?.lsn ?? "";
  });
  // By a process that has no keeper.
  await atRest((database) => database.query("DELETE FROM users WHERE id = $1", [EVE]));
  const directory = config.backup.directory ?? "";
  await rename(directory, `${directory}-away`);
  await writeFile(directory, "");
  await assert.rejects(restore({ kind: "lsn", lsn: there }), { code: "erasures-lost" });
  await rm(directory);
  await rename(`${directory}-away`, directory);
  await restore({ kind: "lsn", lsn: there });
  await atRest(async (database) => {
    assert.deepEqual(await database.query("SELECT FROM users WHERE id = $1", [EVE]), []);
    const recorded = "SELECT FROM audit_logs WHERE event_name = 'data.erased' AND resource_id = $1";
    assert.equal((await database.query(recorded, [EVE])).length, 1);
  });
});

async function atRest(work: (database: Database) => Promise<unknown>): Promise<void> {
  const { database, close } = await openStorage(config.database, silentLogger, { settings: heldBack });
  try {
    await work(database);
  } finally {
    await close();
  }
}

/** What a drill asks of a restored copy. */
async function drillFinds(database: Database): Promise<void> {
  const check = erasureCheck({ repository: directoryRepository(config.backup.directory ?? ""), keyring });
  assert.deepEqual(await check.run(database), []);
  await arrive(database, ADA, "ada");
  assert.deepEqual(await check.run(database), [`account.erased ${ADA}: restored, and erased before`]);
}
