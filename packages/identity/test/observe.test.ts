import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import type { IdentityEvent } from "../src/index.ts";
import { Authenticator, SITE } from "./authenticator.ts";
import { AWAY, HOME, harness, mailHarness, OPERATOR, PASSWORD, signIn, signUp, someone } from "./harness.ts";
import { App, enrolTotp } from "./totp-app.ts";

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
    ["account.erased", () => identity.administration.erase(OPERATOR, ada.account.id)],
    ["account.erased", () => identity.eraseAccount(ada)],
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

test("no proof, factor, password or address changes without its record, and no mail tells of what did not happen", async () => {
  let refused: IdentityEvent["type"] | null = null;
  await using world = await mailHarness({
    passkeys: SITE,
    config: { mail: { pollMs: 60_000 }, attempts: { factor: { free: 100, firstDelayMs: 1, maxDelayMs: 1 } } },
    observe: async (event) => {
      if (event.type === refused) throw new Error("the log is full");
    },
  });
  const { identity, db, clock, mailer } = world;
  const { credentials, factors } = identity;
  const who = await signUp(identity, someone("ada"), HOME);
  await identity.deliverMails();
  const verify = mailer.token("verify-email");
  const app = await enrolTotp(identity, who, clock);
  const { totp } = await factors.list(who.account.id);
  const { token: reset } = await identity.administration.resetPassword(OPERATOR, who.account.id);
  const { secret } = await factors.startTotp(who);
  await credentials.requestEmailChange(who, "ada2@example.org");
  const key = new Authenticator();
  const registration = key.create(await factors.startPasskey(who));
  clock.advance(60_000);
  await identity.deliverMails();
  const change = mailer.token("confirm-email-change");
  const signingIn = { email: "ada@example.org", password: PASSWORD };
  const asked = await identity.signIn(signingIn, HOME);
  assert.ok(asked.status === "second-factor");
  const { challenge } = asked;
  const [recovery = ""] = app.codes;
  const withCode = { password: PASSWORD, factor: { method: "totp", code: app.code() } } as const;
  const acts: [IdentityEvent["type"], () => Promise<unknown>][] = [
    ["auth.login.challenged", () => identity.signIn(signingIn, HOME)],
    ["auth.login.succeeded", () => identity.completeSignIn({ challenge, proof: withCode.factor }, HOME)],
    ["auth.step-up.succeeded", () => factors.stepUp(who, withCode)],
    [
      "auth.recovery-code.used",
      () => factors.stepUp(who, { ...withCode, factor: { method: "recovery-code", code: recovery } }),
    ],
    ["auth.factor.added", () => factors.confirmTotp(who, new App(secret, clock).code())],
    ["auth.factor.added", () => factors.finishPasskey(who, { name: "Key", response: registration })],
    ["auth.factor.removed", () => factors.remove(who, totp?.id ?? "")],
    ["auth.recovery-codes.replaced", () => factors.replaceRecoveryCodes(who)],
    ["auth.email.verified", () => credentials.verifyEmail(verify, HOME)],
    ["auth.email.change-requested", () => credentials.requestEmailChange(who, "ada3@example.org")],
    ["auth.email.changed", () => credentials.confirmEmailChange(change)],
    ["auth.password.changed", () => credentials.changePassword(who, { current: PASSWORD, next: NEXT })],
    ["auth.password.reset-requested", () => credentials.requestPasswordReset("ada@example.org", HOME)],
    ["auth.password.reset-requested", () => identity.administration.resetPassword(OPERATOR, who.account.id)],
    ["auth.password.reset", () => credentials.resetPassword({ token: reset, password: NEXT }, HOME)],
  ];
  const everything = async () => {
    const kept = ["users", "credentials", "sessions", "totp_factors", "recovery_codes", "passkeys"];
    kept.push("one_time_links", "passkey_challenges", "sign_in_challenges", "mail_outbox");
    return Promise.all(
      kept.map(async (table) => [table, await db.query(`SELECT t::text AS t FROM ${table} t ORDER BY 1`)]),
    );
  };
  const before = await everything();
  for (const [type, act] of acts) {
    refused = type;
    await assert.rejects(act(), /the log is full/, type);
    assert.deepEqual(await everything(), before, type);
  }
  refused = null;
  assert.ok(await factors.stepUp(who, withCode), "nothing was used up");
  await credentials.confirmEmailChange(change);
  await credentials.resetPassword({ token: reset, password: NEXT }, HOME).then(
    () => assert.fail("the address it went to was left"),
    (error: unknown) => assert.ok(hasCode(error, "invalid-link")),
  );
});

const NEXT = "seven purple lanterns";
