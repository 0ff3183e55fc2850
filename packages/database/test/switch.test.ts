import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { createDatabase, startEmbeddedPostgres } from "@rempart/database";
import { until } from "@rempart/testing";
import { scratchDirectory } from "./fixtures/run.ts";

// A server of its own: only its superuser may make roles.
const directory = join(await scratchDirectory(), "postgres");
const { url, superuserUrl, stop } = await startEmbeddedPostgres({ directory, durable: false });
const admin = createDatabase({ url: superuserUrl, poolSize: 2 });
const [first, second] = ["first", "second"];
for (const role of [first, second])
  await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}-password'`);
after(async () => {
  await admin.close();
  await stop();
});

function urlOf(role: string, password = `${role}-password`): string {
  const changed = new URL(url);
  changed.username = role;
  changed.password = password;
  return changed.href;
}

const sessionsOf = async (role: string): Promise<number> =>
  (await admin.query("SELECT 1 FROM pg_stat_activity WHERE usename = $1", [role])).length;

test("under load, statements and transactions go on while the credentials change, ten times over", async () => {
  const database = createDatabase({ url: urlOf(first), poolSize: 4 });
  const users = new Set<string>();
  let going = true;
  let done = 0;
  const query = async (): Promise<void> => {
    const [row] = await database.query<{ user: string }>(
      "SELECT current_user::text AS user, pg_sleep(0.002)",
    );
    users.add(row?.user ?? "");
  };
  const transact = (): Promise<void> =>
    database.transaction(async (tx) => {
      const names = [];
      for (let i = 0; i < 3; i += 1)
        names.push(...(await tx.query<{ user: string }>("SELECT current_user::text AS user")));
      assert.equal(new Set(names.map(({ user }) => user)).size, 1);
    });
  // Four times as many callers as connections: somebody always waits in line.
  const callers = Array.from({ length: 16 }, async (_, i) => {
    for (; going; done += 1) await (i % 2 === 0 ? query() : transact());
  });
  for (let i = 0; i < 10; i += 1) {
    const before = done;
    await until(() => done >= before + 20);
    await database.switchTo(urlOf(i % 2 === 0 ? second : first));
  }
  going = false;
  await Promise.all(callers);
  assert.deepEqual([...users].sort(), [first, second]);
  await database.close();
});

test("connections of before end when they are released, and no sooner", async () => {
  const database = createDatabase({ url: urlOf(first) });
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const long = database.transaction(async (tx) => {
    await tx.query("SELECT 1");
    begin();
    await held;
    return tx.query<{ user: string }>("SELECT current_user::text AS user");
  });
  await begun;
  await database.switchTo(urlOf(second));
  assert.deepEqual(await database.query("SELECT current_user::text AS user"), [{ user: second }]);
  assert.equal(await sessionsOf(first), 1);
  letGo();
  assert.deepEqual(await long, [{ user: first }]);
  await until(async () => (await sessionsOf(first)) === 0);
  await database.close();
});

test("credentials that do not work change nothing", async () => {
  const database = createDatabase({ url: urlOf(first) });
  await assert.rejects(database.switchTo(urlOf(second, "wrong")), { code: "wrong-credentials" });
  await assert.rejects(database.switchTo("postgres://127.0.0.1:1/none"), { code: "unavailable" });
  assert.deepEqual(await database.query("SELECT current_user::text AS user"), [{ user: first }]);
  await database.close();
});

test("closed, it does not switch", async () => {
  const database = createDatabase({ url: urlOf(first) });
  await database.ping();
  await database.close();
  await assert.rejects(database.switchTo(urlOf(second)), { code: "closed" });
  assert.equal(await sessionsOf(second), 0);
});
