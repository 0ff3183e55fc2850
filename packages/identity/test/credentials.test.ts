import assert from "node:assert/strict";
import { test } from "node:test";
import { CodedError } from "@rempart/kernel";
import type { IdentityEvent } from "../src/index.ts";
import { SITE } from "./authenticator.ts";
import {
  AWAY,
  codeOf,
  HOME,
  mailHarness,
  OPERATOR,
  PASSWORD,
  refusal,
  signIn,
  signUp,
  someone,
} from "./harness.ts";

const HOUR = 3_600_000;
const NEXT = "seven purple lanterns";
const ANN = { email: "ann@example.org", password: PASSWORD };

test("a password is changed by who knows it; other sessions end, this one stays, and a mail tells", async () => {
  await using world = await mailHarness();
  const { identity, mailer } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const other = await signIn(identity, ANN, AWAY);
  const { credentials } = identity;
  const wrong = { current: "not the password", next: NEXT };
  assert.equal(await codeOf(credentials.changePassword(who, wrong)), "wrong-credentials");
  const weak = await refusal(credentials.changePassword(who, { current: PASSWORD, next: "Ann@example1" }));
  assert.deepEqual([weak.code, weak.details.reason], ["weak-password", "personal"]);
  await credentials.changePassword(who, { current: PASSWORD, next: NEXT });
  assert.equal(await identity.authenticate(other.token), null);
  assert.ok(await identity.authenticate(who.token));
  assert.equal(await codeOf(identity.signIn(ANN, HOME)), "wrong-credentials");
  const kept = await signIn(identity, { ...ANN, password: NEXT }, AWAY);
  await credentials.changePassword(who, { current: NEXT, next: PASSWORD, keepOtherSessions: true });
  assert.ok(await identity.authenticate(kept.token));
  await identity.deliverMails();
  assert.deepEqual(mailer.last("password-changed").values, { cause: "change" });
});

test("who holds a session only cannot guess the password at leisure, and a session that ended changes nothing", async () => {
  await using world = await mailHarness();
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const guess = { current: "not the password", next: NEXT };
  const codes: string[] = [];
  for (let i = 0; i < 7; i += 1) codes.push(await codeOf(identity.credentials.changePassword(who, guess)));
  assert.deepEqual(codes, [...Array(5).fill("wrong-credentials"), "rate-limited", "rate-limited"]);
  world.clock.advance(60_000);
  await world.another().signOut(who.session.id);
  const change = { current: PASSWORD, next: NEXT };
  assert.equal(await codeOf(identity.credentials.changePassword(who, change)), "session-ended");
});

test("of two changes at once that prove the same password, one happens", async () => {
  await using world = await mailHarness();
  const who = await signUp(world.identity, someone("ann"), HOME);
  const changes = ["first purple lantern", "second purple lantern"].map((next) =>
    world.identity.credentials.changePassword(who, { current: PASSWORD, next }),
  );
  const results = await Promise.allSettled(changes);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

test("a reset: one link, one hour, one use; every session ends and the link opens none", async () => {
  await using world = await mailHarness();
  const { identity, mailer, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { credentials } = identity;
  await credentials.requestPasswordReset(" ANN@example.org", AWAY);
  await identity.deliverMails();
  const { to } = mailer.last("reset-password");
  const token = mailer.token("reset-password");
  assert.equal(to, "ann@example.org");
  const weak = await refusal(credentials.resetPassword({ token, password: "password1" }, AWAY));
  assert.equal(weak.code, "weak-password", "and the link is still good");
  await credentials.resetPassword({ token, password: NEXT }, AWAY);
  assert.equal(await identity.authenticate(who.token), null);
  assert.equal(await codeOf(credentials.resetPassword({ token, password: PASSWORD }, AWAY)), "invalid-link");
  const { account } = await signIn(identity, { ...ANN, password: NEXT }, HOME);
  assert.equal(account.id, who.account.id);
  await credentials.requestPasswordReset(ANN.email, AWAY);
  await identity.deliverMails();
  clock.advance(HOUR);
  const late = { token: mailer.token("reset-password"), password: PASSWORD };
  assert.equal(await codeOf(credentials.resetPassword(late, AWAY)), "invalid-link");
});

test("of two uses of one reset link at once, one wins", async () => {
  await using world = await mailHarness();
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { token } = await identity.administration.resetPassword(OPERATOR, who.account.id);
  const uses = Array.from({ length: 4 }, (_, i) =>
    identity.credentials.resetPassword({ token, password: `${i} purple lanterns` }, AWAY),
  );
  const results = await Promise.allSettled(uses);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  const winner = results.findIndex(({ status }) => status === "fulfilled");
  await signIn(identity, { ...ANN, password: `${winner} purple lanterns` }, HOME);
});

test("a password that was right when it was typed opens nothing after a reset that overtook it", async () => {
  await using world = await mailHarness();
  const who = await signUp(world.identity, someone("ann"), HOME);
  const { token } = await world.identity.administration.resetPassword(OPERATOR, who.account.id);
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const slow = world.another({
    hasher: {
      hash: async () => "unused",
      verify: async () => {
        arrived.resolve();
        await gate.promise;
        return true;
      },
      isOutdated: () => false,
      decoy: "unused",
    },
  });
  const signingIn = codeOf(slow.signIn(ANN, AWAY));
  await arrived.promise;
  await world.identity.credentials.resetPassword({ token, password: NEXT }, HOME);
  gate.resolve();
  assert.equal(await signingIn, "wrong-credentials");
});

test("asking for a reset does the same whether or not somebody has the address", async () => {
  const statements: string[] = [];
  await using world = await mailHarness({ config: { mail: { pollMs: 60_000 } } });
  const { db } = world;
  await signUp(world.identity, someone("ann"), HOME);
  await world.identity.deliverMails();
  const asking = async (email: string): Promise<string[]> => {
    const spied = spy(db, statements);
    const identity = world.another({ database: spied });
    statements.length = 0;
    for (let i = 0; i < 5; i += 1) await identity.credentials.requestPasswordReset(email, AWAY);
    return statements.filter(
      (text) => !text.includes("mail_outbox SET") && !text.includes("identity_changes"),
    );
  };
  const known = await asking("ann@example.org");
  assert.deepEqual(await asking("nobody@example.org"), known);
  assert.equal(
    known.filter((text) => text.includes("INSERT INTO mail_outbox")).length,
    3,
    "the limit of an address",
  );
  await world.identity.deliverMails();
  const recipients = world.mailer.sent.filter(({ kind }) => kind === "reset-password").map(({ to }) => to);
  assert.deepEqual(recipients, Array(3).fill("ann@example.org"));
  assert.equal(await world.identity.credentials.requestPasswordReset("not an address", AWAY), undefined);
});

function spy(db: Awaited<ReturnType<typeof mailHarness>>["db"], statements: string[]): typeof db {
  return {
    ...db,
    transaction: (work, options) =>
      db.transaction(
        (tx) =>
          work({
            ...tx,
            query: (text, values, more) => {
              statements.push(text);
              return tx.query(text, values, more);
            },
          }),
        options,
      ),
  };
}

test("requests made at once are counted one after the other", async () => {
  await using world = await mailHarness();
  const { identity, mailer } = world;
  await signUp(identity, someone("ann"), HOME);
  await Promise.all(
    Array.from({ length: 12 }, () => identity.credentials.requestPasswordReset(ANN.email, AWAY)),
  );
  await identity.deliverMails();
  assert.equal(mailer.sent.filter(({ kind }) => kind === "reset-password").length, 3);
  world.clock.advance(HOUR);
  await identity.credentials.requestPasswordReset(ANN.email, AWAY);
  await identity.deliverMails();
  assert.equal(mailer.sent.filter(({ kind }) => kind === "reset-password").length, 4);
});

test("a suspended account may get a new password and stays suspended; a banned or deleted one gets no mail", async () => {
  await using world = await mailHarness();
  const { identity, mailer, db } = world;
  for (const [local, status] of [
    ["sue", "SUSPENDED"],
    ["ben", "BANNED"],
    ["del", "DELETED"],
  ]) {
    const { account } = await signUp(identity, someone(local ?? ""), HOME);
    await db.query("UPDATE users SET status = $2 WHERE id = $1", [account.id, status]);
    await identity.credentials.requestPasswordReset(account.email, AWAY);
  }
  await identity.deliverMails();
  const resets = mailer.sent.filter(({ kind }) => kind === "reset-password");
  assert.deepEqual(
    resets.map(({ to }) => to),
    ["sue@example.org"],
  );
  const link = { token: mailer.token("reset-password"), password: NEXT };
  await identity.credentials.resetPassword(link, AWAY);
  const input = { email: "sue@example.org", password: NEXT };
  assert.equal(await codeOf(identity.signIn(input, HOME)), "account-suspended");
});

test("an address is proven by its link, once; the link of an address that was left proves nothing", async () => {
  await using world = await mailHarness();
  const { identity, mailer } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  assert.equal(who.account.emailVerifiedAt, null);
  await identity.deliverMails();
  const token = mailer.token("verify-email");
  await identity.authenticate(who.token);
  await identity.credentials.verifyEmail(token, HOME);
  assert.equal((await identity.authenticate(who.token))?.account.emailVerifiedAt, world.clock.now());
  assert.equal(await codeOf(identity.credentials.verifyEmail(token, HOME)), "invalid-link");
  await identity.credentials.requestEmailVerification(who);
  await identity.deliverMails();
  assert.equal(mailer.sent.length, 1, "it is proven already");

  const bob = await signUp(identity, someone("bob"), HOME);
  await identity.deliverMails();
  const old = mailer.token("verify-email");
  await world.db.query("UPDATE users SET email = 'bo@example.org' WHERE id = $1", [bob.account.id]);
  assert.equal(await codeOf(identity.credentials.verifyEmail(old, HOME)), "invalid-link");
});

test("mails that prove an address are limited, and the refusal says until when", async () => {
  await using world = await mailHarness();
  const who = await signUp(world.identity, someone("ann"), HOME);
  const { credentials } = world.identity;
  world.clock.advance(60_000);
  await credentials.requestEmailVerification(who);
  await credentials.requestEmailVerification(who);
  const { code, details } = await refusal(credentials.requestEmailVerification(who));
  assert.deepEqual([code, details.retryAfterSeconds], ["rate-limited", 3540]);
  world.clock.advance(3_540_000);
  await credentials.requestEmailVerification(who);
});

const PROVEN_FIRST = { config: { requireVerifiedEmail: true } } as const;

test("where addresses are proven first, a sign-up is an account when its link is followed", async () => {
  const events: IdentityEvent["type"][] = [];
  await using world = await mailHarness({
    ...PROVEN_FIRST,
    observe: async (event) => void events.push(event.type),
  });
  const { identity, mailer } = world;
  assert.deepEqual(await identity.signUp({ ...someone("ann"), language: "fr" }, HOME), {
    status: "verify-email",
  });
  assert.equal(await codeOf(identity.signIn(ANN, HOME)), "wrong-credentials");
  await identity.deliverMails();
  assert.equal(mailer.last("verify-email").language, "fr");
  const token = mailer.token("verify-email");
  await identity.credentials.verifyEmail(token, HOME);
  assert.equal(await codeOf(identity.credentials.verifyEmail(token, HOME)), "invalid-link");
  const { account } = await signIn(identity, ANN, HOME);
  assert.equal(account.emailVerifiedAt, world.clock.now());
  assert.deepEqual(events, [
    "auth.signup.requested",
    "auth.login.failed",
    "auth.signup",
    "auth.email.verified",
    "auth.login.succeeded",
  ]);
});

test("where addresses are proven first, a sign-up does not tell that one is taken: its owner gets a mail", async () => {
  await using world = await mailHarness(PROVEN_FIRST);
  const { identity, mailer } = world;
  const confirmed = async (): Promise<void> => {
    await identity.deliverMails();
    await identity.credentials.verifyEmail(mailer.token("verify-email"), HOME);
  };
  await identity.signUp(someone("ann"), HOME);
  await confirmed();
  const statements: string[] = [];
  const spied = world.another({ database: spy(world.db, statements) });
  const asked = async (local: string): Promise<unknown> => {
    statements.length = 0;
    const answer = await spied.signUp({ ...someone(local), password: NEXT }, AWAY);
    return { answer, statements: statements.filter((text) => /^(INSERT|SELECT|DELETE)/.test(text)) };
  };
  const taken = await asked("ann");
  assert.deepEqual(await asked("new"), taken);
  assert.ok(statements.some((text) => text.includes("INSERT INTO mail_outbox")));
  await identity.deliverMails();
  assert.deepEqual(
    mailer.sent
      .slice(1)
      .map(({ to, kind }) => ({ to, kind }))
      .sort((a, b) => (a.to < b.to ? -1 : 1)),
    [
      { to: "ann@example.org", kind: "email-taken" },
      { to: "new@example.org", kind: "verify-email" },
    ],
  );
  await signIn(identity, ANN, HOME);
  const bogus = { ...someone("ann"), invitation: "x".repeat(43) };
  assert.equal(await codeOf(identity.signUp(bogus, AWAY)), "invalid-invitation", "nor by an invitation");
});

test("nobody takes an address by asking for it first: the account is the one whose link was followed", async () => {
  await using world = await mailHarness(PROVEN_FIRST);
  const { identity, mailer } = world;
  const ask = async (password: string): Promise<string> => {
    await identity.signUp({ ...someone("ann"), password }, AWAY);
    await identity.deliverMails();
    return mailer.token("verify-email");
  };
  const squatters = await ask("the squatter's lantern");
  await identity.credentials.verifyEmail(await ask(PASSWORD), HOME);
  assert.equal(await codeOf(identity.credentials.verifyEmail(squatters, AWAY)), "invalid-link");
  await signIn(identity, ANN, HOME);
});

test("of two sign-ups of one address whose links are followed at once, one is an account", async () => {
  await using world = await mailHarness(PROVEN_FIRST);
  const { identity, mailer, db } = world;
  for (let i = 0; i < 3; i += 1) await identity.signUp(someone("ann"), HOME);
  await identity.deliverMails();
  const links = mailer.sent.map(({ values }) => values.token ?? "");
  const codes = await Promise.all(
    links.map((token) => identity.credentials.verifyEmail(token, HOME).then(() => "ok", codeOfError)),
  );
  assert.deepEqual(codes.sort(), ["invalid-link", "invalid-link", "ok"]);
  assert.equal((await db.query("SELECT id FROM users")).length, 1);
});

function codeOfError(error: unknown): string {
  return error instanceof CodedError ? error.code : String(error);
}

test("an address is changed from the new one, and the old one can undo it", async () => {
  await using world = await mailHarness();
  const { identity, mailer, clock } = world;
  const { credentials } = identity;
  const who = await signUp(identity, someone("ann"), HOME);
  clock.advance(11 * 60_000);
  assert.equal(await codeOf(credentials.requestEmailChange(who, "new@example.org")), "step-up-required");
  await identity.factors.stepUp(who, { password: PASSWORD });
  assert.equal(await codeOf(credentials.requestEmailChange(who, "not an address")), "validation-failed");
  await credentials.requestEmailChange(who, "New@Example.org");
  await identity.deliverMails();
  assert.equal((await identity.authenticate(who.token))?.account.email, "ann@example.org");
  assert.equal(mailer.last("confirm-email-change").to, "new@example.org");
  await credentials.confirmEmailChange(mailer.token("confirm-email-change"));
  const { account } = (await identity.authenticate(who.token)) ?? assert.fail();
  assert.deepEqual([account.email, account.emailVerifiedAt], ["new@example.org", clock.now()]);
  await identity.deliverMails();
  const notice = mailer.last("email-changed");
  assert.deepEqual([notice.to, notice.values.email], ["ann@example.org", "new@example.org"]);
  const reserved = await refusal(signUp(identity, someone("ann"), AWAY));
  assert.equal(reserved.code, "email-taken", "nobody takes the old address while it can be restored");
  await credentials.undoEmailChange(mailer.token("email-changed"));
  assert.equal(await identity.authenticate(who.token), null);
  assert.equal((await signIn(identity, ANN, HOME)).account.id, who.account.id);
});

test("a change to a taken address answers the same, mails its owner, and its link changes nothing", async () => {
  await using world = await mailHarness();
  const { identity, mailer } = world;
  const ann = await signUp(identity, someone("ann"), HOME);
  await signUp(identity, someone("bob"), HOME);
  assert.equal(await identity.credentials.requestEmailChange(ann, "bob@example.org"), undefined);
  await identity.deliverMails();
  assert.deepEqual(
    mailer.sent.filter(({ kind }) => kind !== "verify-email").map(({ to, kind }) => ({ to, kind })),
    [{ to: "bob@example.org", kind: "email-taken" }],
  );
});

test("a new address is brought to its one spelling, and a look-alike letter is refused", async () => {
  await using world = await mailHarness();
  const { identity, mailer } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { credentials } = identity;
  for (const email of ["\u0430nn@example.org", "\u212Aate@example.org", "ann@example.org\u202e", "a@b"]) {
    assert.equal(await codeOf(credentials.requestEmailChange(who, email)), "validation-failed", email);
  }
  await credentials.requestEmailChange(who, " Ann@B\u00FCcher.Example ");
  await identity.deliverMails();
  assert.equal(mailer.last("confirm-email-change").to, "ann@xn--bcher-kva.example");
});

test("a thief who changes the address twice cannot undo his way past the first owner", async () => {
  await using world = await mailHarness();
  const { identity, mailer, clock } = world;
  const { credentials } = identity;
  const who = await signUp(identity, someone("ann"), HOME);
  const undo: string[] = [];
  for (const email of ["thief@example.org", "thief2@example.org"]) {
    clock.advance(1000);
    await credentials.requestEmailChange(who, email);
    await identity.deliverMails();
    await credentials.confirmEmailChange(mailer.token("confirm-email-change"));
    await identity.deliverMails();
    undo.push(mailer.token("email-changed"));
  }
  await credentials.undoEmailChange(undo[1] ?? "");
  await credentials.undoEmailChange(undo[0] ?? "");
  assert.equal((await signIn(identity, ANN, HOME)).account.id, who.account.id);
  assert.equal(await codeOf(credentials.undoEmailChange(undo[1] ?? "")), "invalid-link");
});

test("a reset link follows the account to no other address", async () => {
  await using world = await mailHarness();
  const { identity, mailer } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { token } = await identity.administration.resetPassword(OPERATOR, who.account.id);
  await identity.credentials.requestEmailChange(who, "new@example.org");
  await identity.deliverMails();
  await identity.credentials.confirmEmailChange(mailer.token("confirm-email-change"));
  const link = { token, password: NEXT };
  assert.equal(await codeOf(identity.credentials.resetPassword(link, AWAY)), "invalid-link");
});

test("what is spent goes, whether or not anybody used it", async () => {
  await using world = await mailHarness({
    passkeys: SITE,
    config: { requireVerifiedEmail: true, mail: { pollMs: 60_000 } },
  });
  const { identity, clock, db } = world;
  const { token: invitation } = await identity.createAdminInvitation();
  const who = await signUp(identity, { ...someone("ann"), invitation }, HOME);
  await identity.factors.startTotp(who);
  await identity.startPasskeySignIn();
  await identity.credentials.requestPasswordReset("nobody@example.org", AWAY);
  const unsent = world.another({ mailer: { send: () => Promise.reject(new Error("451")) } });
  await unsent.signUp(someone("bob"), HOME);
  const tables = ["one_time_links", "pending_sign_ups", "passkey_challenges", "totp_factors", "mail_outbox"];
  const filled = async (): Promise<string[]> => {
    const full: string[] = [];
    for (const table of tables) if ((await db.query(`SELECT 1 FROM ${table}`)).length > 0) full.push(table);
    return full;
  };
  assert.deepEqual(await filled(), tables);
  clock.advance(3 * 24 * HOUR);
  await identity.maintain();
  assert.deepEqual(await filled(), []);
});
