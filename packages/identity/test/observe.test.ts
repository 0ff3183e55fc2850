import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import type { IdentityEvent } from "../src/index.ts";
import { AWAY, HOME, harness, OPERATOR, PASSWORD, signIn, signUp, someone } from "./harness.ts";

test("an act whose record cannot be written does not happen", async () => {
  let refused: IdentityEvent["type"] | null = null;
  await using world = await harness({
    observe: async (event) => {
      if (event.type === refused) throw new Error("the log is full");
    },
  });
  const { identity, db } = world;
  const ada = await signUp(identity, someone("ada"), HOME);
  const { token: invitation } = await identity.createAdminInvitation();
  const acts: [IdentityEvent["type"], () => Promise<unknown>][] = [
    ["auth.signup", () => signUp(identity, { ...someone("bob"), invitation }, HOME)],
    ["auth.invitation.redeemed", () => signUp(identity, { ...someone("bob"), invitation }, HOME)],
    ["auth.invitation.created", () => identity.createAdminInvitation()],
    ["auth.login.succeeded", () => signIn(identity, { email: ada.account.email, password: PASSWORD }, HOME)],
    ["auth.session.revoked", () => identity.signOut(ada.session.id)],
    ["auth.session.revoked", () => identity.signOutEverywhere(ada.account.id)],
    ["account.renamed", () => identity.updateName(ada.account.id, "Somebody")],
    [
      "account.suspended",
      () => identity.administration.suspend(OPERATOR, ada.account.id, { until: null, reason: "x" }),
    ],
    ["account.banned", () => identity.administration.ban(OPERATOR, ada.account.id, { reason: "x" })],
  ];
  const everything = () =>
    db.query(`SELECT (SELECT json_agg(u ORDER BY id) FROM users u) AS users,
      (SELECT json_agg(s ORDER BY id) FROM sessions s) AS sessions,
      (SELECT json_agg(i ORDER BY id) FROM invitations i) AS invitations`);
  const before = await everything();
  for (const [type, act] of acts) {
    refused = type;
    await assert.rejects(act(), /the log is full/, type);
    assert.deepEqual(await everything(), before, type);
  }
  refused = null;
  assert.ok(await identity.authenticate(ada.token));
  assert.equal((await signUp(identity, { ...someone("bob"), invitation }, HOME)).account.role, "ADMIN");
});

test("what the observer writes commits with the act, the record of a failed sign-in included", async () => {
  await using world = await harness({
    observe: async (event, tx) => {
      await tx.query("INSERT INTO seen (event) VALUES ($1)", [JSON.stringify(event)]);
    },
  });
  const { identity, db } = world;
  await db.query("CREATE TABLE seen (id bigint GENERATED ALWAYS AS IDENTITY, event jsonb NOT NULL)");
  const { account, session } = await signUp(identity, someone("ada"), HOME);
  await assert.rejects(
    signIn(identity, { email: account.email, password: "wrong umbrella" }, AWAY),
    (error) => hasCode(error, "wrong-credentials"),
  );
  await assert.rejects(signUp(identity, someone("ada"), HOME), (error) => hasCode(error, "email-taken"));
  await identity.signOut(session.id);
  const rows = await db.query<{ event: IdentityEvent }>("SELECT event FROM seen ORDER BY id");
  assert.deepEqual(
    rows.map(({ event }) => event),
    [
      { type: "auth.signup", userId: account.id, role: "USER", client: HOME },
      { type: "auth.login.failed", userId: account.id, reason: "wrong-password", client: AWAY },
      { type: "auth.session.revoked", userId: account.id, sessionId: session.id, reason: "signed-out" },
    ],
  );
});
