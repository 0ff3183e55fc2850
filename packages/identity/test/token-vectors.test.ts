/** The corpus of access tokens: what one version accepted or refused, every later one does as well. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { thumbprint } from "../src/tokens/key-material.ts";
import { harness, testEnvelopes } from "./harness.ts";

interface Vectors {
  readonly issuer: string;
  readonly audience: string;
  /** Unix seconds. */
  readonly now: number;
  readonly lifetimeSeconds: number;
  /** Public keys, 32 bytes in base64url. */
  readonly keys: Readonly<Record<"signing" | "inOverlap" | "retired", string>>;
  readonly valid: readonly { readonly name: string; readonly token: string; readonly claims: object }[];
  readonly invalid: readonly { readonly name: string; readonly token: string }[];
}

const HOUR_MS = 3_600_000;
const file = new URL("../vectors/access-tokens.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const { issuer, audience, lifetimeSeconds } = vectors;

const w = await harness({
  envelopes: testEnvelopes(),
  config: { tokens: { issuer, audience, lifetimeMs: lifetimeSeconds * 1_000 } },
});
after(() => w[Symbol.asyncDispose]());
await insertKeys();
// A process that has just started asks the database whether a token's session lives; these have none.
await w.identity.tokens.check("");
w.clock.advance(vectors.now * 1_000 - w.clock.now());

async function insertKeys(): Promise<void> {
  const now = vectors.now * 1_000;
  const until = { signing: null, inOverlap: now + HOUR_MS, retired: now - 1 };
  for (const [name, x] of Object.entries(vectors.keys)) {
    const bytes = Buffer.from(x, "base64url");
    const accepted = until[name as keyof Vectors["keys"]];
    await w.db.query(
      `INSERT INTO signing_keys (id, kid, public_key, private_key, created_at, signs_from, signs_until, accepted_until)
       VALUES (gen_random_uuid(), $1, $2, NULL, $3, $3, $4, $5)`,
      [
        thumbprint(bytes),
        bytes,
        new Date(now - 2 * HOUR_MS),
        accepted && new Date(now - HOUR_MS),
        accepted && new Date(accepted),
      ],
    );
  }
}

for (const { name, token, claims } of vectors.valid) {
  test(`accepted today as then: ${name}`, async () => {
    const checked = await w.identity.tokens.check(token);
    assert.deepEqual(checked, claims);
  });
}

for (const { name, token } of vectors.invalid) {
  test(`refused today as then: ${name}`, async () => {
    assert.equal(await w.identity.tokens.check(token), null);
    assert.equal(await w.identity.tokens.check(token), null, "asked again");
  });
}
