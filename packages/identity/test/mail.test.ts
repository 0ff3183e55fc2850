import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@rempart/testing";
import type { IdentityEvent, Mail, Mailer } from "../src/index.ts";
import {
  type Harness,
  HOME,
  harness,
  mailHarness,
  PASSWORD,
  signUp,
  someone,
  testEnvelopes,
} from "./harness.ts";

const RESET = "ann@example.org";

/** A mailer that answers as it is told. */
function moodyMailer(): Mailer & { mood: "sends" | "refuses" | "hangs"; sent: Mail[]; tries: number } {
  const mailer = {
    mood: "sends" as "sends" | "refuses" | "hangs",
    sent: [] as Mail[],
    tries: 0,
    async send(mail: Mail) {
      mailer.tries += 1;
      if (mailer.mood === "refuses") throw new Error("451 try again later");
      if (mailer.mood === "hangs") await new Promise(() => {});
      mailer.sent.push(mail);
    },
  };
  return mailer;
}

test("a mail waits for its mailer: it is tried again, later each time, and sent once", async () => {
  const mailer = moodyMailer();
  await using world = await mailHarness({ mailer });
  const { identity, clock } = world;
  mailer.mood = "refuses";
  await signUp(identity, someone("ann"), HOME);
  await identity.deliverMails();
  const tries: number[] = [];
  for (const seconds of [4, 1, 9, 1, 19, 1]) {
    clock.advance(seconds * 1000);
    await identity.deliverMails();
    tries.push(mailer.tries);
  }
  assert.deepEqual(tries, [1, 2, 2, 3, 3, 4]);
  mailer.mood = "sends";
  clock.advance(40_000);
  await identity.deliverMails();
  await identity.deliverMails();
  assert.deepEqual(
    mailer.sent.map(({ to, kind, language }) => ({ to, kind, language })),
    [{ to: RESET, kind: "verify-email", language: "en" }],
  );
  assert.deepEqual(await world.db.query("SELECT id FROM mail_outbox"), []);
});

test("a mailer that hangs is given up, and the mail sent by the next try", async () => {
  const mailer = moodyMailer();
  await using world = await mailHarness({ mailer, config: { mail: { leaseMs: 200 } } });
  mailer.mood = "hangs";
  await signUp(world.identity, someone("ann"), HOME);
  await world.identity.deliverMails();
  mailer.mood = "sends";
  world.clock.advance(5_000);
  await world.identity.deliverMails();
  assert.equal(mailer.sent.length, 1);
});

test("a process that died with a mail in hand leaves it to another, with the same id", async () => {
  const ids: string[] = [];
  const gate = Promise.withResolvers<void>();
  const dying: Mailer = {
    async send(mail) {
      ids.push(mail.id);
      await gate.promise;
    },
  };
  const envelopes = testEnvelopes();
  await using world = await harness({ mailer: dying, envelopes, config: { mail: { pollMs: 60_000 } } });
  await signUp(world.identity, someone("ann"), HOME);
  await until(() => ids.length === 1);
  const sent: Mail[] = [];
  const heir = world.another({ mailer: { send: async (mail) => void sent.push(mail) }, envelopes });
  await heir.deliverMails();
  assert.deepEqual(sent, [], "the lease is not over");
  world.clock.advance(60_000);
  await heir.deliverMails();
  assert.deepEqual(
    sent.map(({ id }) => id),
    ids,
  );
  gate.resolve();
});

test("of many processes that look at once, one sends each mail", async () => {
  await using world = await mailHarness({ config: { mail: { pollMs: 60_000 } } });
  const others = Array.from({ length: 3 }, () => world.another());
  for (let i = 0; i < 12; i += 1) await signUp(others[0] ?? world.identity, someone(`p${i}`), HOME);
  await Promise.all([world.identity, ...others].map((identity) => identity.deliverMails()));
  assert.equal(new Set(world.mailer.sent.map(({ id }) => id)).size, 12);
  assert.equal(world.mailer.sent.length, 12);
});

test("a process that stops settles the mails in hand and leaves the others to the next", async () => {
  const gate = Promise.withResolvers<void>();
  const sent: Mail[] = [];
  const slow: Mailer = {
    async send(mail) {
      await gate.promise;
      sent.push(mail);
    },
  };
  const envelopes = testEnvelopes();
  await using world = await harness({ mailer: slow, envelopes, config: { mail: { pollMs: 60_000 } } });
  await signUp(world.identity, someone("first"), HOME);
  await until(async () => (await waiting(world)).length === 0);
  for (let i = 0; i < 3; i += 1) await signUp(world.identity, someone(`p${i}`), HOME);
  const closed = world.identity.close();
  gate.resolve();
  await closed;
  assert.deepEqual(
    sent.map(({ to }) => to),
    ["first@example.org"],
  );
  assert.equal((await waiting(world)).length, 3);
});

/** Mails that nobody has in hand. */
function waiting({ db, clock }: Harness): Promise<object[]> {
  return db.query("SELECT id FROM mail_outbox WHERE next_attempt_at <= $1", [new Date(clock.now())]);
}

test("nothing is sent for an act that was undone", async () => {
  await using world = await mailHarness({
    observe: async (event) => {
      if (event.type === "auth.signup") throw new Error("the log is full");
    },
  });
  await assert.rejects(signUp(world.identity, someone("ann"), HOME), /the log is full/);
  await world.identity.deliverMails();
  assert.deepEqual(world.mailer.sent, []);
});

test("a mail that is of no use any more is dropped, and an event says so", async () => {
  const mailer = moodyMailer();
  const events: IdentityEvent[] = [];
  await using world = await mailHarness({ mailer, observe: async (event) => void events.push(event) });
  await signUp(world.identity, someone("ann"), HOME);
  await world.identity.deliverMails();
  mailer.mood = "refuses";
  await world.identity.credentials.requestPasswordReset(RESET, HOME);
  await world.identity.deliverMails();
  world.clock.advance(3_600_000);
  mailer.mood = "sends";
  await world.identity.deliverMails();
  assert.equal(mailer.sent.length, 1, "the mail of the sign-up alone");
  const { type, kind, attempts } = events.at(-1) as IdentityEvent & { type: "mail.dropped" };
  assert.deepEqual({ type, kind, attempts }, { type: "mail.dropped", kind: "reset-password", attempts: 1 });
});

test("the outbox shows no token, and an envelope of one mail does not open as another's", async () => {
  const warnings: object[] = [];
  await using world = await mailHarness({
    config: { mail: { pollMs: 60_000 } },
    mailer: { send: () => Promise.reject(new Error("451")) },
    log: { ...silent, warn: (fields) => void warnings.push(fields) },
  });
  const { db, identity, clock } = world;
  for (const local of ["ann", "bob"]) await signUp(identity, someone(local), HOME);
  await identity.deliverMails();
  await db.query(
    `UPDATE mail_outbox SET sealed_values =
       (SELECT sealed_values FROM mail_outbox WHERE recipient = 'ann@example.org') WHERE recipient = 'bob@example.org'`,
  );
  const envelopes: string[] = [];
  for (const { sealed_values } of await db.query<{ sealed_values: string }>("SELECT * FROM mail_outbox"))
    envelopes.push(sealed_values);
  assert.ok(envelopes.every((envelope) => envelope.startsWith("local:")));
  warnings.length = 0;
  clock.advance(5_000);
  await identity.deliverMails();
  assert.equal(warnings.length, 2);
  assert.match(String(warnings.map((fields) => ("err" in fields ? fields.err : ""))), /authenticate/);
});

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

test("what needs a mail is refused where none is sent, and a half-made installation does not start", async () => {
  await using world = await harness();
  const who = await signUp(world.identity, someone("ann"), HOME);
  const { credentials } = world.identity;
  for (const act of [
    () => credentials.requestPasswordReset("ann@example.org", HOME),
    () => credentials.requestEmailVerification(who),
    () => credentials.requestEmailChange(who, "new@example.org"),
  ]) {
    await assert.rejects(act, { code: "not-configured" });
  }
  assert.deepEqual(await world.db.query("SELECT id FROM mail_outbox"), []);
  assert.throws(() => world.another({ config: { requireVerifiedEmail: true } }), TypeError);
  assert.throws(() => world.another({ mailer: { send: async () => {} } }), TypeError);
});

test("mails speak the language of the person, and notice a sign-in from a new place", async () => {
  await using world = await mailHarness();
  const { identity, mailer } = world;
  await signUp(identity, { ...someone("ann"), language: "fr-CH" }, HOME);
  const input = { email: RESET, password: PASSWORD };
  await identity.signIn(input, { ...HOME, userAgent: "Phone/1\u0007" });
  await identity.deliverMails();
  assert.equal(mailer.sent.length, 1, "a familiar address is no news");
  await identity.signIn(input, { address: "203.0.113.9", userAgent: "Phone/1\u0007" });
  await identity.deliverMails();
  const { kind, language, values } = mailer.last("new-sign-in");
  assert.deepEqual(
    { kind, language, values },
    { kind: "new-sign-in", language: "fr-CH", values: { address: "203.0.113.9", userAgent: "Phone/1" } },
  );
});
