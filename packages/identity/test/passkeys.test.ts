import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import type { Authenticated, Identity, IdentityEvent } from "../src/index.ts";
import { ATTESTED, Authenticator, type Misbehaviour, SITE } from "./authenticator.ts";
import { AWAY, codeOf, HOME, mailHarness, PASSWORD, signIn, signUp, someone } from "./harness.ts";

const ANN = { email: "ann@example.org", password: PASSWORD };

async function enrol(identity: Identity, who: Authenticated, name = "Key"): Promise<Authenticator> {
  const authenticator = new Authenticator();
  const response = authenticator.create(await identity.factors.startPasskey(who));
  await identity.factors.finishPasskey(who, { name, response });
  return authenticator;
}

test("a passkey signs in alone, counts as two factors, and shows when it was last used", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity, clock, mailer } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  await identity.authenticate(who.token);
  const key = await enrol(identity, who, "  My phone ");
  const now = await identity.authenticate(who.token);
  assert.equal(now?.account.mfaEnabled, true, "at once, also where it was remembered otherwise");
  assert.deepEqual(now.session.amr, ["pwd", "pop", "user", "mfa"]);
  clock.advance(60_000);
  const { session, account } = await identity.signInWithPasskey(
    key.get(await identity.startPasskeySignIn()),
    AWAY,
  );
  assert.equal(account.id, who.account.id);
  assert.deepEqual(session.amr, ["pop", "user", "mfa"]);
  assert.deepEqual([session.authenticatedAt, session.factorAt], [clock.now(), clock.now()]);
  const { passkeys, recoveryCodesLeft } = await identity.factors.list(account.id);
  assert.deepEqual(
    passkeys.map(({ name, lastUsedAt }) => ({ name, lastUsedAt })),
    [{ name: "My phone", lastUsedAt: clock.now() }],
  );
  assert.equal(recoveryCodesLeft, 10);
  await identity.deliverMails();
  assert.deepEqual(mailer.last("factor-added").values, { factor: "passkey" });
});

test("an answer that is wrong in any way registers nothing", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const wrong: Record<string, Misbehaviour> = {
    origin: { origin: "http://localhost:4001" },
    "sibling origin": { origin: "https://evil.localhost:4000" },
    "relying party": { rpId: "example.org" },
    challenge: { challenge: "A".repeat(43) },
    frame: { crossOrigin: true },
    ceremony: { type: "webauthn.get" },
    "nobody verified": { userVerified: false },
    "nobody present": { userPresent: false },
    attestation: { format: ATTESTED },
  };
  for (const [name, bad] of Object.entries(wrong)) {
    const response = new Authenticator().create(await identity.factors.startPasskey(who), bad);
    const finishing = identity.factors.finishPasskey(who, { name: "Key", response });
    assert.equal(await codeOf(finishing), "wrong-factor", name);
  }
  assert.deepEqual((await identity.factors.list(who.account.id)).passkeys, []);
});

test("an answer that is wrong in any way signs nobody in", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who);
  const bob = await signUp(identity, someone("bob"), HOME);
  const wrong: Record<string, Misbehaviour> = {
    origin: { origin: "http://localhost:4001" },
    "relying party": { rpId: "example.org" },
    challenge: { challenge: "A".repeat(43) },
    frame: { crossOrigin: true },
    ceremony: { type: "webauthn.create" },
    "nobody verified": { userVerified: false },
    "nobody present": { userPresent: false },
    "another key": { signedBy: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey },
    "another user": {
      userHandle: Buffer.from(bob.account.id.replaceAll("-", ""), "hex").toString("base64url"),
    },
    "no user": { userHandle: null },
  };
  for (const [name, bad] of Object.entries(wrong)) {
    const response = key.get(await identity.startPasskeySignIn(), bad);
    assert.equal(await codeOf(identity.signInWithPasskey(response, AWAY)), "wrong-factor", name);
  }
  const stranger = new Authenticator().get(await identity.startPasskeySignIn());
  assert.equal(await codeOf(identity.signInWithPasskey(stranger, AWAY)), "wrong-factor", "unknown passkey");
  assert.ok(await identity.signInWithPasskey(key.get(await identity.startPasskeySignIn()), AWAY));
});

test("a challenge answers once, in time, and only the ceremony and session it was made for", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who);
  const response = key.get(await identity.startPasskeySignIn());
  const results = await Promise.allSettled([1, 2, 3].map(() => identity.signInWithPasskey(response, AWAY)));
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1, "replayed at once");
  assert.equal(await codeOf(identity.signInWithPasskey(response, AWAY)), "wrong-factor", "replayed later");
  const late = key.get(await identity.startPasskeySignIn());
  clock.advance(5 * 60_000);
  assert.equal(await codeOf(identity.signInWithPasskey(late, AWAY)), "wrong-factor", "late");
  const stepUp = key.get(await identity.factors.startPasskeyStepUp(who));
  assert.equal(await codeOf(identity.signInWithPasskey(stepUp, AWAY)), "wrong-factor", "a step-up's");
  const signingIn = key.get(await identity.startPasskeySignIn());
  const asStepUp = identity.factors.stepUp(who, { factor: { method: "passkey", response: signingIn } });
  assert.equal(await codeOf(asStepUp), "wrong-factor", "a sign-in's");
  const other = await identity.signInWithPasskey(key.get(await identity.startPasskeySignIn()), AWAY);
  const foreign = key.get(await identity.factors.startPasskeyStepUp(other));
  const elsewhere = identity.factors.stepUp(who, { factor: { method: "passkey", response: foreign } });
  assert.equal(await codeOf(elsewhere), "wrong-factor", "another session's");
});

test("somebody else's passkey proves nothing, also when it names nobody", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity } = world;
  const ann = await signUp(identity, someone("ann"), HOME);
  const bob = await signUp(identity, someone("bob"), HOME);
  const bobsKey = await enrol(identity, bob);
  const response = bobsKey.get(await identity.factors.startPasskeyStepUp(ann), { userHandle: null });
  const stepping = identity.factors.stepUp(ann, { factor: { method: "passkey", response } });
  assert.equal(await codeOf(stepping), "wrong-factor");
});

test("a counter that does not advance is refused and told; one that stays at zero is not counted", async () => {
  const events: IdentityEvent[] = [];
  await using world = await mailHarness({
    passkeys: SITE,
    observe: async (event) => void events.push(event),
  });
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who);
  const shown = async (counter: number) =>
    identity.signInWithPasskey(key.get(await identity.startPasskeySignIn(), { counter }), AWAY);
  await shown(0);
  await shown(0);
  await shown(7);
  assert.equal(await codeOf(shown(7)), "wrong-factor");
  assert.equal(await codeOf(shown(0)), "wrong-factor");
  const [passkey] = (await identity.factors.list(who.account.id)).passkeys;
  assert.deepEqual(
    events.filter(({ type }) => type === "auth.passkey.counter-regressed"),
    [7, 0].map((value) => ({
      type: "auth.passkey.counter-regressed",
      userId: who.account.id,
      passkeyId: passkey?.id,
      stored: 7,
      shown: value,
    })),
  );
  assert.ok(await shown(8));
});

test("an account holds several passkeys, each once, up to a bound; each can be named and removed", async () => {
  await using world = await mailHarness({ passkeys: SITE, config: { factors: { passkeysPerAccount: 2 } } });
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who, "First");
  const { excludeCredentials } = await identity.factors.startPasskey(who);
  assert.deepEqual(
    excludeCredentials?.map(({ id }) => id),
    [key.id],
  );
  const again = key.create(await identity.factors.startPasskey(who));
  const twice = identity.factors.finishPasskey(who, { name: "Again", response: again });
  assert.equal(await codeOf(twice), "wrong-factor", "the same credential");
  await enrol(identity, who, "Second");
  assert.equal(await codeOf(identity.factors.startPasskey(who)), "too-many-passkeys");
  const [first] = (await identity.factors.list(who.account.id)).passkeys;
  assert.ok(first);
  const bob = await signUp(identity, someone("bob"), HOME);
  const foreign = identity.factors.renamePasskey(bob.account.id, first.id, "Mine");
  assert.equal(await codeOf(foreign), "unknown-factor");
  assert.equal(await codeOf(identity.factors.remove(bob, first.id)), "unknown-factor");
  await identity.factors.renamePasskey(who.account.id, first.id, "Renamed");
  await identity.factors.remove(who, first.id);
  const left = await identity.factors.list(who.account.id);
  assert.deepEqual(
    left.passkeys.map(({ name }) => name),
    ["Second"],
  );
});

test("a removed passkey takes the sessions it opened with it, in every process, and not the one that removes it", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity, clock } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who);
  const opened = await identity.signInWithPasskey(key.get(await identity.startPasskeySignIn()), AWAY);
  const elsewhere = world.another();
  assert.ok(await elsewhere.authenticate(opened.token));
  const [passkey] = (await identity.factors.list(who.account.id)).passkeys;
  await identity.factors.remove(who, passkey?.id ?? "");
  clock.advance(1000);
  assert.equal(await elsewhere.authenticate(opened.token), null);
  const kept = await identity.authenticate(who.token);
  assert.equal(kept?.account.mfaEnabled, false);
  const used = key.get(await identity.startPasskeySignIn());
  assert.equal(await codeOf(identity.signInWithPasskey(used, AWAY)), "wrong-factor");
  assert.equal((await identity.factors.list(who.account.id)).recoveryCodesLeft, 0, "they stood in for it");
  assert.ok(await signIn(identity, ANN, AWAY));
});

test("a passkey is the second factor of a password, too", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who);
  const asked = await identity.signIn(ANN, AWAY);
  assert.ok(asked.status === "second-factor");
  assert.deepEqual(asked.methods, ["passkey", "recovery-code"]);
  const { challenge } = asked;
  const options = await identity.startPasskeySecondFactor(challenge);
  assert.deepEqual(
    options.allowCredentials?.map(({ id }) => id),
    [key.id],
  );
  const proof = { method: "passkey", response: key.get(options, { userHandle: null }) } as const;
  const { session } = await identity.completeSignIn({ challenge, proof }, AWAY);
  assert.deepEqual(session.amr, ["pwd", "pop", "user", "mfa"]);
  assert.equal(await codeOf(identity.completeSignIn({ challenge, proof }, AWAY)), "invalid-challenge");
  assert.equal(await codeOf(identity.startPasskeySecondFactor(challenge)), "invalid-challenge");
});

test("guesses at codes slow no passkey down", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who);
  const asked = await identity.signIn(ANN, AWAY);
  assert.ok(asked.status === "second-factor");
  const { challenge } = asked;
  const guess = { challenge, proof: { method: "recovery-code", code: "AAAA-AAAA-AAAA-AAAA" } } as const;
  while ((await codeOf(identity.completeSignIn(guess, AWAY))) !== "rate-limited");
  const response = key.get(await identity.startPasskeySecondFactor(challenge));
  assert.ok(await identity.completeSignIn({ challenge, proof: { method: "passkey", response } }, AWAY));
  const fresh = key.get(await identity.factors.startPasskeyStepUp(who));
  assert.ok(await identity.factors.stepUp(who, { factor: { method: "passkey", response: fresh } }));
});

test("a suspended account is told so by its passkey, and not let in", async () => {
  await using world = await mailHarness({ passkeys: SITE });
  const { identity, db } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  const key = await enrol(identity, who);
  await db.query("UPDATE users SET status = 'SUSPENDED', suspended_at = now() WHERE id = $1", [
    who.account.id,
  ]);
  const response = key.get(await identity.startPasskeySignIn());
  assert.equal(await codeOf(identity.signInWithPasskey(response, AWAY)), "account-suspended");
});

test("without a site there are no passkeys", async () => {
  await using world = await mailHarness();
  const { identity } = world;
  const who = await signUp(identity, someone("ann"), HOME);
  assert.equal(await codeOf(identity.startPasskeySignIn()), "not-configured");
  assert.equal(await codeOf(identity.factors.startPasskey(who)), "not-configured");
  assert.equal(await codeOf(identity.signInWithPasskey({}, AWAY)), "not-configured");
});
