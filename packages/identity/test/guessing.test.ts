import assert from "node:assert/strict";
import { test } from "node:test";
import { type CodedError, hasCode, systemRandom } from "@rempart/kernel";
import type { PasswordHasher } from "../src/index.ts";
import { argon2Hasher } from "../src/passwords/hasher.ts";
import { turnQueue } from "../src/passwords/queue.ts";
import { AWAY, FAST, HOME, harness, PASSWORD, refusal, signIn, signUp, someone } from "./harness.ts";

/** Real argon2 with a tally: what was checked against what. */
function countingHasher(): { hasher: PasswordHasher; checked: string[] } {
  const real = argon2Hasher(FAST, turnQueue(2, 100), systemRandom);
  const checked: string[] = [];
  const hasher: PasswordHasher = {
    ...real,
    verify(passwordHash, password) {
      checked.push(passwordHash);
      return real.verify(passwordHash, password);
    },
  };
  return { hasher, checked };
}

test("an unknown address, a deleted account and a wrong password are told alike, after the same work", async () => {
  const { hasher, checked } = countingHasher();
  const failed: unknown[] = [];
  await using world = await harness({
    hasher,
    observe: async (event) => void (event.type === "auth.login.failed" && failed.push(event.reason)),
  });
  const { identity, db } = world;
  await signUp(identity, someone("ann"), HOME);
  const gone = await signUp(identity, someone("gone"), HOME);
  await db.query("UPDATE users SET status = 'DELETED', deleted_at = now() WHERE id = $1", [gone.account.id]);
  const inputs = [
    { email: "ann@example.org", password: "not the password" },
    { email: "nobody@example.org", password: PASSWORD },
    { email: "gone@example.org", password: PASSWORD },
    { email: "not an address", password: PASSWORD },
    { email: "ann@example.org", password: "x".repeat(100_000) },
    { email: "ann@example.org", password: "" },
    { email: "ann@example.org\0", password: PASSWORD },
  ];
  const refusals: CodedError[] = [];
  for (const input of inputs) refusals.push(await refusal(signIn(identity, input, AWAY)));
  const told = new Set(
    refusals.map(({ code, message, details }) => JSON.stringify([code, message, details])),
  );
  assert.deepEqual(
    [...told],
    [JSON.stringify(["wrong-credentials", "Wrong e-mail address or password", {}])],
  );
  assert.equal(checked.length, inputs.length, "one hash each");
  const parameters = new Set(checked.map((hash) => hash.split("$").slice(0, 4).join("$")));
  assert.equal(parameters.size, 1, "decoy and real hashes cost the same");
  assert.deepEqual(
    failed.map((reason) => reason === "unknown-account"),
    [false, true, true, true, false, false, true],
  );
});

test("the decoy matches nothing", async () => {
  const hasher = argon2Hasher(FAST, turnQueue(1, 1), systemRandom);
  for (const password of ["", PASSWORD, hasher.decoy])
    assert.equal(await hasher.verify(hasher.decoy, password), false);
  assert.equal(hasher.isOutdated(hasher.decoy), false);
});

test("guessing from one address slows down exponentially, also when guesses come at once, and time heals it", async () => {
  await using world = await harness();
  const { identity, clock } = world;
  const { email } = someone("ann");
  await signUp(identity, someone("ann"), HOME);
  const guess = () => refusal(signIn(identity, { email, password: "a wrong umbrella" }, AWAY));
  const codes = (await Promise.all(Array.from({ length: 12 }, guess))).map(({ code }) => code);
  assert.equal(codes.filter((code) => code === "wrong-credentials").length, 5);
  assert.equal(codes.filter((code) => code === "rate-limited").length, 7);
  const waits: number[] = [];
  for (let i = 0; i < 5; i += 1) {
    const { details } = await guess();
    const seconds = Number(details.retryAfterSeconds);
    waits.push(seconds);
    clock.advance(seconds * 1000);
    assert.equal((await guess()).code, "wrong-credentials");
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16]);
  assert.ok(
    await signIn(identity, { email, password: PASSWORD }, HOME),
    "the owner, from home, is not concerned",
  );
  clock.advance(60_000);
  assert.ok(await signIn(identity, { email, password: PASSWORD }, AWAY));
  assert.equal((await guess()).code, "wrong-credentials", "a success forgets this address's failures");
});

test("an account attacked from everywhere stays open to its owner at a familiar address", async () => {
  await using world = await harness();
  const { identity } = world;
  const { email } = someone("ann");
  await signUp(identity, someone("ann"), { ...HOME, address: "2001:db8:1:2::7" });
  const codes: string[] = [];
  for (let i = 0; i < 25; i += 1) {
    const client = { ...AWAY, address: `203.0.113.${i}` };
    codes.push((await refusal(signIn(identity, { email, password: "a wrong umbrella" }, client))).code);
  }
  assert.equal(codes.filter((code) => code === "wrong-credentials").length, 20);
  assert.equal(codes.at(-1), "rate-limited");
  assert.equal((await refusal(signIn(identity, { email, password: PASSWORD }, AWAY))).code, "rate-limited");
  const home = { ...HOME, address: "2001:db8:1:2:ffff::1" };
  assert.ok(await signIn(identity, { email, password: PASSWORD }, home), "another address of the same /64");
});

test("an unknown address slows down exactly as a known one", async () => {
  await using world = await harness();
  const { identity } = world;
  await signUp(identity, someone("ann"), HOME);
  const answers = async (email: string, address: string): Promise<string[]> => {
    const codes: string[] = [];
    for (let i = 0; i < 8; i += 1) {
      const { code, details } = await refusal(
        signIn(identity, { email, password: "a wrong umbrella" }, { ...AWAY, address }),
      );
      codes.push(`${code} ${JSON.stringify(details)}`);
    }
    return codes;
  };
  assert.deepEqual(
    await answers("ann@example.org", "203.0.113.1"),
    await answers("nil@example.org", "203.0.113.2"),
  );
});

test("one address that tries many accounts is slowed down", async () => {
  await using world = await harness({
    config: { attempts: { address: { free: 3, firstDelayMs: 1000, maxDelayMs: 60_000 } } },
  });
  const codes: string[] = [];
  for (let i = 0; i < 5; i += 1) {
    const input = { email: `victim${i}@example.org`, password: PASSWORD };
    codes.push((await refusal(signIn(world.identity, input, AWAY))).code);
  }
  assert.deepEqual(codes, [...Array(3).fill("wrong-credentials"), "rate-limited", "rate-limited"]);
});

test("when more sign in than the queue takes, the rest is refused at once and charged nothing", async () => {
  const queue = turnQueue(1, 3);
  const gate = Promise.withResolvers<void>();
  const hasher: PasswordHasher = {
    ...argon2Hasher(FAST, queue, systemRandom),
    verify: () => queue.run(() => gate.promise.then(() => false)),
  };
  await using world = await harness({
    hasher,
    config: { attempts: { address: { free: 1000, firstDelayMs: 1000, maxDelayMs: 1000 } } },
  });
  const codes: string[] = [];
  const all = Array.from({ length: 60 }, async (_, i) => {
    const input = { email: `nobody${i}@example.org`, password: PASSWORD };
    codes.push((await refusal(signIn(world.identity, input, AWAY))).code);
    if (codes.length === 56) gate.resolve();
  });
  await Promise.all(all);
  assert.deepEqual(codes, [...Array(56).fill("unavailable"), ...Array(4).fill("wrong-credentials")]);
  const [worst] = await world.db.query<{ failures: number }>(
    "SELECT max(failures)::int AS failures FROM sign_in_attempts",
  );
  assert.equal(worst?.failures, 4);
});

test("a sign-up is refused for a guessable password, before anything is written", async () => {
  await using world = await harness();
  const weak = { password1: "common", "P@ssw0rd!": "common", annmiller: "personal", short: "too-short" };
  for (const [password, reason] of Object.entries(weak)) {
    const input = { email: "ann.miller@example.org", name: "Ann Miller", password };
    const error = await refusal(signUp(world.identity, input, HOME));
    assert.ok(hasCode(error, "weak-password"));
    assert.equal(error.details.reason, reason, password);
  }
  assert.deepEqual(await world.db.query("SELECT id FROM users"), []);
});
