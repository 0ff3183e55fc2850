import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessibilityViolations } from "@rempart/testing/browser";
import { PATIENCE_MS } from "./support/patience.ts";
import { PASSWORD } from "./support/visitor.ts";
import { World } from "./support/world.ts";

let world: World;

before(async () => {
  world = await World.start();
});

after(async () => {
  await world?.[Symbol.asyncDispose]();
});

describe("people at their browsers", { concurrency: 3 }, () => {
  test("two people sign up, find each other and exchange messages both ways", async () => {
    const [ada, ben] = await Promise.all([world.resident("Ada Arnaud"), world.resident("Ben Borel")]);
    await ada.startConversationWith("Ben Borel");
    await ada.write("Bonjour Ben, can you read this?");
    await ben.openConversation("Ada Arnaud");
    await ben.reads("Bonjour Ben, can you read this?");
    await ben.write("Every word of it.");
    await ada.reads("Every word of it.");
    await ada.seesDelivery("Bonjour Ben, can you read this?", "Read");
    assert.deepEqual(await accessibilityViolations(ada.page), []);

    await ada.page.reload();
    await ada.reads("Bonjour Ben, can you read this?");
    await ada.reads("Every word of it.");
    await Promise.all([ada.leave(), ben.leave()]);
  });

  test("a group of three; who is removed reads nothing that follows", async () => {
    const [chloe, dan, eve] = await Promise.all([
      world.resident("Chloe Caron"),
      world.resident("Dan Duval"),
      world.resident("Eve Estrade"),
    ]);
    await chloe.startGroup("Garden plans", ["Dan Duval", "Eve Estrade"]);
    await chloe.write("The tools are in the shed.");
    for (const other of [dan, eve]) {
      await other.openConversation("Garden plans");
      await other.reads("The tools are in the shed.");
    }
    await eve.write("I bring the seeds.");
    await Promise.all([chloe.reads("I bring the seeds."), dan.reads("I bring the seeds.")]);

    await chloe.removeMember("Eve Estrade");
    await eve.page.getByText("You are no longer a member.").waitFor();
    await chloe.write("This is for the two of us.");
    await dan.reads("This is for the two of us.");
    assert.equal(await eve.message("This is for the two of us.").count(), 0);
    await eve.reads("The tools are in the shed.");
    await Promise.all([chloe.leave(), dan.leave(), eve.leave()]);
  });

  test("offline one writes on, and catches up in both directions on return", async () => {
    const [fay, gus] = await Promise.all([world.resident("Fay Faure"), world.traveller("Gus Giraud")]);
    await fay.startConversationWith("Gus Giraud");
    await fay.write("One");
    await gus.openConversation("Fay Faure");
    await gus.reads("One");

    world.wire.cut();
    await gus.page.getByRole("region", { name: /offline/ }).waitFor();
    await gus.write("Written in the tunnel");
    await gus.seesDelivery("Written in the tunnel", "Waiting for the connection");
    for (const text of ["Two", "Three", "Four"]) await fay.write(text);
    await fay.seesDelivery("Four", "Sent");

    world.wire.mend();
    // It may come back by itself in the same moment.
    await gus.page
      .getByRole("button", { name: "Try now" })
      .click({ timeout: 5_000 })
      .catch(() => undefined);
    await Promise.all([gus.reads("Four"), fay.reads("Written in the tunnel")]);
    await gus.reads("Three");
    assert.equal(await gus.message("Two").count(), 1);
    assert.equal(await fay.message("Written in the tunnel").count(), 1);
    await Promise.all([fay.leave(), gus.leave()]);
  });

  test("a second tab says that the first is in use, and can take over", async () => {
    const hana = await world.resident("Hana Henry");
    const first = hana.page;
    const second = await hana.context.newPage();
    await second.goto(hana.origin);
    await second.getByRole("heading", { name: "Open in another tab" }).waitFor();
    await second.getByRole("button", { name: "Use here" }).click();
    hana.page = second;
    await hana.seesList();
    await first.getByRole("heading", { name: "Open in another tab" }).waitFor();
    await hana.leave();
  });

  test("with the keyboard alone one signs in, finds a conversation and sends", async () => {
    const [iris, jules] = await Promise.all([world.resident("Iris Imbert"), world.resident("Jules Joly")]);
    await jules.startConversationWith("Iris Imbert");
    await jules.write("Hello Iris");
    await iris.page.getByRole("navigation").getByRole("link", { name: "Jules Joly" }).waitFor();
    await iris.page.getByRole("button", { name: "Account menu" }).click();
    await iris.page.getByRole("menuitem", { name: "Sign out" }).click();
    await iris.page.getByRole("heading", { name: "Welcome back" }).waitFor();

    const { keyboard } = iris.page;
    await iris.page.goto(`${iris.origin}/sign-in`);
    await iris.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await keyboard.press("Tab");
    await keyboard.type(iris.email);
    await keyboard.press("Tab");
    await keyboard.type(PASSWORD);
    await keyboard.press("Enter");
    await iris.seesList();

    await iris.page.getByRole("navigation").getByRole("link", { name: "Jules Joly" }).waitFor();
    await keyboard.press("Control+k");
    await keyboard.type("jules");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await iris.reads("Hello Iris");
    await keyboard.type("Hello Jules");
    await keyboard.press("Enter");
    await jules.reads("Hello Jules");
    await Promise.all([iris.leave(), jules.leave()]);
  });

  test("the administrator's invitation leaves the address at once and makes one administrator", async () => {
    assert.ok(world.messenger.invitationUrl);
    const visitor = await world.visitor("Kai Kessler");
    await visitor.page.goto(world.messenger.invitationUrl);
    await visitor.page.getByText("You will administrate this server").waitFor();
    assert.equal(new URL(visitor.page.url()).hash, "");
    await visitor.signUp();
    await visitor.page.goto(`${visitor.origin}/settings`);
    await visitor.page.getByText("Administrator", { exact: true }).waitFor();
    await visitor.leave();
  });

  test("refusals are said in words, in the reader's language", async () => {
    const leo = await world.resident("Leo Lemoine");
    const context = await world.browser.newContext({ locale: "fr-FR" });
    context.setDefaultTimeout(PATIENCE_MS);
    const page = await context.newPage();
    await page.goto(`${leo.origin}/sign-in`);
    await page.getByLabel("Adresse e-mail").fill(leo.email);
    await page.getByLabel("Mot de passe", { exact: true }).fill("not the password");
    await page.getByRole("button", { name: "Se connecter" }).click();
    await page.getByRole("alert").getByText("ne correspondent pas").waitFor();
    await context.close();
    await leo.leave();
  });
});
