import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessibilityViolations, type Browser, launchBrowser, type Page } from "@rempart/testing/browser";
import { type BuiltWeb, buildWeb } from "./support/build-web.ts";
import { type FileServer, serveFiles } from "./support/serve-files.ts";
import { DESKTOP, VIEWS, type View } from "./support/views.ts";

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
      test(`${view.name}: no violation, no complaint of the browser, nothing wider than the window`, async () => {
        const viewport = view.size ?? DESKTOP;
        const context = await browser.newContext({ colorScheme, locale, viewport, reducedMotion: "reduce" });
        const page = await context.newPage();
        const complaints = complaintsOf(page);
        await open(page, view);
        await view.prepare?.(page);
        assert.deepEqual(await accessibilityViolations(page), []);
        assert.equal(await page.locator("html").getAttribute("lang"), locale.slice(0, 2));
        assert.deepEqual(complaints, []);
        assert.equal(await overflowAtTwiceTheText(page), 0);
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

/** How many pixels the page is wider than a desktop's window at twice the text size (WCAG 2.2, 1.4.4). */
async function overflowAtTwiceTheText(page: Page): Promise<number> {
  await page.setViewportSize(DESKTOP);
  await page.evaluate("document.documentElement.style.fontSize = '200%'");
  return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
