import assert from "node:assert/strict";
import { createPublicKey, verify, type webcrypto } from "node:crypto";
import { test } from "node:test";
import { totpCode } from "@rempart/testing";
import { linkIn, startSmtp } from "@rempart/testing/smtp";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const PASSWORD = "a quiet harbour at dawn";
const NEXT_PASSWORD = "nine lanterns over water";

test("an account begins with the link of a mail, and a forgotten password is chosen anew with another", async () => {
  await using smtp = await startSmtp();
  await using server = await testMessenger({ env: { SMTP_URL: smtp.url, REQUIRE_VERIFIED_EMAIL: "true" } });
  const email = "zoe@example.org";
  const zoe = new Person(server.publicUrl, "Zoë");
  const signUp = { email, password: PASSWORD, name: "Zoë", language: "fr" };
  assert.deepEqual(await zoe.must("signUp", { body: signUp }), { status: "verify-email" });
  assert.equal((await zoe.call("signIn", { body: { email, password: PASSWORD } })).code, "wrong-credentials");
  const welcome = await smtp.next(email, "Confirmez");
  const verification = linkIn(welcome, "verify-email");
  await zoe.must("verifyEmail", { body: { token: verification } });
  assert.equal((await zoe.call("verifyEmail", { body: { token: verification } })).code, "invalid-link");
  const signedIn = await zoe.must("signIn", { body: { email, password: PASSWORD } });
  assert.equal(signedIn.status, "signed-in");
  assert.notEqual(signedIn.account.emailVerifiedAt, null);

  assert.deepEqual(
    await zoe.must("signUp", { body: signUp }),
    { status: "verify-email" },
    "a taken address is not told",
  );
  await smtp.next(email, "compte");

  const other = new Person(server.publicUrl, "Zoë");
  await other.must("requestPasswordReset", { body: { email } });
  await other.must("requestPasswordReset", { body: { email: "nobody@example.org" } });
  const token = linkIn(await smtp.next(email, "reset-password"), "reset-password");
  assert.equal(
    (await other.call("resetPassword", { body: { token, password: "password1" } })).code,
    "weak-password",
  );
  await other.must("resetPassword", { body: { token, password: NEXT_PASSWORD } });
  assert.equal(
    (await other.call("resetPassword", { body: { token, password: PASSWORD } })).code,
    "invalid-link",
  );
  assert.equal((await zoe.call("session")).code, "unauthenticated", "a reset ends every session");
  await other.must("signIn", { body: { email, password: NEXT_PASSWORD } });
  assert.ok(!smtp.received.some(({ to }) => to === "nobody@example.org"));
});

test("a mail server that refuses for a while loses no mail", async () => {
  await using smtp = await startSmtp();
  await using server = await testMessenger({ env: { SMTP_URL: smtp.url } });
  const ada = await Person.arrive(server.publicUrl, "Ada");
  const { account } = await ada.must("session");
  smtp.refuse(true);
  await ada.must("requestPasswordReset", { body: { email: account.email } });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(!smtp.received.some(({ raw }) => raw.includes("reset-password")));
  smtp.refuse(false);
  const token = linkIn(await smtp.next(account.email, "reset-password"), "reset-password");
  await ada.must("resetPassword", { body: { token, password: NEXT_PASSWORD } });
});

test("a second factor stands between the password and the session, and each proof counts once", async () => {
  await using server = await testMessenger();
  const email = "bo@example.org";
  const bo = new Person(server.publicUrl, "Bo");
  await bo.must("signUp", { body: { email, password: PASSWORD, name: "Bo" } });
  const { secret } = await bo.must("startTotp");
  // Of the step that it was then: another one may begin at any moment.
  const code = totpCode(secret);
  const { recoveryCodes } = await bo.must("confirmTotp", { body: { code } });
  assert.equal(recoveryCodes.length, 10);
  assert.notEqual((await bo.must("factors")).totp, null);

  const again = new Person(server.publicUrl, "Bo");
  const half = await again.must("signIn", { body: { email, password: PASSWORD } });
  assert.equal(half.status, "second-factor");
  assert.equal(again.cookie, "", "no session yet");
  const { challenge } = half;
  const used = await again.call("completeSignIn", {
    body: { challenge, proof: { method: "totp", code } },
  });
  assert.equal(used.code, "wrong-factor", "the code that enrolled is spent");
  const proof = { method: "recovery-code", code: recoveryCodes[0] };
  const whole = await again.must("completeSignIn", { body: { challenge, proof } });
  assert.deepEqual(whole.session.amr, ["pwd", "otp", "mfa"]);
  const third = new Person(server.publicUrl, "Bo");
  const next = await third.must("signIn", { body: { email, password: PASSWORD } });
  const spent = await third.call("completeSignIn", { body: { challenge: next.challenge, proof } });
  assert.equal(spent.code, "wrong-factor");
});

test("a refresh replaces the token in place and gives an access token that others can check", async () => {
  await using server = await testMessenger();
  const cy = await Person.arrive(server.publicUrl, "Cy");
  const before = cy.cookie;
  const { accessToken, session } = await cy.must("refresh");
  assert.notEqual(cy.cookie, before);
  assert.equal((await cy.must("session")).session.id, session.id, "the session is the same");
  const published = await fetch(`${server.publicUrl}/.well-known/jwks.json`);
  const jwks = (await published.json()) as { keys: (webcrypto.JsonWebKey & { kid: string })[] };
  const [header, claims, signature] = accessToken.split(".");
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString());
  const jwk = jwks.keys.find((key) => key.kid === kid) as webcrypto.JsonWebKey;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  assert.ok(verify(null, Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url")));
  assert.equal(JSON.parse(Buffer.from(claims, "base64url").toString()).sub, cy.id);
  const asked = (token: string) =>
    fetch(`${server.publicUrl}/api/v1/auth/session`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await asked(accessToken)).status, 200);
  const forged = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  assert.equal((await asked(`${header}.${claims}.${forged}`)).status, 401);
  await cy.must("signOut");
  assert.equal((await asked(accessToken)).status, 401, "an ended session's access token is over at once");
});

test("a fresh proof replaces the session's token, and an access token brings none to replace", async () => {
  await using server = await testMessenger();
  const email = "fay@example.org";
  const fay = new Person(server.publicUrl, "Fay");
  const { session } = await fay.must("signUp", { body: { email, password: PASSWORD, name: "Fay" } });
  const before = fay.cookie;
  const proven = await fay.must("stepUp", { body: { password: PASSWORD } });
  assert.equal(proven.session.id, session.id);
  assert.notEqual(fay.cookie, before);
  await fay.must("session");
  const { database } = server.storage;
  await database.query("UPDATE superseded_tokens SET superseded_at = superseded_at - interval '10 minutes'");
  const copy = new Person(server.publicUrl, "Fay");
  copy.cookie = before;
  assert.equal((await copy.call("session")).code, "unauthenticated", "a copy of the old token opens nothing");

  const { accessToken } = await fay.must("refresh");
  const answer = await fetch(`${server.publicUrl}/api/v1/account/step-up`, {
    method: "POST",
    headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({ password: PASSWORD }),
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("set-cookie"), null);
});

test("two tabs may refresh at once; a stolen old token ends the session", async () => {
  await using server = await testMessenger();
  const di = await Person.arrive(server.publicUrl, "Di");
  const thief = new Person(server.publicUrl, "Di");
  const tab = new Person(server.publicUrl, "Di");
  thief.cookie = di.cookie;
  tab.cookie = di.cookie;
  await Promise.all([di.must("refresh"), tab.must("refresh")]);
  assert.equal(di.cookie, tab.cookie, "both hold the same successor");
  await di.must("session");
  const { database } = server.storage;
  await database.query("UPDATE superseded_tokens SET superseded_at = superseded_at - interval '10 minutes'");
  assert.equal((await thief.call("refresh")).code, "unauthenticated");
  assert.equal((await di.call("session")).code, "unauthenticated", "the whole family ended");
  const [row] = await database.query<{ end_reason: string }>("SELECT end_reason FROM sessions");
  assert.equal(row?.end_reason, "token-reused");
});

test("every act of an account stands in the audit log, without the address it was made with", async () => {
  await using server = await testMessenger();
  const eve = await Person.arrive(server.publicUrl, "Eve");
  const { account } = await eve.must("session");
  await eve.call("signIn", { body: { email: account.email, password: "not the password" } });
  await eve.must("refresh");
  await eve.must("signOutEverywhere");
  const { database } = server.storage;
  const rows = await database.query<{ event_type: string; body: object }>(
    "SELECT event_type, to_jsonb(a) AS body FROM audit_logs a ORDER BY created_at, id",
  );
  assert.deepEqual(
    rows.map(({ event_type }) => event_type),
    [
      "INVITATION",
      "SIGN_UP",
      "KEY_CHANGE",
      "LOGIN_FAILED",
      "TOKEN_REFRESHED",
      "KEY_ROTATED",
      "SESSION_REVOKED",
    ],
  );
  assert.ok(rows.every(({ body }) => "resource_id" in body && body.resource_id !== null));
  assert.ok(!JSON.stringify(rows).includes(account.email));
});
