import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { PasskeySite } from "../ports.ts";
import { userOf, verifyAssertion, verifyRegistration } from "./ceremony.ts";
import { type PasskeyResponse, parseResponse } from "./response.ts";

interface Credential {
  readonly response: Readonly<Record<string, unknown>>;
}

interface Vectors {
  readonly site: PasskeySite;
  readonly user: string;
  readonly valid: readonly { name: string; registration: Credential; assertion: Credential }[];
  /** Right in everything, and with a statement that carries a certificate. */
  readonly attested: Credential;
}

/** Recorded from the authenticator of Chromium 153; later versions must still read them. */
const vectors: Vectors = JSON.parse(
  readFileSync(new URL("../../vectors/passkeys.json", import.meta.url), "utf8"),
);
const { site } = vectors;

function parsed(credential: Credential): PasskeyResponse {
  return parseResponse(credential) ?? assert.fail("not a credential");
}

/**
 * One bit of one field turned over. Of a signature the last bytes, which are a number in every encoding: a header read
 * leniently lets nobody sign anything else.
 */
function spoilt(credential: Credential, field: string, at: number): PasskeyResponse | null {
  const bytes = Buffer.from(String(credential.response[field]), "base64url");
  const length = field === "signature" ? 16 : bytes.length;
  const index = bytes.length - 1 - (Math.floor(at / 8) % length);
  bytes[index] = (bytes[index] ?? 0) ^ (1 << (at % 8));
  return parseResponse({
    ...credential,
    response: { ...credential.response, [field]: bytes.toString("base64url") },
  });
}

for (const { name, registration, assertion } of vectors.valid) {
  test(`a recorded ${name} passkey registers and signs in; with any bit turned over it does not sign in`, async () => {
    const made = (await verifyRegistration(site, parsed(registration))) ?? assert.fail("refused");
    const answer = parsed(assertion);
    const { counter } = (await verifyAssertion(site, answer, made.publicKey)) ?? assert.fail("refused");
    assert.ok(counter > made.counter);
    assert.equal(userOf(answer), vectors.user);
    const field = fc.constantFrom("clientDataJSON", "authenticatorData", "signature");
    await fc.assert(
      fc.asyncProperty(field, fc.nat(1 << 14), async (which, at) => {
        const bad = spoilt(assertion, which, at);
        if (bad === null) return;
        // The caller would not know this challenge; here even that must not help.
        assert.equal(await verifyAssertion(site, bad, made.publicKey), null);
      }),
      { numRuns: 150 },
    );
  });
}

test("no passkey of one key is another's", async () => {
  const keys = await Promise.all(
    vectors.valid.map(async ({ registration }) => verifyRegistration(site, parsed(registration))),
  );
  for (const [i, { assertion }] of vectors.valid.entries()) {
    for (const [j, key] of keys.entries()) {
      assert.ok(key);
      const verified = await verifyAssertion(site, parsed(assertion), key.publicKey);
      assert.equal(verified !== null, i === j);
    }
  }
});

test("another site refuses what this one accepts", async () => {
  const [first] = vectors.valid;
  assert.ok(first);
  for (const other of [
    { ...site, rpId: "example.org" },
    { ...site, origins: ["http://localhost"] },
    { ...site, origins: [`${site.origins[0]}.example.org`] },
  ]) {
    assert.equal(await verifyRegistration(other, parsed(first.registration)), null);
  }
});

test("a statement with a certificate is refused: reading it would mean asking addresses the certificate names", async () => {
  assert.equal(await verifyRegistration(site, parsed(vectors.attested)), null);
});
