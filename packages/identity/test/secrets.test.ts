import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { Database } from "@rempart/database";
import type { Logger } from "@rempart/runtime";
import { HOME, harness, PASSWORD, signIn, signUp, someone } from "./harness.ts";

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
