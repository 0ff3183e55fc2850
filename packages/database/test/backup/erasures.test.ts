import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once as onceHeard } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import {
  BackupError,
  directoryRepository,
  type ErasureKind,
  erasureKeeper,
  erasureMigrations,
  findErased,
  pruneBackups,
  type Repository,
  replayErasures,
  shipErasures,
  type WaitingErasures,
  waitingErasures,
} from "@rempart/database/backup";
import { hasCode, manualClock } from "@rempart/kernel";
import { type TestDatabase, testDatabase, until } from "@rempart/testing";
import { once } from "../../src/backup/sealed/objects.ts";
import { ERASER_POINTS, type EraserPoint, type EraserSettings } from "./fixtures/eraser-settings.ts";
import { keyringIn } from "./kit.ts";

let place: string;
let sealing: ReturnType<typeof keyringIn>;
let repository: Repository;
/** The one that is backed up, and what a restore made of it. */
let server: TestDatabase;
let restored: TestDatabase;

const PEOPLE = [
  "CREATE TABLE people (name text PRIMARY KEY, closed boolean NOT NULL DEFAULT false)",
  `CREATE FUNCTION erasure_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'DELETE' THEN PERFORM record_erasure('erased', OLD.name);
    ELSE PERFORM record_erasure(CASE WHEN NEW.closed THEN 'closed' ELSE 'reopened' END, NEW.name);
    END IF;
    RETURN NULL;
  END $$`,
  "CREATE TRIGGER erasure_recorded AFTER DELETE OR UPDATE ON people FOR EACH ROW EXECUTE FUNCTION erasure_recorded()",
];

async function removed(work: Promise<readonly object[]>): Promise<boolean> {
  return (await work).length > 0;
}

const kinds: Readonly<Record<string, ErasureKind>> = {
  erased: {
    erase: (tx, { subject }) =>
      removed(tx.query("DELETE FROM people WHERE name = $1 RETURNING name", [subject])),
    remaining: (database, subjects) => names(database, "name = ANY($1)", subjects),
  },
  closed: {
    takenBackBy: "reopened",
    erase: (tx, { subject }) =>
      removed(
        tx.query("UPDATE people SET closed = true WHERE name = $1 AND NOT closed RETURNING name", [subject]),
      ),
    remaining: (database, subjects) => names(database, "name = ANY($1) AND NOT closed", subjects),
  },
};

async function names(
  database: Pick<TestDatabase["database"], "query">,
  where: string,
  subjects: readonly string[],
) {
  const rows = await database.query<{ name: string }>(`SELECT name FROM people WHERE ${where}`, [subjects]);
  return rows.map(({ name }) => name);
}

before(async () => {
  place = await mkdtemp(join(tmpdir(), "rempart-erasures-"));
  sealing = keyringIn(join(place, "key"));
  server = await testDatabase({ migrations: [erasureMigrations] });
  restored = await testDatabase({ migrations: [erasureMigrations] });
  for (const { database } of [server, restored])
    for (const statement of PEOPLE) await database.query(statement);
});
after(async () => {
  await Promise.all([server.close(), restored.close()]);
  sealing[Symbol.dispose]();
  await rm(place, { recursive: true });
});

beforeEach(async () => {
  await rm(join(place, "repository"), { recursive: true, force: true });
  repository = directoryRepository(join(place, "repository"));
  for (const { database } of [server, restored]) {
    await database.query("TRUNCATE people, erasures");
    await database.query("INSERT INTO people VALUES ('ada'), ('bob'), ('eve')");
  }
});

const vault = () => ({ repository, sealing });

function lost(error: unknown): boolean {
  return hasCode(error, "erasures-lost");
}

async function erase(name: string): Promise<void> {
  await server.database.query("DELETE FROM people WHERE name = $1", [name]);
  await shipErasures(server.database, vault());
}

test("who was erased after the backup is erased again, once, and it is told of each", async () => {
  await erase("ada");
  await server.database.query("DELETE FROM people WHERE name = 'bob'");
  assert.equal(await shipErasures(server.database, vault()), 1);
  assert.equal((await findErased(restored.database, vault(), kinds)).length, 2);
  const told: string[] = [];
  const record = async (_: unknown, { subject }: { subject: string }) => void told.push(subject);
  const report = await replayErasures(restored.database, vault(), { kinds, record });
  assert.deepEqual([report, told], [{ replayed: 2, erased: 2 }, ["ada", "bob"]]);
  assert.deepEqual(await findErased(restored.database, vault(), kinds), []);
  assert.deepEqual(await replayErasures(restored.database, vault(), { kinds, record }), {
    replayed: 0,
    erased: 0,
  });
  assert.deepEqual(await waitingErasures(restored.database), { count: 0, since: null });
});

test("a replay that is stopped in the middle is finished by another", async () => {
  await server.database.query("DELETE FROM people WHERE name IN ('ada', 'bob', 'eve')");
  await shipErasures(server.database, vault());
  let left = 1;
  const record = async () => {
    left -= 1;
    if (left < 0) throw new Error("killed");
  };
  await assert.rejects(replayErasures(restored.database, vault(), { kinds, record }), /killed/);
  assert.equal((await findErased(restored.database, vault(), kinds)).length, 2);
  assert.equal((await replayErasures(restored.database, vault(), { kinds })).erased, 2);
  assert.deepEqual(await findErased(restored.database, vault(), kinds), []);
});

test("who came back before the erasure is not erased again, and who left again is", async () => {
  for (const closed of [true, false]) await server.database.query("UPDATE people SET closed = $1", [closed]);
  await server.database.query("UPDATE people SET closed = true WHERE name = 'eve'");
  await shipErasures(server.database, vault());
  assert.equal((await replayErasures(restored.database, vault(), { kinds })).erased, 1);
  assert.deepEqual(await restored.database.query("SELECT name FROM people WHERE closed"), [{ name: "eve" }]);
  assert.deepEqual(await findErased(restored.database, vault(), kinds), []);
});

test("an erasure that is undone leaves no row, and one that commits waits until the repository has it", async () => {
  const undone = server.database.transaction(async (tx) => {
    await tx.query("DELETE FROM people WHERE name = 'ada'");
    throw new Error("undo");
  });
  await assert.rejects(undone, /undo/);
  assert.equal((await waitingErasures(server.database)).count, 0);
  await server.database.query("DELETE FROM people WHERE name = 'ada'");
  const away: Repository = {
    ...repository,
    put: () => Promise.reject(new BackupError("repository-unavailable", "away")),
  };
  await assert.rejects(shipErasures(server.database, { repository: away, sealing }), /away/);
  const { count, since } = await waitingErasures(server.database);
  assert.ok(count === 1 && since !== null);
  assert.equal(await shipErasures(server.database, vault()), 1);
});

test("the keeper brings what commits, and tells what waits", async () => {
  const told: WaitingErasures[] = [];
  const observe = (waiting: WaitingErasures) => void told.push(waiting);
  const keeper = erasureKeeper({ ...vault(), database: server.database, everyMs: 5, observe });
  await keeper.start(new AbortController().signal);
  await server.database.query("DELETE FROM people");
  await until(async () => (await findErased(restored.database, vault(), kinds)).length === 3);
  await until(async () => told.at(-1)?.count === 0);
  await keeper.stop();
});

test("an erasure is acknowledged when it stands in the repository, and what many ask at once is shared", async () => {
  let pages = 0;
  const counted: Repository = {
    ...repository,
    put(name, content, options) {
      if (name !== "erasures/head") pages += 1;
      return repository.put(name, content, options);
    },
  };
  const keeper = erasureKeeper({ database: server.database, repository: counted, sealing });
  const acknowledged = ["ada", "bob", "eve"].map(async (name) => {
    await server.database.query("DELETE FROM people WHERE name = $1", [name]);
    return keeper.recorded();
  });
  assert.deepEqual(await Promise.all(acknowledged), [true, true, true]);
  assert.equal((await findErased(restored.database, vault(), kinds)).length, 3);
  assert.ok(pages <= 3);
  assert.equal(await keeper.recorded(), true);
});

test("while the repository is away or hangs nothing is promised, and a keeper brings it later", async () => {
  const away: Repository = {
    ...repository,
    put: () => Promise.reject(new BackupError("repository-unavailable", "away")),
  };
  const back = Promise.withResolvers<void>();
  const hanging: Repository = {
    ...repository,
    put: (...args) => back.promise.then(() => repository.put(...args)),
  };
  await server.database.query("DELETE FROM people");
  const refused = erasureKeeper({ database: server.database, repository: away, sealing });
  assert.equal(await refused.recorded(), false);
  const late = erasureKeeper({ database: server.database, repository: hanging, sealing });
  assert.equal(await late.recorded(20), false);
  assert.deepEqual(await findErased(restored.database, vault(), kinds), []);
  back.resolve();
  assert.equal(await late.recorded(), true);
  assert.equal((await findErased(restored.database, vault(), kinds)).length, 3);
});

async function eraseUntil(point: EraserPoint): Promise<void> {
  const settings: EraserSettings = {
    databaseUrl: server.url,
    directory: join(place, "repository"),
    keyFile: join(place, "key"),
    point,
  };
  const child = fork(new URL("./fixtures/eraser.ts", import.meta.url), {
    env: { ...process.env, ERASER_SETTINGS: JSON.stringify(settings) },
  });
  const [, signal] = await onceHeard(child, "exit");
  assert.equal(signal, "SIGKILL");
}

for (const point of ERASER_POINTS)
  test(`killed with kill -9, ${point}: what could be acknowledged is in the ledger, and the next brings the rest`, async () => {
    await eraseUntil(point);
    if (point === "recorded") assert.equal((await findErased(restored.database, vault(), kinds)).length, 3);
    const next = erasureKeeper({ ...vault(), database: server.database });
    assert.equal(await next.recorded(), true);
    assert.deepEqual(await waitingErasures(server.database), { count: 0, since: null });
    const report = await replayErasures(restored.database, vault(), { kinds });
    assert.deepEqual(report, { replayed: 3, erased: 3 });
    const again = await replayErasures(restored.database, vault(), { kinds });
    assert.deepEqual(again, { replayed: 0, erased: 0 });
  });

test("two writers, and one that was killed before it took note, leave no gap and lose nothing", async () => {
  await erase("ada");
  // Killed after the page was written: the row still says that it waits.
  await server.database.query("UPDATE erasures SET page = NULL");
  await server.database.query("DELETE FROM people WHERE name = 'bob'");
  await Promise.all([shipErasures(server.database, vault()), shipErasures(server.database, vault())]);
  await until(async () => (await waitingErasures(server.database)).count === 0);
  assert.deepEqual(await replayErasures(restored.database, vault(), { kinds }), { replayed: 2, erased: 2 });
});

test("a page that is gone is told, wherever it stood, and nothing is opened unless that is accepted", async () => {
  for (const name of ["ada", "bob", "eve"]) await erase(name);
  const pages = ["erasures/000000000001", "erasures/000000000002", "erasures/000000000003"];
  for (const page of pages) {
    const kept = await Array.fromAsync(await repository.get(page));
    await repository.delete(page);
    await assert.rejects(replayErasures(restored.database, vault(), { kinds }), lost, page);
    assert.match(String(await findErased(restored.database, vault(), kinds)), /is missing/);
    await repository.put(page, once(Buffer.concat(kept)));
  }
  await repository.delete("erasures/000000000002");
  const told: (readonly string[])[] = [];
  const onLoss = async (loss: readonly string[]) => void told.push(loss);
  assert.equal((await replayErasures(restored.database, vault(), { kinds, onLoss })).erased, 2);
  assert.deepEqual(told, [["page 2 of the erasure ledger is missing"]]);
});

test("with head and pages gone, the database still knows that there were some", async () => {
  await erase("ada");
  await replayErasures(restored.database, vault(), { kinds });
  for await (const { name } of repository.list("erasures/")) await repository.delete(name);
  await assert.rejects(replayErasures(restored.database, vault(), { kinds }), lost);
});

test("whoever can write to the repository cannot have people erased", async () => {
  await erase("ada");
  const page = { format: 1, erasures: [{ id: crypto.randomUUID(), kind: "erased", subject: "eve", at: 1 }] };
  const genuine = Buffer.concat(await Array.fromAsync(await repository.get("erasures/000000000001")));
  const foreign = keyringIn(join(place, "another-key"));
  const forged = foreign.sealStream(once(Buffer.from(JSON.stringify(page))), {
    table: "rempart-backup",
    column: "object",
    row: "erasures/000000000002",
  });
  const attempts = {
    "in clear": once(Buffer.from(JSON.stringify(page))),
    "a page of another number": once(genuine),
    "sealed with another key": forged,
  };
  for (const [name, content] of Object.entries(attempts)) {
    await repository.put("erasures/000000000002", content);
    await assert.rejects(replayErasures(restored.database, vault(), { kinds }), lost, name);
  }
  foreign[Symbol.dispose]();
  assert.equal((await restored.database.query("SELECT FROM people")).length, 3);
});

test("a kind that this version does not know ends it", async () => {
  await server.database.query("SELECT record_erasure('of a later version', 'eve')");
  await shipErasures(server.database, vault());
  await assert.rejects(replayErasures(restored.database, vault(), { kinds }), lost);
});

test("no clean-up removes the ledger, whatever its age", async () => {
  await erase("ada");
  const ledger = () => Array.fromAsync(repository.list("erasures/"), ({ name }) => name);
  const before = await ledger();
  const clock = manualClock(Date.now() + 5_000 * 86_400_000);
  await pruneBackups(vault(), { policy: { keepMs: 0, archiveMs: 0 }, clock });
  assert.deepEqual(await ledger(), before);
  assert.equal(before.length, 2);
});
