import type { Browser, Page } from "@rempart/testing/browser";
import { PATIENCE_MS } from "./patience.ts";

export interface Look {
  readonly colorScheme: "light" | "dark";
  readonly language: "en" | "fr";
}

/** A page that shows one view after the other: starting a browser's process for each would take longer than looking. */
export class Mirror {
  readonly page: Page;
  /** What the browser said on the console since the view was opened: scripts that failed, and everything the policy forbade. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && this.complaints.push(message.text()));
  }

  static async hang(browser: Browser): Promise<Mirror> {
    const context = await browser.newContext({
      locale: "fr-FR",
      colorScheme: "dark",
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript('if (location.protocol !== "about:") localStorage.clear()');
    return new Mirror(await context.newPage());
  }

  /** Opens the address as if for the first time, and waits until nothing more comes. */
  async show(address: string, size: { readonly width: number; readonly height: number }): Promise<void> {
    const { page } = this;
    // Addresses that differ in their fragment alone would not be loaded anew.
    await page.goto("about:blank");
    this.complaints.length = 0;
    await page.setViewportSize(size);
    await page.goto(address);
    await page.locator("h1, h2").first().waitFor({ state: "attached" });
    await page.waitForLoadState("networkidle");
  }

  /** The state of the page is kept: it hears of the language as of a choice in another tab. */
  async wear({ colorScheme, language }: Look): Promise<void> {
    await this.page.emulateMedia({ colorScheme });
    await this.page.evaluate(`
      localStorage.setItem("rempart.language", ${JSON.stringify(language)});
      dispatchEvent(new StorageEvent("storage", { key: "rempart.language" }));`);
    await this.page.locator(`html[lang=${language}]`).waitFor();
  }
}
