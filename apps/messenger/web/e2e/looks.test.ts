import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessibilityViolations, type Browser, launchBrowser, type Page } from "@rempart/testing/browser";
import { buildWeb } from "./support/build-web.ts";
import { Mirror } from "./support/mirror.ts";
import { PATIENCE_MS } from "./support/patience.ts";
import { type FileServer, serveFiles } from "./support/serve-files.ts";
import { DESKTOP, VIEWS, type View } from "./support/views.ts";

/** Views that are looked at together: most of a view's time is waiting. */
const PAGES = 4;

let browser: Browser;
let files: FileServer;
const free: Mirror[] = [];

before(async () => {
  files = await serveFiles(await buildWeb("double"));
  browser = await launchBrowser();
  for (let i = 0; i < PAGES; i += 1) free.push(await Mirror.hang(browser));
});

after(async () => {
  await browser?.close();
  await files?.[Symbol.asyncDispose]();
});

/** Each view in both themes and both languages, without the half of the pairs that could find nothing new. */
const LOOKS = [
  { colorScheme: "dark", language: "fr" },
  { colorScheme: "light", language: "en" },
] as const;

describe("no violation, no complaint of the browser, nothing wider than the window", {
  concurrency: PAGES,
}, () => {
  for (const view of VIEWS)
    test(view.name, async () => {
      const mirror = free.pop();
      assert.ok(mirror, "as many pages as tests at a time");
      try {
        await lookAt(mirror, view);
      } finally {
        free.push(mirror);
      }
    });
});

async function lookAt(mirror: Mirror, view: View): Promise<void> {
  const { page } = mirror;
  await mirror.show(addressOf(view), view.size ?? DESKTOP);
  await view.prepare?.(page);
  for (const look of LOOKS) {
    await mirror.wear(look);
    assert.deepEqual(await accessibilityViolations(page), [], look.language);
  }
  assert.deepEqual(mirror.complaints, []);
  await enlarge(page);
  for (const look of LOOKS) {
    await mirror.wear(look);
    assert.equal(await overflow(page), 0, look.language);
  }
}

function addressOf(view: View): string {
  const url = new URL(view.path, files.origin);
  url.searchParams.set("scenario", view.scenario);
  return url.href;
}

/** Twice the text size in a desktop's window (WCAG 2.2, 1.4.4). */
async function enlarge(page: Page): Promise<void> {
  await page.setViewportSize(DESKTOP);
  await page.evaluate("document.documentElement.style.fontSize = '200%'");
}

/** How many pixels the page is wider than its window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}

test("a language and a theme that are chosen in one tab are those of the others at once", async () => {
  const context = await browser.newContext({ locale: "en-GB", colorScheme: "light" });
  context.setDefaultTimeout(PATIENCE_MS);
  const [one, other] = [await context.newPage(), await context.newPage()];
  for (const page of [one, other]) await page.goto(`${files.origin}/settings`);
  await other.getByRole("radio", { name: "Light" }).waitFor();
  await one.getByText("Dark", { exact: true }).click();
  await other.locator("html[data-theme=dark]").waitFor();
  await one.getByText("Français", { exact: true }).click();
  await other.locator("html[lang=fr]").waitFor();
  assert.ok(await other.getByRole("radio", { name: "Sombre" }).isChecked());
  await context.close();
});
