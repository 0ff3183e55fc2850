/** What keeps data is full, held up or away, in minutes that pass at once. */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { createDatabase, type Database, findEmbeddedPostgres } from "@rempart/database";
import { systemClock } from "@rempart/kernel";
import { scratchPlace, until } from "@rempart/testing";
import type { Messenger } from "../src/index.ts";
import { Person } from "./support/person.ts";
import { watchedMessenger } from "./support/watched.ts";

const place = await mkdtemp(join(await scratchPlace(), "rempart-alerts-storage-"));
after(() => rm(place, { recursive: true, force: true }));

const MINUTE_MS = 60_000;
/** The sequencer's, which one process holds while it gives entries their places. */
const SEQUENCER_LOCK = "7235419380122631";
const A_BACKUP = /^backup_size_bytes [1-9]/m;
const ALL_PUBLISHED = /^audit_unpublished_entries 0$/m;

/** Warnings do not wait for others of their kind. */
const AT_ONCE = { ALERT_GROUP_WAIT: "0" };

interface Held {
  release(): Promise<void>;
}

/** A session that has taken something and lets go of it when it is told. */
async function held(database: Database, ...statement: Parameters<Database["query"]>): Promise<Held> {
  const { promise: taken, resolve: take } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const done = database.session(async (session) => {
    await session.query("BEGIN");
    await session.query(...statement);
    take();
    await released;
    await session.query("ROLLBACK");
  });
  await Promise.race([taken, done]);
  return {
    release() {
      release();
      return done;
    },
  };
}

test("requests that hold every connection are told, by a process that waits for one itself", async () => {
  await using watched = await watchedMessenger({ env: { ...AT_ONCE, DATABASE_POOL_SIZE: "4" } });
  const { server, watch, told } = watched;
  const { database } = server.storage;
  const sam = await Person.arrive(server.publicUrl, "Sam");
  await watch.pass(10, 5);
  let asked: Promise<unknown>[] = [];
  const exhaust = async (): Promise<void> => {
    const lock = await held(database, "LOCK TABLE conversations IN ACCESS EXCLUSIVE MODE");
    asked = Array.from({ length: 12 }, () => sam.call("conversations"));
    await until(async () => (await waitingIn(database)) >= 4);
    watch.whenSeen = () => {
      watch.whenSeen = () => {};
      void lock.release();
    };
  };
  await told("DatabasePoolExhausted", "firing", { each: exhaust, stepMinutes: 3 });
  await Promise.all(asked);
  await told("DatabasePoolExhausted", "resolved");
});

/** Sessions of the messenger that wait for a lock. */
async function waitingIn(database: Database): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
       AND application_name = 'rempart-messenger' AND wait_event_type = 'Lock'`,
  );
  return Number(row?.count);
}

test("an audit log that does not go on is told, and that it does again", async () => {
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  await using watched = await watchedMessenger({ clock, env: AT_ONCE });
  const { server, watch, told } = watched;
  const { database } = server.storage;
  await Person.arrive(server.publicUrl, "Sam");
  await shows(server, ALL_PUBLISHED);
  await watch.pass(10, 5);
  const lock = await held(database, "SELECT pg_advisory_xact_lock($1::bigint)", [SEQUENCER_LOCK]);
  aheadMs = 6 * MINUTE_MS;
  let people = 0;
  await told("AuditLogStalled", "firing", { each: () => Person.arrive(server.publicUrl, `P${++people}`) });
  await lock.release();
  await shows(server, ALL_PUBLISHED);
  await told("AuditLogStalled", "resolved");
});

test("erasures that the backups do not hear of are told, and that they do", async () => {
  const directory = join(place, "erasures");
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  await using watched = await watchedMessenger({
    clock,
    env: { ...AT_ONCE, BACKUP_REPOSITORY: `file:${directory}`, BACKUP_ENGINE: "none" },
  });
  const { server, watch, told } = watched;
  const [ada, bob] = await Promise.all([
    Person.arrive(server.publicUrl, "Ada"),
    Person.arrive(server.publicUrl, "Bob"),
  ]);
  await ada.call("eraseAccount");
  await watch.pass(10, 5);
  const mend = await takeAway(directory);
  await bob.call("eraseAccount");
  aheadMs = 11 * MINUTE_MS;
  await shows(server, /^erasure_ledger_lag_seconds [67]\d\d/m);
  await told("ErasuresUnrecorded", "firing");
  await mend();
  await shows(server, /^erasure_ledger_lag_seconds 0$/m);
  await told("ErasuresUnrecorded", "resolved");
});

/** Resolves once the page of metrics does. */
function shows({ adminUrl }: Pick<Messenger, "adminUrl">, line: RegExp): Promise<void> {
  return until(async () => line.test(await (await fetch(`${adminUrl}/metrics`)).text()));
}

test("a repository that takes nothing is told, and that it does again", async () => {
  const directory = join(place, "backups");
  const env = { ...AT_ONCE, DATABASE_URL: "", BACKUP_REPOSITORY: `file:${directory}` };
  await using watched = await watchedMessenger({ env });
  const { server, watch, told } = watched;
  await shows(server, A_BACKUP);
  await watch.pass(10, 5);
  const embedded = await findEmbeddedPostgres(join(server.env.DATA_DIRECTORY ?? "", "postgres"));
  const admin = createDatabase({ url: embedded?.superuserUrl ?? "", poolSize: 1, applicationName: "test" });
  const mend = await takeAway(directory);
  await told("BackupAttemptsFail", "firing", { each: () => refused(admin) });
  await mend();
  await told("BackupAttemptsFail", "resolved");
  await admin.close();
});

/** The server hands a segment of its log over, which nobody takes. */
async function refused(admin: Database): Promise<void> {
  const failures = async (): Promise<number> => {
    const [row] = await admin.query<{ count: number }>("SELECT failed_count AS count FROM pg_stat_archiver");
    return Number(row?.count);
  };
  const before = await failures();
  await admin.query("SELECT pg_logical_emit_message(true, 'test', 'something to keep'), pg_switch_wal()");
  await until(async () => (await failures()) > before);
}

/** In the repository's place stands what none can be in. Answers how to bring it back. */
async function takeAway(directory: string): Promise<() => Promise<void>> {
  await rename(directory, `${directory}-away`);
  await writeFile(directory, "");
  return async () => {
    await rm(directory);
    await rename(`${directory}-away`, directory);
  };
}
