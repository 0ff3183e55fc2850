import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { addAuthenticator, type Browser, launchBrowser, type Page } from "@rempart/testing/browser";
import type { PasskeyCreation, PasskeyRequest } from "../src/index.ts";
import { AWAY, codeOf, HOME, mailHarness, signUp, someone } from "./harness.ts";

let browser: Browser;
let origin: string;
const server: Server = createServer((_request, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><html lang=en><title>Passkeys</title><body></body></html>");
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  server.close();
});

/** A page at the site, in a browser with an authenticator that holds passkeys and verifies its person, or does not. */
async function pageWithAuthenticator(verifies = true) {
  const page = await browser.newPage();
  await page.goto(origin);
  return { page, ...(await addAuthenticator(page, { verifies })) };
}

function create(page: Page, options: PasskeyCreation): Promise<object> {
  return page.evaluate(`navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(options)}),
  }).then((credential) => credential.toJSON())`);
}

function get(page: Page, options: PasskeyRequest): Promise<object> {
  return page.evaluate(`navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(${JSON.stringify(options)}),
  }).then((credential) => credential.toJSON())`);
}

function site() {
  return { rpId: "localhost", rpName: "Test", origins: [origin] };
}

test("a browser makes a passkey, signs in with it alone, and steps up with it", async () => {
  await using world = await mailHarness({ passkeys: site() });
  const { identity } = world;
  const { page } = await pageWithAuthenticator();
  const who = await signUp(identity, someone("ann"), HOME);
  const made = await create(page, await identity.factors.startPasskey(who));
  const { passkey, recoveryCodes } = await identity.factors.finishPasskey(who, {
    name: "Browser",
    response: made,
  });
  assert.deepEqual([passkey.name, recoveryCodes?.length], ["Browser", 10]);
  const answer = await get(page, await identity.startPasskeySignIn());
  const entered = await identity.signInWithPasskey(answer, AWAY);
  assert.equal(entered.account.id, who.account.id, "named by the authenticator, not by the person");
  assert.equal(await codeOf(identity.signInWithPasskey(answer, AWAY)), "wrong-factor", "replayed");
  const fresh = await get(page, await identity.factors.startPasskeyStepUp(entered));
  const proof = { factor: { method: "passkey", response: fresh } } as const;
  assert.deepEqual((await identity.factors.stepUp(entered, proof)).amr, ["pop", "user", "mfa"]);
});

test("a browser makes no second passkey where there is one, and none for a person it did not verify", async () => {
  await using world = await mailHarness({ passkeys: site() });
  const { identity } = world;
  const { page } = await pageWithAuthenticator();
  const who = await signUp(identity, someone("ann"), HOME);
  const response = await create(page, await identity.factors.startPasskey(who));
  await identity.factors.finishPasskey(who, { name: "Browser", response });
  await assert.rejects(create(page, await identity.factors.startPasskey(who)), /InvalidStateError/);
  const { page: unverified } = await pageWithAuthenticator(false);
  await assert.rejects(create(unverified, await identity.factors.startPasskey(who)), /NotAllowedError/);
});

test("a copy of an authenticator is noticed by its counter", async () => {
  await using world = await mailHarness({ passkeys: site() });
  const { identity } = world;
  const original = await pageWithAuthenticator();
  const who = await signUp(identity, someone("ann"), HOME);
  const response = await create(original.page, await identity.factors.startPasskey(who));
  await identity.factors.finishPasskey(who, { name: "Browser", response });
  const { credentials } = await original.session.send("WebAuthn.getCredentials", {
    authenticatorId: original.authenticatorId,
  });
  const copy = await pageWithAuthenticator();
  for (const credential of credentials) {
    await copy.session.send("WebAuthn.addCredential", { authenticatorId: copy.authenticatorId, credential });
  }
  const enter = async (page: Page) =>
    identity.signInWithPasskey(await get(page, await identity.startPasskeySignIn()), AWAY);
  await enter(copy.page);
  await enter(copy.page);
  assert.equal(await codeOf(enter(original.page)), "wrong-factor");
});

test("an answer given to a page of another origin is refused", async () => {
  await using world = await mailHarness({ passkeys: { ...site(), origins: ["https://messenger.example"] } });
  const { identity } = world;
  const { page } = await pageWithAuthenticator();
  const who = await signUp(identity, someone("ann"), HOME);
  const response = await create(page, await identity.factors.startPasskey(who));
  assert.equal(
    await codeOf(identity.factors.finishPasskey(who, { name: "Browser", response })),
    "wrong-factor",
  );
});
