import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Authenticated,
  assuranceRefusal,
  type Identity,
  type IdentityEvent,
  type SecondFactorNeeded,
} from "../src/index.ts";
import { Authenticator, SITE } from "./authenticator.ts";
import {
  AWAY,
  codeOf,
  HOME,
  harness,
  mailHarness,
  OPERATOR,
  PASSWORD,
  refusal,
  signIn,
  signUp,
  someone,
} from "./harness.ts";
import { App, enrolTotp } from "./totp-app.ts";

const ANN = { email: "ann@example.org", password: PASSWORD };
const MINUTE = 60_000;

async function challenge(identity: Identity, input = ANN): Promise<SecondFactorNeeded> {
  const asked = await identity.signIn(input, AWAY);
  assert.ok(asked.status === "second-factor", asked.status);
  return asked;
}

async function reread(identity: Identity, { token }: { token: string }): Promise<Authenticated> {
  return (await identity.authenticate(token)) ?? assert.fail("the session is over");
}

test("an authenticator app is enrolled by its first code, and asked for from then on", async () => {
  await using world = await mailHarness();
  const { identity, clock, mailer } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { uri, secret } = await identity.factors.startTotp(who);
  assert.ok(uri.startsWith("otpauth://totp/Rempart:ann%40example.org?secret="));
  assert.ok(uri.includes(secret));
  assert.ok((await signIn(identity, ANN, AWAY)).account, "nothing changed yet");
  const app = new App(secret, clock);
  assert.equal(await codeOf(identity.factors.confirmTotp(who, app.wrong())), "wrong-factor");
  const { recoveryCodes } = await identity.factors.confirmTotp(who, app.code());
  assert.equal(recoveryCodes?.length, 10);
  const now = await reread(identity, who);
  assert.deepEqual([now.account.mfaEnabled, now.session.amr], [true, ["pwd", "otp", "mfa"]]);
  const asked = await challenge(identity);
  assert.deepEqual(asked.methods, ["totp", "recovery-code"]);
  clock.advance(30_000);
  const proof = { method: "totp", code: app.code() } as const;
  const { session } = await identity.completeSignIn({ challenge: asked.challenge, proof }, AWAY);
  assert.deepEqual([session.amr, session.factorAt], [["pwd", "otp", "mfa"], clock.now()]);
  await identity.deliverMails();
  assert.deepEqual(mailer.last("factor-added").values, { factor: "totp" });
});

test("a seed that waits too long is no factor", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { secret, expiresAt } = await identity.factors.startTotp(who);
  clock.advance(expiresAt - clock.now());
  const code = new App(secret, clock).code();
  assert.equal(await codeOf(identity.factors.confirmTotp(who, code)), "wrong-factor");
});

test("a code counts once: the same step is refused again, also at the same time and elsewhere", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const app = await enrolTotp(identity, who, clock);
  clock.advance(MINUTE);
  const code = app.code();
  const one = await challenge(identity);
  const two = await challenge(world.another());
  const results = await Promise.allSettled(
    [one, two].map(({ challenge }) =>
      identity.completeSignIn({ challenge, proof: { method: "totp", code } }, AWAY),
    ),
  );
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.equal(await codeOf(identity.factors.stepUp(who, withCode(code))), "wrong-factor");
  clock.advance(30_000);
  assert.ok(await identity.factors.stepUp(who, withCode(app.code())));
});

function withCode(code: string) {
  return { password: PASSWORD, factor: { method: "totp", code } } as const;
}

test("a phone whose clock is half a minute off is understood; one that is a minute and a half off is not", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const app = await enrolTotp(identity, who, clock);
  for (const [skewMs, expected] of [
    [-30_000, "ok"],
    [30_000, "ok"],
    [90_000, "wrong-factor"],
    [-90_000, "wrong-factor"],
  ] as const) {
    clock.advance(5 * MINUTE);
    const stepping = identity.factors.stepUp(who, withCode(app.code(skewMs)));
    const outcome = await stepping.then(
      () => "ok",
      (error: { code: string }) => error.code,
    );
    assert.equal(outcome, expected, String(skewMs));
  }
});

test("guessing codes slows down, over all sign-ins of the account, and time heals it", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const app = await enrolTotp(identity, who, clock);
  clock.advance(MINUTE);
  const guess = async (): Promise<string> => {
    const { challenge: token } = await challenge(identity);
    const proof = { method: "totp", code: app.wrong() } as const;
    return codeOf(identity.completeSignIn({ challenge: token, proof }, AWAY));
  };
  const codes: string[] = [];
  for (let i = 0; i < 7; i += 1) codes.push(await guess());
  assert.deepEqual(codes, [...Array(5).fill("wrong-factor"), "rate-limited", "rate-limited"]);
  clock.advance(MINUTE);
  const waiting: string[] = [];
  for (let i = 0; i < 8; i += 1) waiting.push((await challenge(identity)).challenge);
  const proof = { method: "totp", code: app.wrong() } as const;
  const many = await Promise.all(
    waiting.map((token) => codeOf(identity.completeSignIn({ challenge: token, proof }, AWAY))),
  );
  assert.deepEqual(many.sort(), [...Array(7).fill("rate-limited"), "wrong-factor"], "all at once");
  clock.advance(MINUTE);
  const { challenge: token } = await challenge(identity);
  const right = { method: "totp", code: app.code() } as const;
  assert.ok(await identity.completeSignIn({ challenge: token, proof: right }, AWAY));
});

test("a sign-in waits five minutes for its second factor, belongs to one account, and dies with the password", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const app = await enrolTotp(identity, who, clock);
  const bob = await signUp(identity, someone("bob"), HOME);
  const bobsApp = await enrolTotp(identity, bob, clock);
  clock.advance(MINUTE);
  const asked = await challenge(identity);
  const foreign = { challenge: asked.challenge, proof: { method: "totp", code: bobsApp.code() } } as const;
  assert.equal(await codeOf(identity.completeSignIn(foreign, AWAY)), "wrong-factor");
  clock.advance(asked.expiresAt - clock.now());
  const late = { challenge: asked.challenge, proof: { method: "totp", code: app.code() } } as const;
  assert.equal(await codeOf(identity.completeSignIn(late, AWAY)), "invalid-challenge");
  const again = await challenge(identity);
  const { token } = await identity.administration.resetPassword(OPERATOR, who.account.id);
  await identity.credentials.resetPassword({ token, password: "seven purple lanterns" }, HOME);
  const stale = { challenge: again.challenge, proof: { method: "totp", code: app.code() } } as const;
  assert.equal(await codeOf(identity.completeSignIn(stale, AWAY)), "invalid-challenge");
});

test("a sign-in is completed once, also by two good codes at the same time", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { codes } = await enrolTotp(identity, who, clock);
  const { challenge: token } = await challenge(identity);
  const results = await Promise.allSettled(
    codes
      .slice(0, 3)
      .map((code) =>
        identity.completeSignIn({ challenge: token, proof: { method: "recovery-code", code } }, AWAY),
      ),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  const { recoveryCodesLeft } = await identity.factors.list(who.account.id);
  assert.equal(recoveryCodesLeft, 9, "the codes of the others are not used up");
});

test("a reset does not go past the second factor", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  await enrolTotp(identity, who, clock);
  const { token } = await identity.administration.resetPassword(OPERATOR, who.account.id);
  await identity.credentials.resetPassword({ token, password: "seven purple lanterns" }, HOME);
  const asked = await challenge(identity, { ...ANN, password: "seven purple lanterns" });
  assert.deepEqual(asked.methods, ["totp", "recovery-code"]);
});

test("a recovery code stands in once, however it is typed; fresh ones end the old", async () => {
  const events: IdentityEvent[] = [];
  await using world = await mailHarness({ observe: async (event) => void events.push(event) });
  const { identity, clock, mailer } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const { codes } = await enrolTotp(identity, who, clock);
  const [first = "", second = "", third = ""] = codes;
  assert.match(first, /^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/);
  const asked = [await challenge(identity), await challenge(identity), await challenge(identity)];
  const results = await Promise.allSettled(
    asked.map(({ challenge }) =>
      identity.completeSignIn({ challenge, proof: { method: "recovery-code", code: first } }, AWAY),
    ),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1, "of three at once");
  const typed = ` ${second.toLowerCase().replaceAll("-", " ")} `;
  await identity.factors.stepUp(who, {
    password: PASSWORD,
    factor: { method: "recovery-code", code: typed },
  });
  assert.deepEqual(
    events.filter(({ type }) => type === "auth.recovery-code.used"),
    [9, 8].map((left) => ({ type: "auth.recovery-code.used", userId: who.account.id, left })),
  );
  await identity.deliverMails();
  assert.equal(mailer.last("recovery-code-used").to, ANN.email);
  const fresh = await identity.factors.replaceRecoveryCodes(who);
  assert.equal(new Set([...codes, ...fresh]).size, 20);
  const old = { password: PASSWORD, factor: { method: "recovery-code", code: third } } as const;
  assert.equal(await codeOf(identity.factors.stepUp(who, old)), "wrong-factor");
  assert.equal((await identity.factors.list(who.account.id)).recoveryCodesLeft, 10);
});

test("a new app takes the place of the old one when it is confirmed; the recovery codes stay", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const old = await enrolTotp(identity, who, clock);
  clock.advance(MINUTE);
  const { secret } = await identity.factors.startTotp(who);
  const app = new App(secret, clock);
  assert.deepEqual(await identity.factors.confirmTotp(who, app.code()), { recoveryCodes: null });
  clock.advance(MINUTE);
  assert.equal(await codeOf(identity.factors.stepUp(who, withCode(old.code()))), "wrong-factor");
  assert.ok(await identity.factors.stepUp(who, withCode(app.code())));
});

test("what is dangerous asks for a fresh proof by everything the account has", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  identity.factors.requireFresh(await reread(identity, who), 5 * MINUTE);
  clock.advance(11 * MINUTE);
  const stale = await reread(identity, who);
  assert.throws(() => identity.factors.requireFresh(stale, 5 * MINUTE), { code: "step-up-required" });
  for (const act of [
    () => identity.factors.startTotp(who),
    () => identity.factors.startPasskey(who),
    () => identity.factors.remove(who, who.account.id),
    () => identity.factors.replaceRecoveryCodes(who),
    () => identity.credentials.requestEmailChange(who, "new@example.org"),
  ]) {
    assert.equal(await codeOf(act()), "step-up-required");
  }
  assert.equal(await codeOf(identity.factors.stepUp(who, {})), "wrong-credentials");
  assert.equal(await codeOf(identity.factors.stepUp(who, { password: "wrong one" })), "wrong-credentials");
  const stepped = await identity.factors.stepUp(who, { password: PASSWORD });
  assert.deepEqual([stepped.authenticatedAt, stepped.factorAt], [clock.now(), null]);
  identity.factors.requireFresh(await reread(identity, who), 5 * MINUTE);
  const app = await enrolTotp(identity, who, clock);
  clock.advance(11 * MINUTE);
  assert.equal(await codeOf(identity.factors.stepUp(who, { password: PASSWORD })), "wrong-factor");
  const codeAlone = { factor: { method: "totp", code: app.code() } } as const;
  assert.equal(await codeOf(identity.factors.stepUp(who, codeAlone)), "wrong-credentials");
  await identity.factors.stepUp(who, withCode(app.code()));
  const key = new Authenticator();
  const response = key.create(await identity.factors.startPasskey(who));
  await identity.factors.finishPasskey(who, { name: "Key", response });
  clock.advance(11 * MINUTE);
  const answer = key.get(await identity.factors.startPasskeyStepUp(who));
  await identity.factors.stepUp(who, { factor: { method: "passkey", response: answer } });
  identity.factors.requireFresh(await reread(identity, who), 5 * MINUTE);
});

test("a step-up in one process is known in the others, and does not end the session", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const ended: string[] = [];
  const who = await signUp(identity, someone("ann"), HOME);
  const elsewhere = world.another();
  elsewhere.onSessionEnded(({ sessionId }) => ended.push(sessionId));
  await reread(elsewhere, who);
  clock.advance(11 * MINUTE);
  await identity.factors.stepUp(who, { password: PASSWORD });
  const steppedAt = clock.now();
  clock.advance(1000);
  assert.equal((await reread(elsewhere, who)).session.authenticatedAt, steppedAt);
  assert.deepEqual(ended, []);
});

test("an administrator without a second factor may enrol one, and use no permission before", async () => {
  await using world = await mailHarness();
  const { identity, clock } = world;
  const { token: invitation } = await identity.createAdminInvitation();
  const who = await signUp(identity, { ...someone("ann"), invitation }, HOME);
  assert.equal(assuranceRefusal(await reread(identity, who))?.code, "mfa-enrolment-required");
  const early = await signIn(identity, ANN, AWAY);
  await enrolTotp(identity, who, clock);
  assert.equal(assuranceRefusal(await reread(identity, who)), null);
  assert.equal(assuranceRefusal(await reread(identity, early))?.code, "step-up-required", "signed in before");
  const { totp } = await identity.factors.list(who.account.id);
  const removing = identity.factors.remove(who, totp?.id ?? "");
  assert.equal(await codeOf(removing), "last-factor");
  assert.equal(assuranceRefusal(await reread(identity, who)), null, "and it is still there");
});

test("a moderator may take the last factor away only while there is another; somebody else may take any", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity, clock, db } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  await enrolTotp(identity, who, clock);
  const response = new Authenticator().create(await identity.factors.startPasskey(who));
  await identity.factors.finishPasskey(who, { name: "Key", response });
  await db.query("UPDATE users SET role = 'MODERATOR' WHERE id = $1", [who.account.id]);
  const { totp, passkeys } = await identity.factors.list(who.account.id);
  const removals = await Promise.allSettled(
    [totp?.id ?? "", passkeys[0]?.id ?? ""].map((id) => identity.factors.remove(who, id)),
  );
  assert.deepEqual(removals.map(({ status }) => status).sort(), ["fulfilled", "rejected"], "both at once");
  await db.query("UPDATE users SET role = 'USER' WHERE id = $1", [who.account.id]);
  const left = await identity.factors.list(who.account.id);
  await identity.factors.remove(who, left.totp?.id ?? left.passkeys[0]?.id ?? "");
  clock.advance(1000);
  const user = await reread(identity, who);
  assert.deepEqual([user.account.mfaEnabled, assuranceRefusal(user)], [false, null]);
});

test("a seed is sealed, and opens for no other account", async () => {
  await using world = await mailHarness();
  const { identity, clock, db } = world;
  const ann = await signUp(identity, someone("ann"), HOME);
  const bob = await signUp(identity, someone("bob"), HOME);
  const app = await enrolTotp(identity, ann, clock);
  await enrolTotp(identity, bob, clock);
  await db.query(
    "UPDATE totp_factors SET seed = (SELECT seed FROM totp_factors WHERE user_id = $1), last_step = NULL WHERE user_id = $2",
    [ann.account.id, bob.account.id],
  );
  clock.advance(MINUTE);
  await assert.rejects(identity.factors.stepUp(bob, withCode(app.code())), /authenticate/);
  assert.ok(await identity.factors.stepUp(ann, withCode(app.code())));
});

test("without envelopes there are no authenticator apps", async () => {
  await using world = await harness();
  const who = await signUp(world.identity, someone("ann"), HOME);
  assert.equal(await codeOf(world.identity.factors.startTotp(who)), "not-configured");
});

test("a challenge is refused in the same words whatever it is, and refusals tell no secret", async () => {
  await using world = await mailHarness();
  const { identity } = world;
  for (const challenge of ["", "x", "A".repeat(43), "\0".repeat(43), "€".repeat(100_000)]) {
    const proof = { method: "totp", code: "000000" } as const;
    const { code, message } = await refusal(identity.completeSignIn({ challenge, proof }, AWAY));
    assert.deepEqual([code, message], ["invalid-challenge", "This sign-in is over: begin again"]);
  }
});
