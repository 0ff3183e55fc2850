import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { totpCode } from "@rempart/testing";
import { linkIn, startSmtp, type TestSmtp } from "@rempart/testing/smtp";
import { addAuthenticator } from "./support/authenticator.ts";
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

/** The codes that the open dialog shows this once. */
async function keepCodes({ page }: Visitor): Promise<string[]> {
  const dialog = page.getByRole("dialog", { name: "Keep your recovery codes" });
  const codes = dialog.getByRole("list", { name: "Recovery codes" }).getByRole("listitem");
  await codes.first().waitFor();
  const texts = await codes.allTextContents();
  await dialog.getByRole("button", { name: "I have kept them" }).click();
  return texts;
}

async function accountOf({ email }: Visitor): Promise<string[]> {
  const rows = await world.database.query<{ id: string }>("SELECT id FROM users WHERE email = $1", [email]);
  return rows.map(({ id }) => id);
}

/** As if this person had proved who they are long ago. */
async function growStale({ email }: Visitor): Promise<void> {
  await world.database.query(
    `UPDATE sessions SET authenticated_at = authenticated_at - interval '1 hour', factor_at = factor_at - interval '1 hour'
     WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
    [email],
  );
}

/** As Chrome before 129 and Safari before 18.4. */
const WITHOUT_CONVERSION = `
  delete PublicKeyCredential.parseCreationOptionsFromJSON;
  delete PublicKeyCredential.parseRequestOptionsFromJSON;
  delete PublicKeyCredential.prototype.toJSON;
`;

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
  test("a passkey signs in alone; a password forgotten is chosen anew, and the session elsewhere ends", async () => {
    const ada = await resident("Ada Arnaud");
    const authenticator = await addAuthenticator(ada.page);
    await ada.opens("/settings/security");
    await ada.presses("Add a passkey");
    await ada.page.getByLabel("Name").fill("My laptop");
    await ada.presses("Continue");
    const codes = await keepCodes(ada);
    assert.equal(codes.length, 10);
    await ada.sees("My laptop");

    const elsewhere = await world.visitor("Ada Arnaud");
    await elsewhere.opens("/sign-in");
    await elsewhere.fillsInSignIn();
    await elsewhere.presses("Use a recovery code instead");
    await elsewhere.page.getByLabel("Recovery code").fill(codes[0] ?? "");
    await elsewhere.presses("Sign in");
    await elsewhere.seesList();

    await ada.signsOut();
    await ada.presses("Sign in with a passkey");
    await ada.seesList();
    await ada.opens("/settings/devices");
    await ada.sees("Signed in with a passkey");
    await ada.sees("Signed in with password and code");
    await ada.signsOut();

    await authenticator.ownerIsAtHand(false);
    await ada.page.getByRole("link", { name: "Forgot your password?" }).click();
    await ada.page.getByLabel("E-mail address").fill(ada.email);
    await ada.presses("Send the link");
    await ada.page.getByRole("heading", { name: "Check your mail" }).waitFor();
    const token = linkIn(await smtp.next(ada.email, "reset-password"), "reset-password");
    await ada.opens(`/#reset-password=${token}`);
    await ada.page.getByLabel("New password", { exact: true }).fill("password1");
    await ada.presses("Change the password");
    await ada.page.getByRole("alert").getByText("too easy to guess").waitFor();
    await ada.page.getByLabel("New password", { exact: true }).fill(NEXT_PASSWORD);
    await ada.presses("Change the password");
    await ada.presses("Go on");
    await elsewhere.sees("Your session has ended.");

    await ada.opens(`/#reset-password=${token}`);
    await ada.page.getByLabel("New password", { exact: true }).fill(NEXT_PASSWORD);
    await ada.presses("Change the password");
    await ada.page.getByRole("heading", { name: "This link is no longer valid" }).waitFor();
    await ada.presses("Go on");
    await ada.opens("/sign-in");
    await ada.fillsInSignIn(NEXT_PASSWORD);
    await ada.page.getByRole("heading", { name: "One more step" }).waitFor();
    await authenticator.ownerIsAtHand(true);
    await ada.presses("Use a passkey");
    await ada.seesList();
    await ada.signsOut();
    await ada.page.getByLabel("E-mail address").focus();
    await ada.seesList();
    await Promise.all([ada.leave(), elsewhere.leave()]);
  });

  test("a browser that does not convert credentials by itself makes passkeys, renames, uses and removes them", async () => {
    const max = await resident("Max Mercier");
    await max.page.addInitScript(WITHOUT_CONVERSION);
    await addAuthenticator(max.page);
    await max.opens("/settings/security");
    await max.presses("Add a passkey");
    await max.presses("Continue");
    await keepCodes(max);
    await max.presses("Rename Chrome · Linux");
    await max.page.getByRole("textbox", { name: "Name" }).fill("Old laptop");
    await max.presses("Save");
    await max.sees("Old laptop");
    await max.signsOut();
    await max.presses("Sign in with a passkey");
    await max.seesList();
    await growStale(max);
    await max.opens("/settings/security");
    await max.presses("Remove Old laptop");
    await max.page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await max.page
      .getByRole("dialog", { name: "Is it you?" })
      .getByRole("button", { name: "Use a passkey" })
      .click();
    await max.sees("You have none yet.");
    await max.leave();
  });

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
    const [first = "", second = ""] = await keepCodes(kai);
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
    await growStale(kai);
    await kai.presses("New codes");
    await kai.page.getByRole("alertdialog").getByRole("button", { name: "New codes" }).click();
    await kai.page.getByRole("dialog", { name: "Is it you?" }).getByLabel("Your password").fill(PASSWORD);
    await kai.presses("Use a recovery code instead");
    await kai.page.getByLabel("Recovery code").fill(second);
    await kai.presses("Confirm");
    assert.equal((await keepCodes(kai)).length, 10);
    await kai.sees("10 codes left");
    await kai.leave();
  });

  test("a change of address is confirmed from the new one and taken back from the old one", async () => {
    const eva = await resident("Eva Engel");
    const other = "eva.other@example.org";
    await growStale(eva);
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
    await growStale(uma);
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
    const kept = await uma.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
    assert.ok(!kept.includes(`rempart-${id}`), kept.join());
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
