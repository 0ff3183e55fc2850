import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { IdentityEvent } from "../src/index.ts";
import { AWAY, HOME, harness, OPERATOR, testEnvelopes } from "./harness.ts";
import { persona } from "./people.ts";

const TABLES = [
  "users",
  "sessions",
  "superseded_tokens",
  "signing_keys",
  "tenants",
  "memberships",
  "tenant_invitations",
  "api_keys",
];

/** An organisation with an owner, a member, an open invitation and a key. */
async function populated(refused: () => IdentityEvent["type"] | null, written: string[] = []) {
  const world = await harness({
    envelopes: testEnvelopes(),
    observe: async (event) => {
      if (event.type === refused()) throw new Error("the log is full");
      written.push(inspect(event, { depth: 10 }));
    },
  });
  const { identity } = world;
  const owner = await persona(world, "owner", "ADMIN");
  const member = await persona(world, "member");
  const guest = await persona(world, "guest");
  const tenant = await identity.tenants.create(owner.account, "Guild");
  await identity.tenants.enter(owner.session, tenant.id);
  const invite = async (email: string) =>
    identity.tenants.invite(await owner.subject(), tenant.id, { email, role: "MEMBER" });
  await identity.tenants.accept(member.account, (await invite(member.account.email)).token);
  const invitation = await invite(guest.account.email);
  const key = await identity.apiKeys.create(await owner.subject(), {
    name: "CI",
    permissions: ["tenant.read"],
    forTenant: true,
  });
  const kid = await identity.tokens
    .issue(owner)
    .then(async () => (await identity.tokens.jwks()).keys[0]?.kid ?? "");
  return { world, owner, member, guest, tenant, invitation, key, kid, written };
}

test("an act on sessions, keys, organisations or accounts whose record cannot be written does not happen", async () => {
  let refused: IdentityEvent["type"] | null = null;
  const { world, owner, member, guest, tenant, invitation, key, kid } = await populated(() => refused);
  await using _ = world;
  const { tokens, tenants, apiKeys, administration } = world.identity;
  const by = await owner.subject();
  const acts: [IdentityEvent["type"], () => Promise<unknown>][] = [
    ["auth.session.refreshed", () => tokens.refresh(member.token, HOME)],
    ["keys.jwt.rotated", () => tokens.signingKeys.rotate()],
    ["keys.jwt.retired", () => tokens.signingKeys.retire(kid)],
    ["tenant.created", () => tenants.create(member.account, "Other")],
    ["tenant.member.added", () => tenants.create(member.account, "Other")],
    ["auth.session.tenant", () => tenants.enter(member.session, tenant.id)],
    ["tenant.renamed", () => tenants.rename(by, tenant.id, "New")],
    [
      "tenant.invitation.created",
      () => tenants.invite(by, tenant.id, { email: "x@example.org", role: "MEMBER" }),
    ],
    ["tenant.invitation.withdrawn", () => tenants.withdrawInvitation(by, tenant.id, guest.account.email)],
    ["tenant.member.added", () => tenants.accept(guest.account, invitation.token)],
    ["tenant.member.role-changed", () => tenants.changeRole(by, tenant.id, member.account.id, "ADMIN")],
    ["tenant.member.removed", () => tenants.remove(by, tenant.id, member.account.id)],
    ["tenant.member.removed", () => tenants.leave(member.account.id, tenant.id)],
    ["tenant.deleted", () => tenants.delete(by, tenant.id)],
    ["auth.api-key.created", () => apiKeys.create(by, { name: "x", permissions: [] })],
    ["auth.api-key.revoked", () => apiKeys.revoke(by, key.id)],
    ["account.role-changed", () => administration.changeRole(by, member.account.id, "ADMIN")],
    ["account.exported", () => administration.export(by, member.account.id)],
    ["auth.session.revoked", () => administration.endSessions(by, member.account.id)],
  ];
  const everything = () =>
    Promise.all(TABLES.map((name) => world.db.query(`SELECT t::text AS t FROM ${name} t ORDER BY 1`)));
  const before = await everything();
  for (const [type, act] of acts) {
    refused = type;
    await assert.rejects(act(), /the log is full/, type);
    assert.deepEqual(await everything(), before, type);
  }
});

test("a reuse whose record cannot be written is found again at the next try", async () => {
  let refused: IdentityEvent["type"] | null = null;
  const { world, member, written } = await populated(() => refused);
  await using _ = world;
  const { identity, clock } = world;
  const next = await identity.tokens.refresh(member.token, HOME);
  assert.ok(next && (await identity.authenticate(next.token)));
  clock.advance(60_000);
  refused = "auth.token.reused";
  await assert.rejects(identity.tokens.refresh(member.token, AWAY), /the log is full/);
  refused = null;
  assert.equal(await identity.tokens.refresh(member.token, AWAY), null);
  assert.equal(written.filter((event) => event.includes("auth.token.reused")).length, 1);
});

test("no token, successor, invitation, key or signing key is anywhere in the database or in an event", async () => {
  const { world, owner, invitation, key, written } = await populated(() => null);
  await using _ = world;
  const { identity, db } = world;
  const refreshed = await identity.tokens.refresh(owner.token, HOME);
  assert.ok(refreshed?.access);
  await identity.apiKeys.authenticate(key.secret);
  await identity.administration.suspend(OPERATOR, (await persona(world, "eve")).account.id, {
    until: null,
    reason: "x",
  });
  const rows = await Promise.all(
    TABLES.map((name) => db.query<{ t: string }>(`SELECT t::text AS t FROM ${name} t`)),
  );
  const everything = `${rows
    .flat()
    .map(({ t }) => t)
    .join("\n")}\n${written.join("\n")}`;
  assert.ok(everything.includes("Guild") && everything.includes("local:"));
  const secrets = {
    token: owner.token,
    successor: refreshed.token,
    access: refreshed.access.token,
    invitation: invitation.token,
    key: key.secret.slice("rmpk_".length + 8),
  };
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(!everything.includes(secret), name);
    assert.ok(!everything.includes(Buffer.from(secret).toString("hex")), `${name} in hexadecimal`);
    assert.ok(!everything.includes(Buffer.from(secret, "base64url").toString("hex")), `${name} decoded`);
  }
});
