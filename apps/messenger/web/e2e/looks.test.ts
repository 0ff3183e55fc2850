import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessibilityViolations, type Browser, launchBrowser, type Page } from "@rempart/testing/browser";
import type { ScenarioName } from "../src/app/double/scenarios.ts";
import { type BuiltWeb, buildWeb } from "./support/build-web.ts";
import { type FileServer, serveFiles } from "./support/serve-files.ts";

/** The first conversation of most scenarios. */
const FIRST = "/c/01990000-a002-7000-8000-000000000001";
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1360, height: 860 };

interface View {
  readonly name: string;
  readonly path: string;
  readonly scenario: ScenarioName;
  readonly size?: typeof PHONE;
  /** Brings the page into the state that is looked at. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const VIEWS: readonly View[] = [
  { name: "sign in", path: "/sign-in", scenario: "signed-out" },
  { name: "sign in after the session ended", path: "/", scenario: "expired", size: PHONE },
  { name: "sign up with an invitation", path: "/#invitation=0123456789abcdef", scenario: "signed-out" },
  {
    name: "sign up, refused by the form",
    path: "/sign-up",
    scenario: "signed-out",
    prepare: (page) => page.locator("button[type=submit]").click(),
  },
  { name: "starting", path: "/", scenario: "starting" },
  { name: "open in another tab", path: "/", scenario: "elsewhere" },
  { name: "could not start", path: "/", scenario: "failed" },
  { name: "no conversation yet", path: "/", scenario: "empty" },
  { name: "loading", path: "/", scenario: "loading" },
  { name: "the list on a phone", path: "/", scenario: "everyday", size: PHONE },
  { name: "a group", path: FIRST, scenario: "everyday" },
  { name: "a crowded group", path: FIRST, scenario: "crowded" },
  { name: "trouble", path: FIRST, scenario: "troubled", size: PHONE },
  { name: "offline", path: FIRST, scenario: "offline" },
  { name: "no longer a member", path: FIRST, scenario: "removed" },
  { name: "rejoining", path: FIRST, scenario: "recovering" },
  { name: "details", path: `${FIRST}/details`, scenario: "everyday" },
  { name: "details on a phone", path: `${FIRST}/details`, scenario: "everyday", size: PHONE },
  {
    name: "settings",
    path: "/settings",
    scenario: "everyday",
    prepare: (page) => page.getByText("Chrome · Android").first().waitFor(),
  },
  {
    name: "a failure in a toast",
    path: "/settings",
    scenario: "failures",
    prepare: async (page) => {
      await page.locator("form input").first().fill("Camille L.");
      await page.locator("form button[type=submit]").click();
      await page.locator("[data-base-ui-swipe-ignore], [role=dialog], [role=alertdialog]").first().waitFor();
    },
  },
  {
    name: "people found",
    path: "/",
    scenario: "everyday",
    prepare: async (page) => {
      await page.keyboard.press("Alt+n");
      await page.getByRole("dialog").getByRole("searchbox").fill("ma");
      await page.getByRole("button", { name: "Mathilde Roy" }).waitFor();
    },
  },
  {
    name: "safety number",
    path: `${FIRST}/details`,
    scenario: "everyday",
    prepare: async (page) => {
      await page.getByRole("button", { name: /Inès Moreau/ }).click();
      await page.getByRole("menuitem", { name: /Inès/ }).click();
      await page.getByRole("dialog").locator("svg[role=img]").waitFor();
    },
  },
  {
    name: "shortcuts",
    path: "/",
    scenario: "everyday",
    prepare: async (page) => {
      await page.keyboard.press("Control+/");
      await page.getByRole("dialog").waitFor();
    },
  },
];

let browser: Browser;
let web: BuiltWeb;
let files: FileServer;

before(async () => {
  web = await buildWeb("double");
  files = await serveFiles(web.directory);
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await files?.[Symbol.asyncDispose]();
  await web?.[Symbol.asyncDispose]();
});

function addressOf(view: View): string {
  const url = new URL(view.path, files.origin);
  url.searchParams.set("scenario", view.scenario);
  return url.href;
}

/** Each view in both themes and both languages, without the half of the pairs that could find nothing new. */
const SETTINGS = [
  { colorScheme: "light", locale: "en-GB" },
  { colorScheme: "dark", locale: "fr-FR" },
] as const;

for (const { colorScheme, locale } of SETTINGS) {
  describe(`${colorScheme}, ${locale}`, { concurrency: 3 }, () => {
    for (const view of VIEWS) {
      test(`${view.name}: no violation, no complaint of the browser`, async () => {
        const viewport = view.size ?? DESKTOP;
        const context = await browser.newContext({ colorScheme, locale, viewport, reducedMotion: "reduce" });
        const page = await context.newPage();
        const complaints = complaintsOf(page);
        await open(page, view);
        await view.prepare?.(page);
        assert.deepEqual(await accessibilityViolations(page), []);
        assert.equal(await page.locator("html").getAttribute("lang"), locale.slice(0, 2));
        assert.deepEqual(complaints, []);
        await context.close();
      });
    }
  });
}

/** What the browser says on the console: scripts that failed, and everything the policy forbade. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  return complaints;
}

async function open(page: Page, view: View): Promise<void> {
  await page.goto(addressOf(view));
  await page.locator("h1, h2").first().waitFor({ state: "attached" });
  await page.waitForLoadState("networkidle");
}

test("at twice the text size nothing is wider than the window", async () => {
  for (const view of VIEWS) {
    const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: "reduce" });
    const page = await context.newPage();
    await open(page, view);
    await page.evaluate("document.documentElement.style.fontSize = '200%'");
    const overflow = await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    assert.equal(overflow, 0, view.name);
    await context.close();
  }
});
