import assert from "node:assert/strict";
import { test } from "node:test";
import { asPrincipal, migrate, tenancyMigrations } from "@rempart/database";
import { CodedError, hasCode } from "@rempart/kernel";
import { type IdentityEvent, type Invitation, type Membership, principalOf } from "../src/index.ts";
import { type Harness, HOME, harness, OPERATOR, signUp, someone, testEnvelopes } from "./harness.ts";
import { type Persona, persona, prove } from "./people.ts";

const DAY = 24 * 60 * 60_000;
const NOWHERE = "00000000-0000-7000-8000-000000000000";

async function refused(act: Promise<unknown>, code: string, reason?: string): Promise<void> {
  await assert.rejects(act, (error) => {
    assert.ok(error instanceof CodedError && hasCode(error, code), String(error));
    if (reason !== undefined) assert.equal(error.details.reason, reason);
    return true;
  });
}

/** An organisation with its owner, whose session stands for it. */
async function guild(world: Harness): Promise<{ owner: Persona; tenant: Membership }> {
  const owner = await persona(world, "owner");
  const tenant = await world.identity.tenants.create(owner.account, " Guild ");
  await world.identity.tenants.enter(owner.session, tenant.id);
  return { owner, tenant };
}

/** Somebody who followed an invitation and stands for the organisation. */
async function joined(
  world: Harness,
  { owner, tenant }: { owner: Persona; tenant: Membership },
  name: string,
  role: Membership["role"],
): Promise<Persona> {
  const { tenants } = world.identity;
  const person = await persona(world, name);
  const { token } = await tenants.invite(await owner.subject(), tenant.id, {
    email: person.account.email,
    role,
  });
  assert.deepEqual(await tenants.accept(person.account, token), { ...tenant, role });
  await tenants.enter(person.session, tenant.id);
  return person;
}

test("an organisation is founded, joined by invitation, entered and left; a session says whom it stands for", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { identity, clock } = world;
  const { owner, tenant } = await guild(world);
  assert.deepEqual([tenant.name, tenant.role], ["Guild", "OWNER"]);
  const member = await joined(world, { owner, tenant }, "mia", "MEMBER");
  const elsewhere = world.another();
  assert.deepEqual((await elsewhere.authenticate(member.token))?.session.tenant, {
    id: tenant.id,
    role: "MEMBER",
  });
  assert.deepEqual(await identity.tenants.of(member.account.id), [{ ...tenant, role: "MEMBER" }]);
  const members = await identity.tenants.members(await member.subject(), tenant.id);
  assert.deepEqual(
    members.map(({ userId, role }) => [userId, role]),
    [
      [owner.account.id, "OWNER"],
      [member.account.id, "MEMBER"],
    ],
  );
  await identity.tenants.enter(member.session, null);
  assert.equal((await identity.authenticate(member.token))?.session.tenant, null);
  await refused(identity.tenants.members(await member.subject(), tenant.id), "forbidden", "other-tenant");
  await identity.tenants.enter(member.session, tenant.id);
  await identity.tenants.leave(member.account.id, tenant.id);
  clock.advance(1000);
  assert.equal((await elsewhere.authenticate(member.token))?.session.tenant, null);
  await refused(identity.tenants.enter(member.session, tenant.id), "not-a-member");
  await refused(identity.tenants.leave(member.account.id, tenant.id), "not-a-member");
  assert.deepEqual(
    events.map(({ type }) => type).filter((type) => type.startsWith("tenant.")),
    [
      "tenant.created",
      "tenant.member.added",
      "tenant.invitation.created",
      "tenant.member.added",
      "tenant.member.removed",
    ],
  );
});

test("an invitation is for one address, once, for a week, and ends with the next one", async () => {
  await using world = await harness();
  const { clock, identity } = world;
  const { tenants } = identity;
  const { owner, tenant } = await guild(world);
  const invited = await signUp(identity, someone("ida"), HOME);
  const thief = await signUp(identity, someone("thief"), HOME);
  const invite = async () =>
    (await tenants.invite(await owner.subject(), tenant.id, { email: "IDA@example.org", role: "ADMIN" }))
      .token;
  const first = await invite();
  const second = await invite();
  await refused(tenants.accept(thief.account, second), "invalid-invitation");
  await refused(tenants.accept(invited.account, first), "invalid-invitation");
  const both = await Promise.allSettled([
    tenants.accept(invited.account, second),
    tenants.accept(invited.account, second),
  ]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  await prove(world, owner);
  await refused(tenants.accept(invited.account, await invite()), "already-member");
  await tenants.leave(invited.account.id, tenant.id);
  const late = await invite();
  assert.equal(await tenants.withdrawInvitation(await owner.subject(), tenant.id, "ida@example.org"), true);
  assert.equal(await tenants.withdrawInvitation(await owner.subject(), tenant.id, "ida@example.org"), false);
  await refused(tenants.accept(invited.account, late), "invalid-invitation");
  const last = await invite();
  clock.advance(7 * DAY - 1);
  const again = await signUp(world.another(), someone("zoe"), HOME);
  await refused(tenants.accept(again.account, last), "invalid-invitation");
  clock.advance(1);
  await refused(tenants.accept(invited.account, last), "invalid-invitation");
  for (const garbage of ["", "x", "é".repeat(43), "A".repeat(1e5)]) {
    await refused(tenants.accept(invited.account, garbage), "invalid-invitation");
  }
});

test("nobody rises by themselves, acts above themselves, or leaves an organisation without an owner", async () => {
  await using world = await harness();
  const { tenants } = world.identity;
  const home = await guild(world);
  const { owner, tenant } = home;
  const admin = await joined(world, home, "ada", "ADMIN");
  const member = await joined(world, home, "mia", "MEMBER");
  const ids = { owner: owner.account.id, admin: admin.account.id, member: member.account.id };
  await refused(
    tenants.changeRole(await admin.subject(), tenant.id, ids.admin, "OWNER"),
    "forbidden",
    "own-account",
  );
  await refused(
    tenants.changeRole(await admin.subject(), tenant.id, ids.member, "OWNER"),
    "forbidden",
    "higher-role",
  );
  await refused(
    tenants.changeRole(await admin.subject(), tenant.id, ids.owner, "MEMBER"),
    "forbidden",
    "higher-role",
  );
  await refused(tenants.remove(await admin.subject(), tenant.id, ids.owner), "forbidden", "higher-role");
  await refused(tenants.remove(await member.subject(), tenant.id, ids.admin), "forbidden", "role");
  await refused(
    tenants.invite(await member.subject(), tenant.id, { email: "x@example.org", role: "MEMBER" }),
    "forbidden",
  );
  await refused(
    tenants.invite(await admin.subject(), tenant.id, { email: "x@example.org", role: "OWNER" }),
    "forbidden",
    "higher-role",
  );
  await refused(tenants.delete(await admin.subject(), tenant.id), "forbidden", "role");
  await refused(tenants.leave(ids.owner, tenant.id), "last-administrator");
  await refused(tenants.changeRole(OPERATOR, tenant.id, ids.owner, "MEMBER"), "last-administrator");
  await refused(tenants.remove(await owner.subject(), tenant.id, NOWHERE), "not-a-member");
  await refused(tenants.rename(OPERATOR, NOWHERE, "X"), "unknown-tenant");
  await tenants.changeRole(await owner.subject(), tenant.id, ids.admin, "OWNER");
  const leaving = await Promise.allSettled([
    tenants.leave(ids.owner, tenant.id),
    tenants.leave(ids.admin, tenant.id),
  ]);
  assert.deepEqual(leaving.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

test("a member of one organisation may nothing in another, with a session, a token or a key", async () => {
  await using world = await harness({ envelopes: testEnvelopes() });
  const { tenants } = world.identity;
  const { owner } = await guild(world);
  const stranger = await persona(world, "stranger");
  const theirs = await tenants.create(stranger.account, "Theirs");
  const acts = [
    async () => tenants.members(await owner.subject(), theirs.id),
    async () => tenants.rename(await owner.subject(), theirs.id, "Ours"),
    async () => tenants.invite(await owner.subject(), theirs.id, { email: "x@example.org", role: "MEMBER" }),
    async () => tenants.remove(await owner.subject(), theirs.id, stranger.account.id),
    async () => tenants.delete(await owner.subject(), theirs.id),
    async () => world.identity.apiKeys.ofTenant(await owner.subject(), theirs.id),
  ];
  for (const act of acts) await refused(act(), "forbidden", "other-tenant");
  await refused(tenants.enter(owner.session, theirs.id), "not-a-member");
  await refused(tenants.enter(owner.session, "'; --"), "not-a-member");
});

test("who is removed or lowered loses it within a second: session, access token and key, in every process", async () => {
  await using world = await harness({ envelopes: testEnvelopes() });
  const { identity, clock } = world;
  const home = await guild(world);
  const { owner, tenant } = home;
  const elsewhere = world.another();
  const admin = await joined(world, home, "ada", "ADMIN");
  const who = await identity.authenticate(admin.token);
  assert.ok(who);
  const { token } = await identity.tokens.issue(who);
  const key = await identity.apiKeys.create(await admin.subject(), {
    name: "ci",
    permissions: ["tenant.rename"],
    forTenant: true,
  });
  assert.deepEqual((await elsewhere.tokens.check(token))?.tenant, { id: tenant.id, role: "ADMIN" });
  const subject = await elsewhere.apiKeys.authenticate(key.secret);
  assert.ok(subject);
  await elsewhere.tenants.rename(subject, tenant.id, "Renamed by a key");
  await identity.tenants.changeRole(await owner.subject(), tenant.id, admin.account.id, "MEMBER");
  clock.advance(1000);
  assert.equal(await elsewhere.tokens.check(token), null);
  const lowered = await elsewhere.apiKeys.authenticate(key.secret);
  assert.ok(lowered);
  await refused(elsewhere.tenants.rename(lowered, tenant.id, "x"), "forbidden", "role");
  assert.equal((await elsewhere.authenticate(admin.token))?.session.tenant?.role, "MEMBER");
  await identity.tenants.remove(await owner.subject(), tenant.id, admin.account.id);
  clock.advance(1000);
  assert.equal(await elsewhere.apiKeys.authenticate(key.secret), null);
  assert.ok(await elsewhere.authenticate(admin.token), "the person is still signed in");
});

test("a deleted organisation is gone from sessions, with its keys and invitations; nothing else is", async () => {
  await using world = await harness();
  const { identity, clock } = world;
  const home = await guild(world);
  const { owner, tenant } = home;
  const member = await joined(world, home, "mia", "MEMBER");
  const key = await identity.apiKeys.create(await owner.subject(), {
    name: "k",
    permissions: ["tenant.read"],
    forTenant: true,
  });
  const pending = await identity.tenants.invite(await owner.subject(), tenant.id, {
    email: "z@example.org",
    role: "MEMBER",
  });
  clock.advance(11 * 60_000);
  await refused(identity.tenants.delete(await owner.subject(), tenant.id), "step-up-required");
  await prove(world, owner);
  await identity.tenants.delete(await owner.subject(), tenant.id);
  assert.equal((await identity.authenticate(member.token))?.session.tenant, null);
  assert.equal(await identity.apiKeys.authenticate(key.secret), null);
  const late = await signUp(identity, someone("z"), HOME);
  await refused(identity.tenants.accept(late.account, pending.token), "invalid-invitation");
});

test("an account is a member of so many organisations, and an organisation has so many members, also when all come at once", async () => {
  await using world = await harness({ config: { tenants: { perAccount: 2, members: 2 } } });
  const { tenants } = world.identity;
  const home = await guild(world);
  const { owner, tenant } = home;
  const made = await Promise.allSettled(
    Array.from({ length: 4 }, (_, i) => tenants.create(owner.account, `T${i}`)),
  );
  assert.equal(made.filter(({ status }) => status === "fulfilled").length, 1);
  const people = [];
  for (const name of ["p1", "p2", "p3"]) people.push(await persona(world, name));
  const invitations: Invitation[] = [];
  for (const { account } of people) {
    invitations.push(
      await tenants.invite(await owner.subject(), tenant.id, { email: account.email, role: "MEMBER" }),
    );
  }
  const joins = await Promise.allSettled(
    people.map(({ account }, i) => tenants.accept(account, invitations[i]?.token ?? "")),
  );
  assert.equal(joins.filter(({ status }) => status === "fulfilled").length, 1);
});

test("what a session stands for is what row-level security shows it, and a switch shows the other", async () => {
  await using world = await harness();
  const { identity, db } = world;
  const { owner, tenant } = await guild(world);
  const second = await identity.tenants.create(owner.account, "Second");
  await migrate(db, [tenancyMigrations]);
  await db.query("CREATE TABLE notes (id int PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id))");
  await db.query("SELECT isolate_by_tenant('notes')");
  for (const [id, { id: tenantId }] of [tenant, second].entries()) {
    await asPrincipal(db, { tenantId, userId: owner.account.id }, (tx) =>
      tx.query("INSERT INTO notes VALUES ($1, $2)", [id, tenantId]),
    );
  }
  const seen = async () =>
    asPrincipal(db, principalOf(await owner.subject()), (tx) => tx.query("SELECT id FROM notes"));
  assert.deepEqual(await seen(), [{ id: 0 }]);
  await identity.tenants.enter(owner.session, second.id);
  assert.deepEqual(await seen(), [{ id: 1 }]);
  await identity.tenants.enter(owner.session, null);
  assert.deepEqual(await seen(), []);
});

test("whoever is erased leaves no organisation without an owner: it gets another one first, or goes where nobody else is in it", async () => {
  const events: IdentityEvent[] = [];
  await using world = await harness({ observe: async (event) => void events.push(event) });
  const { tenants, administration, eraseAccount } = world.identity;
  const { owner, tenant } = await guild(world);
  const member = await joined(world, { owner, tenant }, "mia", "MEMBER");
  const [ownerId, memberId] = [owner.account.id, member.account.id];
  await refused(eraseAccount(owner), "last-administrator");
  await refused(administration.erase(OPERATOR, ownerId), "last-administrator");
  const own = await tenants.create(member.account, "Alone");
  await tenants.changeRole(OPERATOR, tenant.id, memberId, "OWNER");
  await eraseAccount(owner);
  assert.deepEqual(await tenants.of(memberId), [own, { ...tenant, role: "OWNER" }]);
  await administration.erase(OPERATOR, memberId);
  assert.deepEqual(await world.db.query("SELECT FROM tenants"), []);
  const gone = events.flatMap((event) => (event.type === "tenant.deleted" ? [event.tenantId] : []));
  assert.deepEqual(gone.toSorted(), [own.id, tenant.id].toSorted());
});
