import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError, hasCode } from "@rempart/kernel";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import type { IdentityEvent, NewApiKey, Permission } from "../src/index.ts";
import { HOME, harness, OPERATOR, signUp, someone } from "./harness.ts";
import { persona } from "./people.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const KEY: NewApiKey = { name: "CI", permissions: ["profile.read"] };

async function refused(act: Promise<unknown>, code: string, detail?: Record<string, unknown>): Promise<void> {
  await assert.rejects(act, (error) => {
    assert.ok(error instanceof CodedError && hasCode(error, code), String(error));
    if (detail !== undefined) assert.deepEqual(error.details, detail);
    return true;
  });
}

test("a key stands for its owner with what it names, is shown once, and its last use is known to the minute", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { identity, clock, db } = world;
  const ann = await persona(world, "ann");
  const { secret, ...key } = await identity.apiKeys.create(await ann.subject(), KEY);
  assert.match(secret, /^rmpk_[0-9a-f]{72}$/);
  const subject = await identity.apiKeys.authenticate(secret);
  assert.deepEqual(
    [subject?.kind, subject?.userId, subject?.role, subject?.tenant, [...(subject?.scopes ?? [])]],
    ["api-key", ann.account.id, "USER", null, ["profile.read"]],
  );
  await identity.maintain();
  assert.deepEqual(await identity.apiKeys.of(ann.account.id), [{ ...key, lastUsedAt: clock.now() }]);
  const [row] = await db.query<{ t: string }>("SELECT k::text AS t FROM api_keys k");
  assert.ok(row && !row.t.includes(secret.slice(14)) && row.t.includes(secret.slice(0, 13)));
  assert.ok(!JSON.stringify(events).includes(secret.slice(14)));
});

test("a revoked key, an expired one, and one whose owner is suspended open nothing within a second, in any process", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const elsewhere = world.another();
  const ann = await persona(world, "ann");
  const make = async (more: Partial<NewApiKey> = {}) =>
    identity.apiKeys.create(await ann.subject(), { ...KEY, ...more });
  const revoked = await make();
  const expiring = await make({ expiresAt: clock.now() + MINUTE });
  const kept = await make();
  for (const { secret } of [revoked, expiring, kept]) assert.ok(await elsewhere.apiKeys.authenticate(secret));
  await identity.apiKeys.revoke(await ann.subject(), revoked.id);
  assert.equal(await identity.apiKeys.authenticate(revoked.secret), null, "at once where it was revoked");
  clock.advance(1000);
  assert.equal(await elsewhere.apiKeys.authenticate(revoked.secret), null);
  clock.advance(MINUTE);
  assert.equal(await elsewhere.apiKeys.authenticate(expiring.secret), null);
  assert.deepEqual(
    (await identity.apiKeys.of(ann.account.id)).map(({ id }) => id),
    [kept.id],
  );
  await db.query("UPDATE users SET status = 'BANNED' WHERE id = $1", [ann.account.id]);
  clock.advance(1000);
  assert.equal(await elsewhere.apiKeys.authenticate(kept.secret), null);
});

test("nobody gives a key more than they have, nor what asks for a proof, nor without one", async () => {
  await using world = await harness();
  const { identity, clock, db } = world;
  const ann = await persona(world, "ann");
  const moderator = await persona(world, "mod", "MODERATOR");
  const { apiKeys } = identity;
  const wanting = (...permissions: string[]): NewApiKey => ({
    name: "CI",
    permissions: permissions as Permission[],
  });
  await refused(apiKeys.create(await ann.subject(), wanting("users.search")), "forbidden", {
    reason: "role",
  });
  await refused(apiKeys.create(await moderator.subject(), wanting("users.ban")), "validation-failed", {
    field: "permissions",
  });
  await refused(apiKeys.create(await moderator.subject(), wanting("toString")), "validation-failed", {
    field: "permissions",
  });
  await refused(apiKeys.create(await ann.subject(), wanting("tenant.read")), "forbidden", {
    reason: "other-tenant",
  });
  await refused(apiKeys.create(await ann.subject(), { ...KEY, forTenant: true }), "forbidden", {
    reason: "other-tenant",
  });
  await refused(apiKeys.create(await ann.subject(), { ...KEY, name: " " }), "validation-failed", {
    field: "name",
  });
  for (const expiresAt of [clock.now(), clock.now() + 366 * DAY, Number.NaN, Number.POSITIVE_INFINITY]) {
    await refused(apiKeys.create(await ann.subject(), { ...KEY, expiresAt }), "validation-failed", {
      field: "expiresAt",
    });
  }
  const { secret } = await apiKeys.create(
    await moderator.subject(),
    wanting("users.search", "users.suspend"),
  );
  const subject = await apiKeys.authenticate(secret);
  assert.ok(subject);
  await identity.administration.suspend(subject, ann.account.id, { until: null, reason: "by a key" });
  await refused(identity.administration.sessions(subject, ann.account.id), "forbidden", { reason: "scope" });
  await refused(apiKeys.create(subject, KEY), "forbidden", { reason: "scope" });
  await db.query("UPDATE users SET role = 'USER' WHERE id = $1", [moderator.account.id]);
  clock.advance(1000);
  const lowered = await apiKeys.authenticate(secret);
  assert.ok(lowered);
  await refused(identity.administration.search(lowered, {}), "forbidden", { reason: "role" });
  clock.advance(11 * MINUTE);
  await refused(apiKeys.create(await moderator.subject(), KEY), "step-up-required");
});

test("a key is revoked by its owner, by its organisation's administrators and by the operator, and by nobody else", async () => {
  await using world = await harness();
  const { identity } = world;
  const ann = await persona(world, "ann");
  const other = await persona(world, "other", "ADMIN");
  const { id } = await identity.apiKeys.create(await ann.subject(), KEY);
  await refused(identity.apiKeys.revoke(await other.subject(), id), "unknown-api-key");
  await refused(identity.apiKeys.revoke(await ann.subject(), "'; --"), "unknown-api-key");
  await identity.apiKeys.revoke(OPERATOR, id);
  await refused(identity.apiKeys.revoke(await ann.subject(), id), "unknown-api-key");
});

test("an account has so many live keys, also when all are asked for at once", async () => {
  await using world = await harness({ config: { apiKeys: { perAccount: 3 } } });
  const ann = await persona(world, "ann");
  const subject = await ann.subject();
  const made = await Promise.allSettled(
    Array.from({ length: 8 }, () => world.identity.apiKeys.create(subject, KEY)),
  );
  assert.equal(made.filter(({ status }) => status === "fulfilled").length, 3);
});

test("no text that is not a key costs a query or opens anything", async () => {
  let queries = 0;
  await using world = await harness();
  const counting = world.another({
    delay: async (text) => {
      if (text.includes("api_keys")) queries += 1;
    },
  });
  await signUp(world.identity, someone("ann"), HOME);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: codePoint }),
        fc
          .uint8Array({ minLength: 36, maxLength: 36 })
          .map((bytes) => `rmpk_${Buffer.from(bytes).toString("hex")}`),
      ),
      async (text) => assert.equal(await counting.apiKeys.authenticate(text), null),
    ),
    { numRuns: 100 },
  );
  assert.equal(queries, 0);
});
