import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@rempart/kernel";
import { AWAY, HOME, harness, PASSWORD, signIn, signUp, someone } from "./harness.ts";

test("sign up, check the session, sign out, sign in again", async () => {
  await using world = await harness();
  const { identity } = world;
  const made = await signUp(identity, { ...someone("ada"), email: " Ada@Example.ORG " }, HOME);
  assert.equal(made.account.email, "ada@example.org");
  assert.equal(made.account.role, "USER");
  const seen = await identity.authenticate(made.token);
  assert.deepEqual(seen, { account: made.account, session: made.session });
  await identity.signOut(made.session.id);
  assert.equal(await identity.authenticate(made.token), null);
  const again = await signIn(identity, { email: "ADA@example.org", password: PASSWORD }, AWAY);
  assert.notEqual(again.session.id, made.session.id);
  assert.deepEqual(again.account, made.account);
});

test("two sign-ups with one address at once: one account, one refusal", async () => {
  await using world = await harness();
  const attempts = ["bob@example.org", "BOB@example.org", "bob@EXAMPLE.org", " bob@example.org"].map(
    (email) => signUp(world.identity, { ...someone("bob"), email }, HOME),
  );
  const results = await Promise.allSettled(attempts);
  assert.equal(results.filter((result) => result.status === "fulfilled").length, 1);
  for (const result of results) {
    if (result.status === "rejected") assert.ok(hasCode(result.reason, "email-taken"), String(result.reason));
  }
  assert.equal((await world.db.query("SELECT id FROM users")).length, 1);
  assert.equal((await world.db.query("SELECT id FROM sessions")).length, 1);
});

test("a password may be typed composed or decomposed, narrow or wide", async () => {
  await using world = await harness();
  const { identity } = world;
  await signUp(identity, { ...someone("cy"), password: "l’été à la mer ２０" }, HOME);
  const password = "l’été à la mer 20".normalize("NFD");
  assert.ok(await signIn(identity, { email: "cy@example.org", password }, HOME));
});

test("a hash made with other parameters is renewed by the next sign-in, and an event says so", async () => {
  await using world = await harness();
  const made = await signUp(world.identity, someone("dee"), HOME);
  const events: string[] = [];
  const stronger = world.another({
    config: { argon2: { memoryKiB: 16, passes: 2, lanes: 1 } },
    observe: async (event) => void events.push(event.type),
  });
  await signIn(stronger, { email: "dee@example.org", password: PASSWORD }, HOME);
  const [row] = await world.db.query<{ password_hash: string }>(
    "SELECT password_hash FROM credentials WHERE user_id = $1",
    [made.account.id],
  );
  assert.match(row?.password_hash ?? "", /^\$argon2id\$v=19\$m=16,t=2,p=1\$/);
  assert.deepEqual(events, ["auth.login.succeeded", "auth.password.rehashed"]);
  assert.ok(await signIn(stronger, { email: "dee@example.org", password: PASSWORD }, HOME));
});

test("the default parameters are OWASP's, and no password hash is in the row of a person", async () => {
  await using world = await harness();
  const owasp = world.another({ config: { argon2: {} } });
  const { account } = await signUp(owasp, someone("eve"), HOME);
  const [user] = await world.db.query<{ id: string }>("SELECT * FROM users");
  assert.deepEqual(Object.keys(user ?? {}), [
    "id",
    "email",
    "name",
    "status",
    "role",
    "last_active_at",
    "created_at",
    "suspended_at",
    "suspended_until",
    "suspension_reason",
    "banned_at",
    "ban_reason",
    "deleted_at",
    "email_verified_at",
    "language",
  ]);
  assert.equal(user?.id, account.id);
  const [row] = await world.db.query<{ password_hash: string }>("SELECT password_hash FROM credentials");
  assert.match(row?.password_hash ?? "", /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});
