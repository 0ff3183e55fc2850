import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { totpCode } from "@rempart/testing";
import { linkIn, startSmtp, type TestSmtp } from "@rempart/testing/smtp";
import { PASSWORD, type Visitor } from "./support/visitor.ts";
import { World } from "./support/world.ts";

const NEXT_PASSWORD = "nine lanterns over water";
const HALF_A_MINUTE = 30_000;

let smtp: TestSmtp;
let world: World;

before(async () => {
  smtp = await startSmtp();
  world = await World.start({ SMTP_URL: smtp.url, REQUIRE_VERIFIED_EMAIL: "true" });
});

after(async () => {
  await world?.[Symbol.asyncDispose]();
  await smtp?.[Symbol.asyncDispose]();
});

/** Somebody whose account began with the link of a mail. */
async function resident(name: string): Promise<Visitor> {
  const visitor = await world.visitor(name);
  await visitor.fillsInSignUp();
  await visitor.page.getByRole("heading", { name: "Check your mail" }).waitFor();
  await follow(visitor, "verify-email", "Confirm the address");
  await visitor.fillsInSignIn();
  await visitor.seesList();
  return visitor;
}

/** Opens the link of the newest mail with one, sees that its secret leaves the address, and does what it is for. */
async function follow(visitor: Visitor, kind: string, action: string, to = visitor.email): Promise<void> {
  const token = linkIn(await smtp.next(to, kind), kind);
  await visitor.opens(`/#${kind}=${token}`);
  await visitor.page.getByRole("button", { name: action }).waitFor();
  assert.equal(new URL(visitor.page.url()).hash, "");
  await visitor.presses(action);
  await visitor.presses("Go on");
}

async function accountOf({ email }: Visitor): Promise<string[]> {
  const rows = await world.database.query<{ id: string }>("SELECT id FROM users WHERE email = $1", [email]);
  return rows.map(({ id }) => id);
}

/** What the role allows, asked for as the page itself would: an API key with a permission of administrators. */
function askForKey({ page }: Visitor): Promise<string> {
  return page.evaluate(async () => {
    const response = await fetch("/api/v1/account/api-keys", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "ops", permissions: ["users.read"] }),
    });
    return response.ok ? "granted" : ((await response.json()) as { code: string }).code;
  });
}

describe("the stories of accounts", { concurrency: 3 }, () => {
  test("an administrator is made to enrol a second factor, and signs in with its codes from then on", async () => {
    assert.ok(world.messenger.invitationUrl);
    const kai = await world.visitor("Kai Kessler");
    await kai.page.goto(world.messenger.invitationUrl);
    await kai.sees("You will administrate this server");
    await kai.signUp();
    assert.equal(await askForKey(kai), "mfa-enrolment-required");

    await kai.page.getByRole("link", { name: "Set it up" }).click();
    await kai.page.getByRole("button", { name: "Set up", exact: true }).click();
    const secret = ((await kai.page.getByRole("dialog").locator("code").textContent()) ?? "").replaceAll(
      " ",
      "",
    );
    await kai.page.getByLabel("Code of the authenticator app").fill("12");
    await kai.presses("Turn on");
    await kai.page.getByRole("alert").getByText("This code is not right").waitFor();
    await kai.page.getByLabel("Code of the authenticator app").fill(totpCode(secret));
    await kai.presses("Turn on");
    const [first = "", second = ""] = await kai.keepsCodes();
    await kai.page.getByRole("link", { name: "Set it up" }).waitFor({ state: "detached" });
    assert.equal(await askForKey(kai), "granted");

    await kai.signsOut();
    await kai.fillsInSignIn();
    await kai.presses("Use a recovery code instead");
    await kai.page.getByLabel("Recovery code").fill(first);
    await kai.presses("Sign in");
    await kai.seesList();
    await kai.signsOut();
    await kai.fillsInSignIn();
    await kai.page.getByRole("heading", { name: "One more step" }).waitFor();
    await kai.page.keyboard.type(totpCode(secret, Date.now() + HALF_A_MINUTE));
    await kai.page.keyboard.press("Enter");
    await kai.seesList();

    await kai.opens("/settings/security");
    await kai.sees("9 codes left");
    await world.growsStale(kai);
    await kai.presses("New codes");
    await kai.page.getByRole("alertdialog").getByRole("button", { name: "New codes" }).click();
    await kai.page.getByRole("dialog", { name: "Is it you?" }).getByLabel("Your password").fill(PASSWORD);
    await kai.presses("Use a recovery code instead");
    await kai.page.getByLabel("Recovery code").fill(second);
    await kai.presses("Confirm");
    assert.equal((await kai.keepsCodes()).length, 10);
    await kai.sees("10 codes left");
    await kai.leave();
  });

  test("a change of address is confirmed from the new one and taken back from the old one", async () => {
    const eva = await resident("Eva Engel");
    const other = "eva.other@example.org";
    await world.growsStale(eva);
    await eva.opens("/settings");
    await eva.presses("Change address");
    await eva.page.getByLabel("New e-mail address").fill(other);
    await eva.presses("Send the link");
    await eva.page.getByRole("dialog", { name: "Is it you?" }).getByLabel("Your password").fill(PASSWORD);
    await eva.presses("Confirm");
    await eva.sees(`on its way to ${other}`);
    await follow(eva, "confirm-email", "Change to this address", other);
    await eva.opens("/settings");
    await eva.sees(other);

    await follow(eva, "undo-email", "Take the change back");
    await eva.sees("Your session has ended.");
    await eva.fillsInSignIn(PASSWORD, other);
    await eva.page.getByRole("alert").getByText("do not match").waitFor();
    await eva.fillsInSignIn();
    await eva.seesList();
    await eva.leave();
  });

  test("an account is deleted by who types its name and proves to be its owner; cancelled, nothing happens", async () => {
    const uma = await resident("Uma Urban");
    const [id] = await accountOf(uma);
    await world.growsStale(uma);
    await uma.opens("/settings");
    await uma.presses("Delete account");
    const name = uma.page.getByLabel("Type your name, Uma Urban, to confirm");
    await uma.page.keyboard.type("Uma");
    await uma.page.keyboard.press("Enter");
    await uma.page.getByRole("alert").getByText("Type it as it is shown").waitFor();
    await uma.presses("Cancel");
    await uma.page.locator(":focus", { hasText: "Delete account" }).waitFor();

    await uma.page.keyboard.press("Enter");
    await name.fill("Uma Urban");
    await uma.page.keyboard.press("Enter");
    await uma.page.getByRole("dialog", { name: "Is it you?" }).getByLabel("Your password").fill(PASSWORD);
    await uma.presses("Confirm");
    await uma.sees("Your account is deleted.");
    await uma.fillsInSignIn();
    await uma.page.getByRole("alert").getByText("do not match").waitFor();
    assert.deepEqual(await accountOf(uma), []);
    const kept = await uma.page.evaluate<{ name: string }[]>("indexedDB.databases()");
    assert.ok(!kept.some(({ name }) => name === `rempart-${id}`));
    await uma.leave();
  });

  test("a new password ends the sessions elsewhere, and the address's secret is never left in the history", async () => {
    const [lou, phone] = [await resident("Lou Lambert"), await world.visitor("Lou Lambert")];
    await phone.opens("/sign-in");
    await phone.fillsInSignIn();
    await phone.seesList();
    await lou.opens("/settings/security");
    await lou.page.getByLabel("Current password").fill("not the password");
    await lou.page.getByLabel("New password", { exact: true }).fill(NEXT_PASSWORD);
    await lou.presses("Change password");
    await lou.page.getByRole("alert").getByText("This is not your password.").waitFor();
    await lou.page.getByLabel("Current password").fill(PASSWORD);
    await lou.presses("Change password");
    await lou.sees("Your password is changed.");
    await phone.sees("Your session has ended.");
    await lou.page.evaluate("location.hash = '#undo-email=0123456789'");
    await lou.page.getByRole("heading", { name: "Take the change back?" }).waitFor();
    assert.equal(new URL(lou.page.url()).hash, "");
    await Promise.all([lou.leave(), phone.leave()]);
  });
});
