import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addAuthenticator } from "@rempart/testing/browser";
import { linkIn, startSmtp, type TestSmtp } from "@rempart/testing/smtp";
import { World } from "./support/world.ts";

const NEXT_PASSWORD = "nine lanterns over water";

let smtp: TestSmtp;
let world: World;

before(async () => {
  smtp = await startSmtp();
  world = await World.start({ SMTP_URL: smtp.url });
});

after(async () => {
  await world?.[Symbol.asyncDispose]();
  await smtp?.[Symbol.asyncDispose]();
});

/** As Chrome before 129 and Safari before 18.4. */
const WITHOUT_CONVERSION = `
  delete PublicKeyCredential.parseCreationOptionsFromJSON;
  delete PublicKeyCredential.parseRequestOptionsFromJSON;
  delete PublicKeyCredential.prototype.toJSON;
`;

describe("the stories of passkeys", { concurrency: 2 }, () => {
  test("a passkey signs in alone; a password forgotten is chosen anew, and the session elsewhere ends", async () => {
    const ada = await world.resident("Ada Arnaud");
    const authenticator = await addAuthenticator(ada.page);
    await ada.opens("/settings/security");
    await ada.presses("Add a passkey");
    await ada.page.getByLabel("Name").fill("My laptop");
    await ada.presses("Continue");
    const codes = await ada.keepsCodes();
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
    const max = await world.resident("Max Mercier");
    await max.page.addInitScript(WITHOUT_CONVERSION);
    await addAuthenticator(max.page);
    await max.opens("/settings/security");
    await max.presses("Add a passkey");
    await max.presses("Continue");
    await max.keepsCodes();
    await max.presses("Rename Chrome · Linux");
    await max.page.getByRole("textbox", { name: "Name" }).fill("Old laptop");
    await max.presses("Save");
    await max.sees("Old laptop");
    await max.signsOut();
    await max.presses("Sign in with a passkey");
    await max.seesList();
    await world.growsStale(max);
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
});
