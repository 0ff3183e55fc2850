import { after, before, test } from "node:test";
import { until } from "@rempart/testing";
import { type Browser, type BrowserContextOptions, launchBrowser, type Page } from "@rempart/testing/browser";
import { buildWeb } from "./support/build-web.ts";
import { PATIENCE_MS } from "./support/patience.ts";
import { type FileServer, serveFiles } from "./support/serve-files.ts";

let browser: Browser;
let files: FileServer;

before(async () => {
  files = await serveFiles(await buildWeb("double"));
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await files?.[Symbol.asyncDispose]();
});

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const DESKTOP = { viewport: { width: 1360, height: 860 } };

async function opened(device: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage({ ...device, reducedMotion: "reduce" });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(files.origin);
  return page;
}

function focused(page: Page): Promise<string> {
  return page.evaluate(
    `document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent`,
  );
}

async function focusComesTo(page: Page, wanted: RegExp): Promise<void> {
  await until(async () => wanted.test(await focused(page))).catch(async (cause: unknown) => {
    throw new Error(`the focus is on "${await focused(page)}"`, { cause });
  });
}

test("on a phone the focus goes with the panes and comes back where it was", async () => {
  const page = await opened(PHONE);
  await page.getByRole("link", { name: /Tom Okafor/ }).tap();
  await focusComesTo(page, /^Tom Okafor$/);
  await page.getByRole("link", { name: "Conversation details" }).tap();
  await focusComesTo(page, /^Details$/);
  await page.getByRole("link", { name: "Back", exact: true }).tap();
  await focusComesTo(page, /^Conversation details$/);
  await page.getByRole("link", { name: "Back to conversations" }).tap();
  await focusComesTo(page, /Tom Okafor/);
  await page.close();
});

test("with a keyboard one can write at once, and Escape leads back to the row", async () => {
  const page = await opened(DESKTOP);
  const row = page.getByRole("navigation").getByRole("link", { name: /Tom Okafor/ });
  await row.focus();
  await page.keyboard.press("Enter");
  await focusComesTo(page, /^Write a message$/);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Escape");
  await focusComesTo(page, /Tom Okafor/);
  await page.close();
});

test("a dialog keeps the focus inside and gives it back", async () => {
  const page = await opened(DESKTOP);
  const opener = page.getByRole("navigation").getByRole("button", { name: "New conversation" });
  await opener.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("searchbox").and(page.locator(":focus")).waitFor();
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press("Tab");
    // The focus is brought back in the next frame: no person is faster.
    await until(() => page.evaluate<boolean>(`document.activeElement.closest("[role=dialog]") !== null`));
  }
  await page.keyboard.press("Escape");
  await focusComesTo(page, /^New conversation$/);
  await page.close();
});

test("the first Tab offers the way past the list", async () => {
  const page = await opened(DESKTOP);
  await page.getByRole("link", { name: /Tom Okafor/ }).waitFor();
  await page.keyboard.press("Tab");
  await focusComesTo(page, /^Skip to the conversation$/);
  await page.keyboard.press("Enter");
  await until(() => page.evaluate<boolean>(`document.activeElement.id === "content"`));
  await page.close();
});
