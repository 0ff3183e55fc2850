import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, DatabaseError } from "@rempart/database";
import { type Logger, silentLogger } from "@rempart/runtime";
import { until } from "@rempart/testing";
import { HOME, harness, PASSWORD, signIn, signUp, someone } from "./harness.ts";

/** Cuts every connection to the database and lets no new one in, until `mend` is called. */
async function cut(url: string) {
  const server = new URL(url);
  const name = server.pathname.slice(1);
  server.pathname = "/postgres";
  const maintenance = createDatabase({ url: server.href, poolSize: 1 });
  const allow = (allowed: boolean) =>
    maintenance.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS ${allowed}`);
  await allow(false);
  await maintenance.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [
    name,
  ]);
  return {
    async mend() {
      await allow(true);
      await maintenance.close();
    },
  };
}

test("while the database is away nobody is let in on memory alone; when it is back everything goes on by itself", async () => {
  const warnings: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_fields, message) => void warnings.push(message ?? "") };
  await using world = await harness({ log });
  const { identity, clock } = world;
  const { token, session } = await signUp(identity, someone("ann"), HOME);
  assert.ok(await identity.authenticate(token));
  const outage = await cut(world.url);
  clock.advance(1000);
  await assert.rejects(identity.authenticate(token), DatabaseError);
  await assert.rejects(
    signIn(identity, { email: "ann@example.org", password: PASSWORD }, HOME),
    DatabaseError,
  );
  await assert.rejects(identity.signOut(session.id), DatabaseError);
  clock.advance(60_000);
  identity.touch(session.id);
  const touchedAt = clock.now();
  await until(() => warnings.length > 0);
  // For more beats to fail.
  await sleep(1_000);
  await outage.mend();
  assert.equal(warnings.length, 1, "one line for one outage, however many beats failed");
  await identity.maintain();
  const [kept] = await identity.sessions(session.userId);
  assert.equal(kept?.lastUsedAt, touchedAt, "a use during the outage is written after it");
  clock.advance(1000);
  assert.deepEqual((await identity.authenticate(token))?.session.id, session.id);
  await identity.signOut(session.id);
  assert.equal(await identity.authenticate(token), null);
});
