import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { createDatabase, type Database, startEmbeddedPostgres } from "@rempart/database";
import { manualClock } from "@rempart/kernel";
import {
  type CredentialStore,
  type DatabaseRotationOptions,
  databaseRotation,
  KeysError,
  type RotationStep,
} from "@rempart/keys";
import { Secret } from "@rempart/runtime";
import { scratchDirectory } from "./fixtures/run.ts";

const server = await startEmbeddedPostgres({
  directory: join(await scratchDirectory(), "postgres"),
  durable: false,
});
const superuser = createDatabase({ url: server.superuserUrl, poolSize: 4 });
after(async () => {
  await superuser.close();
  await server.stop();
});

let count = 0;

/** An application role that owns a database with a table in it, as an installer makes it, and what rotates its password. */
async function installation(options: Partial<DatabaseRotationOptions> = {}) {
  count += 1;
  const name = `app${count}`;
  await superuser.query(`CREATE ROLE ${name} LOGIN PASSWORD 'first-password' CONNECTION LIMIT 40`);
  await superuser.query(`CREATE DATABASE ${name} OWNER ${name}`);
  await superuser.query(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`);
  await superuser.query(`ALTER ROLE ${name} SET search_path TO private, public`);
  await superuser.query(`ALTER ROLE ${name} IN DATABASE ${name} SET app.motto TO 'it''s \\ "so"'`);
  const address = new URL(server.url);
  Object.assign(address, { username: name, password: "first-password", pathname: `/${name}` });
  const state = { url: new Secret(address.href), listeners: [] as ((url: Secret) => Promise<void>)[] };
  const credentials: CredentialStore = {
    read: async () => state.url,
    async write(url) {
      state.url = url;
      await Promise.all(state.listeners.map((tell) => tell(url)));
    },
  };
  const steps: RotationStep[] = [];
  const rotation = (more: Partial<DatabaseRotationOptions> = {}) =>
    databaseRotation({
      admin: (work) => superuser.session(work),
      credentials,
      connect,
      graceMs: 0,
      drainMs: 10_000,
      observe: (step) => steps.push(step),
      ...options,
      ...more,
    });
  return {
    name,
    state,
    credentials,
    rotation,
    steps,
    open: () => createDatabase({ url: state.url.reveal(), poolSize: 4 }),
  };
}

async function connect<T>(url: Secret, work: (session: Database) => Promise<T>): Promise<T> {
  const database = createDatabase({ url: url.reveal(), poolSize: 1 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

const loginsOf = async (name: string): Promise<string[]> => {
  const rows = await superuser.query<{ name: string }>(
    "SELECT rolname::text AS name FROM pg_roles WHERE rolcanlogin AND rolname LIKE $1 ORDER BY 1",
    [`${name}%`],
  );
  return rows.map((row) => row.name);
};

test("under load the password rotates three times and no statement fails", async () => {
  const place = await installation();
  const processes = [place.open(), place.open()];
  const [first] = processes as [Database, Database];
  await first.query("CREATE SCHEMA private");
  await first.query("CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author text)");
  for (const database of processes) {
    // The second process hears of it a while later than the first.
    place.state.listeners.push(async (url) => {
      setTimeout(() => database.switchTo(url.reveal()), database === first ? 0 : 200);
    });
  }
  let going = true;
  let written = 0;
  const load = processes.flatMap((database) =>
    Array.from({ length: 8 }, async () => {
      for (; going; written += 1)
        await database.transaction((tx) => tx.query("INSERT INTO notes (author) VALUES (session_user)"));
    }),
  );
  for (let i = 1; i <= 3; i += 1) {
    assert.deepEqual(await place.rotation().run(), { state: "done", login: `${place.name}_r${i}` });
    assert.deepEqual(await loginsOf(place.name), [`${place.name}_r${i}`]);
  }
  going = false;
  await Promise.all(load);
  const [row] = await first.query<{ count: number; authors: number }>(
    "SELECT count(*), count(DISTINCT author) AS authors FROM notes",
  );
  assert.deepEqual(row, { count: written, authors: 4 });
  await Promise.all(processes.map((database) => database.close()));
});

test("the new login is the old one in all but name and password", async () => {
  const place = await installation();
  await connect(place.state.url, (database) => database.query("CREATE TABLE before (id int PRIMARY KEY)"));
  await place.rotation().run();
  await connect(place.state.url, async (database) => {
    await database.query("CREATE TABLE afterwards (id int PRIMARY KEY)");
    await database.query("ALTER TABLE before ADD COLUMN more int");
    const [row] = await database.query(`
      SELECT current_user::text AS role, current_setting('search_path') AS path, current_setting('app.motto') AS motto,
             (SELECT array_agg(DISTINCT tableowner::text) FROM pg_tables WHERE tablename IN ('before', 'afterwards')) AS owners,
             (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user) AS limit`);
    const expected = {
      role: place.name,
      path: "private, public",
      motto: `it's \\ "so"`,
      owners: [place.name],
      limit: 40,
    };
    assert.deepEqual(row, expected);
  });
});

test("the old password is worth nothing afterwards, and the new one is in no statement and no report", async () => {
  const place = await installation();
  const old = place.state.url;
  const statements: string[] = [];
  const admin: DatabaseRotationOptions["admin"] = (work) =>
    superuser.session((session) =>
      work({
        query(text, values) {
          statements.push(text, inspect(values));
          return session.query(text, values);
        },
      }),
    );
  await place.rotation({ admin }).run();
  await assert.rejects(
    connect(old, (database) => database.ping()),
    { code: "wrong-credentials" },
  );
  const password = new URL(place.state.url.reveal()).password;
  assert.equal(password.length, 43);
  assert.ok(statements.some((text) => text.includes("PASSWORD 'SCRAM-SHA-256$4096:")));
  assert.ok(!inspect([statements, place.steps], { depth: 9, maxArrayLength: null }).includes(password));
});

test("an address that cannot be read is refused without a word of it", async () => {
  const read = async () => new Secret("postgres://app:first-password@[::1/app");
  const place = await installation({ credentials: { read, write: async () => {} } });
  const failure = await place
    .rotation()
    .run()
    .catch((error: unknown) => error);
  assert.ok(failure instanceof KeysError);
  assert.equal(failure.code, "rotation-refused");
  assert.ok(!inspect(failure, { depth: 9, showHidden: true }).includes("first-password"));
});

test("a role of the next name that no rotation made is left alone", async () => {
  const place = await installation();
  await superuser.query(`CREATE ROLE ${place.name}_r1 LOGIN PASSWORD 'somebody'`);
  await assert.rejects(place.rotation().run(), { code: "rotation-refused" });
  const stranger = new URL(place.state.url.reveal());
  Object.assign(stranger, { username: `${place.name}_r1`, password: "somebody", pathname: "/postgres" });
  await connect(new Secret(stranger.href), (database) => database.ping());
});

test("a rotation taken up later counts its grace from then", async () => {
  const clock = manualClock(Date.now());
  const place = await installation({ graceMs: 60_000, drainMs: 0, clock });
  const crash = (): never => {
    throw new Error("power cut");
  };
  await assert.rejects(place.rotation({ observe: crash }).run(), { code: "rotation-failed" });
  clock.advance(3_600_000);
  assert.equal((await place.rotation().run()).state, "overlap");
  clock.advance(59_999);
  assert.equal((await place.rotation().run()).state, "overlap");
  clock.advance(1);
  assert.equal((await place.rotation().run()).state, "done");
});

const STOPS = ["made", "proved", "published", "ended", "dropped"] as const;

for (const stop of STOPS) {
  test(`cut short right after "${stop}", the application works, and another run finishes`, async () => {
    const place = await installation();
    const application = place.open();
    await application.ping();
    place.state.listeners.push((url) => application.switchTo(url.reveal()));
    // Two rotations, so that there is a login to drop.
    await place.rotation().run();
    const crash = (step: RotationStep): void => {
      if (step.step === stop) throw new Error("power cut");
    };
    await assert.rejects(place.rotation({ observe: crash }).run(), { code: "rotation-failed" });
    await application.query("SELECT 1");
    await connect(place.state.url, (database) => database.ping());
    const outcome = await place.rotation().run();
    assert.equal(outcome.state, "done");
    // Whatever was in flight was finished, not begun anew; only a rotation that had nothing left to do begins the next.
    const last = stop === "dropped" ? 3 : 2;
    assert.deepEqual(await loginsOf(place.name), [`${place.name}_r${last}`]);
    await application.query("SELECT 1");
    await application.close();
  });
}

test("a process that does not let go of the old login holds up its end, and loses nothing", async () => {
  const place = await installation({ drainMs: 300 });
  const stubborn = place.open();
  await stubborn.query("SELECT 1");
  const outcome = await place.rotation().run();
  assert.deepEqual(outcome, { state: "overlap", login: `${place.name}_r1`, old: place.name, sessions: 1 });
  await stubborn.query("SELECT 1");
  const states = (await place.rotation().versions()).map(({ id, activeUntil }) => [id, activeUntil === null]);
  assert.deepEqual(states, [
    [place.name, false],
    [`${place.name}_r1`, true],
  ]);
  await stubborn.close();
  assert.deepEqual(await place.rotation().run(), { state: "done", login: `${place.name}_r1` });
  assert.deepEqual(await loginsOf(place.name), [`${place.name}_r1`]);
});

test("within the grace the old login stays, though nobody uses it: somebody may be about to", async () => {
  const place = await installation({ graceMs: 60_000, drainMs: 300 });
  assert.equal((await place.rotation().run()).state, "overlap");
  assert.deepEqual(await loginsOf(place.name), [place.name, `${place.name}_r1`]);
});

test("two at once: one rotates, the other is told so", async () => {
  const place = await installation();
  const { promise: published, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  place.state.listeners.push(() => {
    begin();
    return published;
  });
  const first = place.rotation().run();
  await begun;
  await assert.rejects(place.rotation().run(), { code: "rotation-busy" });
  goOn();
  await first;
  assert.deepEqual(await loginsOf(place.name), [`${place.name}_r1`]);
});

test("a login that does not act as its group is never published", async () => {
  const place = await installation();
  const before = place.state.url;
  const elsewhere: DatabaseRotationOptions["connect"] = (_, work) => superuser.session(work);
  await assert.rejects(place.rotation({ connect: elsewhere }).run(), { code: "rotation-failed" });
  assert.equal(place.state.url, before);
});

test("only marked logins of the group are ever dropped", async () => {
  const place = await installation();
  await superuser.query(`CREATE ROLE ${place.name}_r0 LOGIN IN ROLE ${place.name}`);
  await superuser.query(`CREATE ROLE ${place.name}_person LOGIN IN ROLE ${place.name}`);
  for (let i = 0; i < 2; i += 1) await place.rotation().run();
  assert.deepEqual(await loginsOf(place.name), [
    `${place.name}_person`,
    `${place.name}_r0`,
    `${place.name}_r2`,
  ]);
  await assert.rejects(place.rotation().retire(`${place.name}_person`), { code: "rotation-refused" });
  await assert.rejects(place.rotation().destroy(place.name), { code: "rotation-refused" });
});

test("an old login is ended by hand at once, whoever is connected", async () => {
  const place = await installation({ drainMs: 0 });
  const stubborn = place.open();
  await stubborn.query("SELECT 1");
  await place.rotation().run();
  await place.rotation().retire(place.name);
  assert.deepEqual(await loginsOf(place.name), [`${place.name}_r1`]);
  await stubborn.close();
});
