import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { Database } from "@rempart/database";
import type { Logger } from "@rempart/runtime";
import type { Mail } from "../src/index.ts";
import { SITE } from "./authenticator.ts";
import { HOME, harness, OPERATOR, PASSWORD, signIn, signUp, someone, testEnvelopes } from "./harness.ts";
import { App } from "./totp-app.ts";

/** Every row of every table as text. */
async function dump(db: Database): Promise<string> {
  const tables = await db.query<{ name: string }>(
    "SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  const rows = await Promise.all(
    tables.map(({ name }) => db.query<{ t: string }>(`SELECT t::text AS t FROM ${name} t`)),
  );
  return rows
    .flat()
    .map(({ t }) => t)
    .join("\n");
}

test("no password, token, ticket or invitation is anywhere in the database, in an event, in an error or in the log", async () => {
  const written: string[] = [];
  const note = (...values: unknown[]): void => void written.push(inspect(values, { depth: 10 }));
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  await using world = await harness({ log, observe: async (event) => note(event) });
  const { identity, db } = world;
  identity.onSessionEnded(() => {
    throw new Error("a listener that fails");
  });
  const { token: invitation } = await identity.createAdminInvitation();
  const unused = await signUp(identity, { ...someone("ada"), invitation }, HOME);
  const { ticket } = await identity.issueTicket(unused.session);
  const again = await signIn(identity, { email: "ada@example.org", password: PASSWORD }, HOME);
  await signIn(identity, { email: "ada@example.org", password: "a wrong umbrella" }, HOME).catch(note);
  await signUp(identity, { ...someone("ada"), invitation }, HOME).catch(note);
  await signUp(identity, { ...someone("bea"), invitation, password: "password1" }, HOME).catch(note);
  await identity.signOut(again.session.id);
  const everything = `${await dump(db)}\n${written.join("\n")}`;
  assert.ok(everything.includes("ada@example.org") && everything.includes("a listener that fails"));
  const secrets = {
    PASSWORD,
    wrong: "a wrong umbrella",
    token: unused.token,
    old: again.token,
    ticket,
    invitation,
  };
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(!everything.includes(secret), name);
    assert.ok(!everything.includes(Buffer.from(secret).toString("hex")), `${name} in hexadecimal`);
    assert.ok(!everything.includes(Buffer.from(secret, "base64url").toString("hex")), `${name} decoded`);
  }
});

test("no link, seed, code, challenge or new password is anywhere in the database, in an event, in an error or in the log", async () => {
  const written: string[] = [];
  const note = (...values: unknown[]): void => void written.push(inspect(values, { depth: 10 }));
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  const mails: Mail[] = [];
  await using world = await harness({
    log,
    observe: async (event) => note(event),
    envelopes: testEnvelopes(),
    passkeys: SITE,
    mailer: {
      async send(mail) {
        mails.push(mail);
        throw new Error("451 try again later");
      },
    },
  });
  const { identity, db, clock } = world;
  const { credentials, factors } = identity;
  const who = await signUp(identity, someone("ada"), HOME);
  const { secret, uri } = await factors.startTotp(who);
  const app = new App(secret, clock);
  const code = app.code();
  const { recoveryCodes } = await factors.confirmTotp(who, code);
  const { challenge } = await factors.startPasskey(who);
  await credentials.requestPasswordReset("ada@example.org", HOME);
  await credentials.requestEmailChange(who, "ada2@example.org");
  const link = await identity.administration.resetPassword(OPERATOR, who.account.id);
  await identity.deliverMails();
  const asked = await identity.signIn({ email: "ada@example.org", password: PASSWORD }, HOME);
  assert.ok(asked.status === "second-factor");
  const wrong = { challenge: asked.challenge, proof: { method: "totp", code: app.wrong() } } as const;
  await identity.completeSignIn(wrong, HOME).catch(note);
  const current = "a wrong umbrella";
  await credentials.changePassword(who, { current, next: "seven purple lanterns" }).catch(note);
  await credentials.resetPassword({ token: link.token, password: "password1" }, HOME).catch(note);
  const everything = `${await dump(db)}\n${written.join("\n")}`;
  assert.ok(everything.includes("ada2@example.org") && everything.includes("451 try again later"));
  const links = mails.flatMap(({ values }) => values.token ?? []);
  assert.equal(links.length, 3);
  const texts = [secret, uri, ...(recoveryCodes ?? []), asked.challenge, challenge, link.token, ...links];
  for (const secret of [...texts, current, "seven purple lanterns", "password1"]) {
    assert.ok(!everything.includes(secret), secret);
    assert.ok(!everything.includes(secret.replaceAll("-", "")), secret);
    assert.ok(!everything.includes(Buffer.from(secret, "base64url").toString("hex")), `${secret} decoded`);
  }
});
