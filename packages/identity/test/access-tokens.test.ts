import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { type Logger, silentLogger } from "@rempart/runtime";
import { until } from "@rempart/testing";
import { codePoint } from "@rempart/testing/code-point";
import fc from "fast-check";
import { createLocalJWKSet, jwtVerify } from "jose";
import type { Identity, IdentityOptions, SignedIn } from "../src/index.ts";
import { SITE } from "./authenticator.ts";
import { HOME, harness, signUp, someone, testEnvelopes } from "./harness.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
/** How long a process that has just started asks the database about every token. */
const SETTLED = 17 * MINUTE;

async function world(options: Partial<IdentityOptions> = {}) {
  return harness({ envelopes: testEnvelopes(), ...options });
}

async function issued(identity: Identity, who: SignedIn): Promise<string> {
  return (await identity.tokens.issue(who)).token;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = "", claims = ""] = token.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  return { header: read(header), claims: read(claims) };
}

test("an access token says who, in which session, with which role; another library verifies it by the published set", async () => {
  await using w = await world();
  const { identity, clock } = w;
  const who = await signUp(identity, someone("ann"), HOME);
  const { token, expiresAt, sizeBytes } = await identity.tokens.issue(who);
  assert.equal(expiresAt, clock.now() + 15 * MINUTE);
  assert.equal(sizeBytes, token.length);
  const claims = await identity.tokens.check(token);
  assert.ok(claims);
  assert.deepEqual(
    [claims.sub, claims.sid, claims.role, claims.tenant, claims.amr],
    [who.account.id, who.session.id, "USER", undefined, ["pwd"]],
  );
  const { keys } = await identity.tokens.jwks();
  const verified = await jwtVerify(token, createLocalJWKSet({ keys: [...keys] }), {
    issuer: "rempart",
    audience: "rempart",
    algorithms: ["EdDSA"],
    typ: "at+jwt",
    currentDate: new Date(clock.now()),
  });
  assert.deepEqual(verified.payload, claims);
  assert.ok(keys.every((key) => !("d" in key)));
});

test("tokens that are not ours: none, other algorithms, foreign keys, odd headers, spoilt text", async () => {
  await using w = await world();
  const { identity, clock } = w;
  const good = await issued(identity, await signUp(identity, someone("ann"), HOME));
  const { header, claims } = decode(good);
  const [h = "", p = "", s = ""] = good.split(".");
  const foreign = generateKeyPairSync("ed25519");
  const signed = (head: unknown, body: unknown) => {
    const text = `${encode(head)}.${encode(body)}`;
    return `${text}.${sign(null, Buffer.from(text), foreign.privateKey).toString("base64url")}`;
  };
  const jwk = foreign.publicKey.export({ format: "jwk" });
  const hostile = [
    signed(header, claims),
    signed({ ...header, jwk }, claims),
    signed({ ...header, kid: "unknown" }, claims),
    signed({ ...header, jku: "https://evil.example/jwks.json" }, claims),
    `${encode({ ...header, alg: "none" })}.${p}.`,
    `${encode({ ...header, alg: "none" })}.${p}.${s}`,
    `${encode({ ...header, alg: "HS256" })}.${p}.${s}`,
    `${encode({ ...header, crit: ["exp"] })}.${p}.${s}`,
    `${encode({ kid: header.kid, alg: "EdDSA", typ: "at+jwt" })}.${p}.${s}`,
    `${h}.${encode({ ...claims, role: "ADMIN" })}.${s}`,
    `${h}=.${p}.${s}`,
    `${h}.${p}.${s}.`,
    `${h}.${p}.${s}\n`,
    ` ${good}`,
    `${h}.${p}`,
    `${h}..${s}`,
    `..${s}`,
    `${h}.${p}.${"A".repeat(86)}`,
    good.slice(0, -1),
    "",
    ".".repeat(4096),
    "a".repeat(1e6),
  ];
  for (const token of hostile) assert.equal(await identity.tokens.check(token), null, token.slice(0, 80));
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(..."AZaz09-_.=é\u0141\0"), async (at, c) => {
      const spoilt = good.slice(0, at) + c + good.slice(at + 1);
      assert.equal((await identity.tokens.check(spoilt)) === null, spoilt !== good);
    }),
    { numRuns: 400 },
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: codePoint, maxLength: 300 }), async (text) => {
      assert.equal(await identity.tokens.check(text), null);
    }),
    { numRuns: 200 },
  );
  assert.ok(await identity.tokens.check(good));
  clock.advance(SECOND);
});

test("what our own key signed but never issued is refused: other issuer, audience, life, form", async () => {
  const envelopes = testEnvelopes();
  await using w = await world({ envelopes });
  const { identity, db } = w;
  const good = await issued(identity, await signUp(identity, someone("ann"), HOME));
  const [row] = await db.query<{ id: string; private_key: string }>(
    "SELECT id, private_key FROM signing_keys",
  );
  assert.ok(row);
  const where = { table: "signing_keys", column: "private_key", row: row.id };
  const seed = await envelopes.open(row.private_key, where);
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
  const { header, claims } = decode(good);
  const signed = (body: unknown) => {
    const text = `${encode(header)}.${encode(body)}`;
    return `${text}.${sign(null, Buffer.from(text), key).toString("base64url")}`;
  };
  assert.ok(await identity.tokens.check(signed(claims)), "the forger's key is the right one");
  const iat = claims.iat as number;
  const wrong = [
    { ...claims, iss: "other" },
    { ...claims, aud: ["rempart"] },
    { ...claims, sub: "x" },
    { ...claims, sid: null },
    { ...claims, role: 1 },
    { ...claims, amr: "pwd" },
    { ...claims, exp: iat + 901 },
    { ...claims, iat: iat + 31, exp: iat + 60 },
    { ...claims, exp: String(claims.exp) },
    { ...claims, tenant: { id: "' OR true" } },
    { ...claims, auth_time: -1 },
    null,
    [],
    "text",
    7,
  ];
  for (const body of wrong)
    assert.equal(await identity.tokens.check(signed(body)), null, JSON.stringify(body));
});

test("a token is over at its time, with thirty seconds for clocks that differ, and never outlives its session", async () => {
  await using w = await world();
  const { identity, clock } = w;
  const who = await signUp(identity, someone("ann"), HOME);
  const token = await issued(identity, who);
  clock.advance(15 * MINUTE + 30 * SECOND - 1);
  assert.ok(await identity.tokens.check(token));
  clock.advance(1);
  assert.equal(await identity.tokens.check(token), null);
  clock.jump(-17 * MINUTE);
  assert.equal(await identity.tokens.check(token), null, "from the future, by a clock that went back");
  clock.jump(17 * MINUTE);
  const ending = { ...who, session: { ...who.session, expiresAt: clock.now() + MINUTE } };
  assert.equal((await identity.tokens.issue(ending)).expiresAt, clock.now() + MINUTE);
});

for (const settled of [false, true]) {
  const when = settled ? "in a process that asks no database" : "in a process that has just started";
  test(`an ended session, a suspension, a ban and a new role end access tokens within a second, ${when}`, async () => {
    await using w = await world();
    const { identity, clock, db } = w;
    const elsewhere = w.another();
    await elsewhere.tokens.check("listening");
    if (settled) clock.advance(SETTLED);
    const ends: [string, (who: SignedIn) => Promise<unknown>][] = [
      ["signed-out", ({ session }) => identity.signOut(session.id)],
      [
        "suspended",
        ({ account }) => db.query("UPDATE users SET status = 'SUSPENDED' WHERE id = $1", [account.id]),
      ],
      ["banned", ({ account }) => db.query("UPDATE users SET status = 'BANNED' WHERE id = $1", [account.id])],
      ["deleted", ({ account }) => db.query("DELETE FROM users WHERE id = $1", [account.id])],
      ["promoted", ({ account }) => db.query("UPDATE users SET role = 'ADMIN' WHERE id = $1", [account.id])],
    ];
    for (const [name, end] of ends) {
      const who = await signUp(identity, someone(name), HOME);
      const shown = await issued(identity, who);
      const unseen = await issued(identity, who);
      assert.ok(await elsewhere.tokens.check(shown), name);
      await end(who);
      clock.advance(SECOND);
      assert.equal(await elsewhere.tokens.check(shown), null, `${name}: in memory`);
      assert.equal(await elsewhere.tokens.check(unseen), null, `${name}: never shown there`);
      assert.equal(await identity.tokens.check(shown), null, `${name}: where it was issued`);
    }
  });
}

test("a suspicion costs one question per token, and a token that is still true passes", async () => {
  let asked = 0;
  await using w = await world();
  const counting = w.another({
    delay: async (text) => {
      if (text.includes("SELECT 1 FROM sessions")) asked += 1;
    },
  });
  const { identity, clock } = w;
  const who = await signUp(identity, someone("ann"), HOME);
  await counting.tokens.check("listening");
  clock.advance(SETTLED);
  const token = await issued(identity, who);
  for (let i = 0; i < 3; i += 1) assert.ok(await counting.tokens.check(token));
  assert.equal(asked, 0, "nothing is known against it");
  await identity.updateName(who.account.id, "Somebody");
  clock.advance(SECOND);
  for (let i = 0; i < 3; i += 1) assert.ok(await counting.tokens.check(token));
  assert.equal(asked, 1);
});

test("when changes cannot be read, a check rejects rather than believing its memory", async () => {
  await using w = await world();
  const { identity, clock, db } = w;
  const token = await issued(identity, await signUp(identity, someone("ann"), HOME));
  assert.ok(await identity.tokens.check(token));
  await db.query("ALTER TABLE identity_changes RENAME TO hidden");
  clock.advance(SECOND);
  await assert.rejects(identity.tokens.check(token));
  await db.query("ALTER TABLE hidden RENAME TO identity_changes");
  assert.ok(await identity.tokens.check(token));
});

test("a token too large is neither issued nor looked at, and without envelopes none is issued", async () => {
  await using w = await world({ config: { tokens: { maxBytes: 300 } } });
  const who = await signUp(w.identity, someone("ann"), HOME);
  await assert.rejects(w.identity.tokens.issue(who), (error) => hasCode(error, "token-too-large"));
  const roomy = w.another({ config: { tokens: { maxBytes: 4096 } } });
  const token = await issued(roomy, who);
  assert.ok(await roomy.tokens.check(token));
  assert.equal(await w.identity.tokens.check(token), null);
  await using plain = await harness();
  const other = await signUp(plain.identity, someone("bea"), HOME);
  await assert.rejects(plain.identity.tokens.issue(other), (error) => hasCode(error, "not-configured"));
  assert.equal((await plain.identity.tokens.refresh(other.token, HOME))?.access, null);
});

test("a refresh brings an access token of its moment, and the ones before stay good while they live", async () => {
  await using w = await world();
  const { identity, db, clock } = w;
  const who = await signUp(identity, someone("ann"), HOME);
  const before = await issued(identity, who);
  const first = await identity.tokens.refresh(who.token, HOME);
  assert.ok(first?.access && (await identity.tokens.check(before)));
  await db.query("UPDATE users SET role = 'MODERATOR' WHERE id = $1", [who.account.id]);
  const second = await identity.tokens.refresh(first.token, HOME);
  assert.ok(second?.access);
  clock.advance(SECOND);
  assert.equal((await identity.tokens.check(second.access.token))?.role, "MODERATOR");
  assert.equal(await identity.tokens.check(before), null);
});

test("use of access tokens alone keeps their session from lying idle", async () => {
  await using w = await world({ config: { session: { idleMs: 20 * MINUTE } } });
  const { identity, clock } = w;
  const who = await signUp(identity, someone("ann"), HOME);
  for (let i = 0; i < 4; i += 1) {
    const token = await issued(identity, who);
    clock.advance(10 * MINUTE);
    assert.ok(await identity.tokens.check(token));
    await identity.maintain();
  }
  assert.ok(await identity.authenticate(who.token));
});

test("while no key can be sealed, everything else that is due is done", async () => {
  const envelopes = testEnvelopes();
  const warnings: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_fields, message) => void warnings.push(message ?? "") };
  const config = { session: { pollMs: 5 }, maintenanceMs: 30 * DAY };
  await using w = await world({ envelopes, log, config, passkeys: SITE });
  const { identity, db, clock } = w;
  await identity.startPasskeySignIn();
  await issued(identity, await signUp(identity, someone("ann"), HOME));
  envelopes.seal = async () => {
    throw new Error("the key provider is away");
  };
  clock.advance(30 * DAY);
  await until(() => warnings.includes("cannot tidy up; it is tried again"));
  assert.deepEqual(await db.query("SELECT 1 FROM passkey_challenges"), []);
});

test("a rotation publishes the next key before it signs, and both are accepted while tokens live", async () => {
  await using w = await world();
  const { identity, clock } = w;
  const elsewhere = w.another();
  const who = await signUp(identity, someone("ann"), HOME);
  const old = await issued(elsewhere, who);
  const kid = await identity.tokens.signingKeys.rotate();
  assert.equal(await elsewhere.tokens.signingKeys.rotate(), kid, "one that waits is enough");
  const kidOf = (token: string) => decode(token).header.kid;
  const { keys } = await elsewhere.tokens.jwks();
  assert.deepEqual(keys.map((key) => key.kid).sort(), [kidOf(old), kid].sort());
  assert.equal(kidOf(await issued(elsewhere, who)), kidOf(old), "published, not signing yet");
  clock.advance(10 * MINUTE);
  const fresh = await issued(elsewhere, who);
  assert.equal(kidOf(fresh), kid);
  for (const token of [old, fresh]) assert.ok(await identity.tokens.check(token));
  const began = clock.now();
  const versions = await identity.tokens.signingKeys.versions();
  assert.deepEqual(
    versions.map(({ activeUntil, acceptedUntil, destroyedAt }) => [activeUntil, acceptedUntil, destroyedAt]),
    [
      [began, began + DAY, null],
      [null, null, null],
    ],
  );
  clock.advance(MINUTE);
  await identity.maintain();
  const halves = await w.db.query<{ kid: string }>(
    "SELECT kid FROM signing_keys WHERE private_key IS NOT NULL",
  );
  assert.deepEqual(halves, [{ kid }], "the other has signed for the last time");
  clock.advance(DAY);
  const [ended] = await identity.tokens.signingKeys.versions();
  assert.equal(ended?.destroyedAt, began + DAY);
  assert.deepEqual(
    (await identity.tokens.jwks()).keys.map((key) => key.kid),
    [kid],
  );
});

test("a stolen signing key is retired: its tokens die in every process within a second, and new ones are signed at once", async () => {
  await using w = await world();
  const { identity, clock } = w;
  const elsewhere = w.another();
  const who = await signUp(identity, someone("ann"), HOME);
  const token = await issued(identity, who);
  assert.ok(await elsewhere.tokens.check(token));
  const kid = decode(token).header.kid as string;
  await assert.rejects(identity.tokens.signingKeys.destroy(kid), (error) =>
    hasCode(error, "signing-key-in-use"),
  );
  await identity.tokens.signingKeys.retire(kid);
  await assert.rejects(identity.tokens.signingKeys.retire(kid), (error) =>
    hasCode(error, "unknown-signing-key"),
  );
  await assert.rejects(identity.tokens.signingKeys.destroy("x"), (error) =>
    hasCode(error, "unknown-signing-key"),
  );
  await identity.tokens.signingKeys.destroy(kid);
  assert.equal((await identity.tokens.signingKeys.versions())[0]?.destroyedAt, clock.now());
  assert.equal(await identity.tokens.check(token), null, "at once where it was retired");
  clock.advance(SECOND);
  assert.equal(await elsewhere.tokens.check(token), null);
  assert.ok(await identity.tokens.check(await issued(elsewhere, who)));
});

test("keys rotate by themselves when they are old, and processes that start at once make one", async () => {
  await using w = await world();
  const { identity, clock, db } = w;
  const who = await signUp(identity, someone("ann"), HOME);
  const processes = [identity, w.another(), w.another(), w.another()];
  const kids = await Promise.all(processes.map(async (p) => decode(await issued(p, who)).header.kid));
  assert.equal(new Set(kids).size, 1);
  clock.advance(30 * DAY);
  await Promise.all(processes.map((p) => p.maintain()));
  assert.deepEqual(
    (await identity.tokens.signingKeys.versions()).map(({ activeFrom }) => activeFrom > clock.now()),
    [false, true],
  );
  const stored = await db.query<{ private_key: string }>("SELECT private_key FROM signing_keys");
  assert.ok(stored.every(({ private_key }) => private_key.startsWith("local:")));
});

test("rotating under load fails no check and no issue", async () => {
  await using w = await world();
  const { identity, clock } = w;
  const elsewhere = w.another();
  const who = await signUp(identity, someone("ann"), HOME);
  for (let round = 0; round < 5; round += 1) {
    const work = Array.from({ length: 20 }, async (_, i) => {
      const token = await issued(i % 2 === 0 ? identity : elsewhere, who);
      assert.ok(await (i % 3 === 0 ? identity : elsewhere).tokens.check(token));
    });
    await Promise.all([...work, identity.tokens.signingKeys.rotate({ atOnce: round % 2 === 0 })]);
    clock.advance(SECOND);
  }
});
