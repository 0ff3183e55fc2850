import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Queryable } from "@rempart/database";
import { hasCode } from "@rempart/kernel";
import { type TestDatabase, testDatabase, until } from "@rempart/testing";
import { whileServerLocked } from "../../src/backup/builtin/server-lock.ts";

const PATIENCE_MS = 60_000;

let fresh: TestDatabase;

before(async () => {
  fresh = await testDatabase({ migrations: [] });
});
after(() => fresh.close());

/** The lock of this database: one of another database does not stand in its way. */
async function locks(granted: boolean): Promise<number> {
  const found = await fresh.database.query(
    `SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database
     WHERE locktype = 'advisory' AND datname = current_database() AND granted = $1`,
    [granted],
  );
  return found.length;
}

/** Holds the lock until `finish` is called, and ends as `work` did. */
function backup() {
  const begun = Promise.withResolvers<Queryable>();
  const { promise, resolve: finish } = Promise.withResolvers<void>();
  const ended = fresh.database.session((session) =>
    whileServerLocked(
      session,
      () => {
        begun.resolve(session);
        return promise;
      },
      PATIENCE_MS,
    ),
  );
  return { begun: begun.promise, finish, ended };
}

test("the lock is free when the backup has ended, before its session has", async () => {
  await fresh.database.session(async (session) => {
    await whileServerLocked(session, async () => assert.equal(await locks(true), 1));
    assert.equal(await locks(true), 0);
    const failed = whileServerLocked(session, () => Promise.reject(new Error("no room")));
    await assert.rejects(failed, /no room/);
    assert.equal(await locks(true), 0);
  });
});

test("while a backup goes on, another one is told so", async () => {
  const first = backup();
  await first.begun;
  const second = fresh.database.session((session) => whileServerLocked(session, () => assert.fail(), 1));
  await assert.rejects(second, (error) => hasCode(error, "busy"));
  first.finish();
  await first.ended;
});

test("a backup waits for the end of one whose connection was lost, and waits for nothing else meanwhile", async () => {
  const lost = backup();
  const session = await lost.begun;
  const next = backup();
  await until(async () => (await locks(false)) === 1);
  await assert.rejects(session.query("SELECT pg_terminate_backend(pg_backend_pid())"));
  const [row] = await (await next.begun).query<{ wait: string }>(
    "SELECT current_setting('lock_timeout') AS wait",
  );
  assert.equal(row?.wait, "0");
  for (const { finish, ended } of [lost, next]) {
    finish();
    await ended;
  }
});
