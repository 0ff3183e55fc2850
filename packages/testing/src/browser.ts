import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import axe, { type AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { locateChromium } from "./chromium.ts";

export type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
export { addAuthenticator } from "./authenticator.ts";

/**
 * The browser is left as strict as a person's: no flag that weakens the same-origin policy or the content security policy,
 * which the tests are about. It resolves no name but this machine's, so no test can depend on the network.
 */
const FLAGS = [
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--font-render-hinting=none",
  "--no-pings",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
];

/** A machine that is busy with other tests takes its time. */
const LAUNCH_PATIENCE_MS = 120_000;

export interface BrowserOptions {
  /** False shows the window, where there is a display. */
  headless?: boolean;
}

/** A real Chromium. Contexts made with `newContext()` share nothing: two of them are two people's browsers. Close it. */
export async function launchBrowser({ headless = true }: BrowserOptions = {}): Promise<Browser> {
  const { executable, environment } = await locateChromium();
  return chromium.launch({
    executablePath: executable,
    headless,
    // It needs user namespaces or a helper that is setuid root: neither is to be had as root or in most containers.
    chromiumSandbox: false,
    args: FLAGS,
    timeout: LAUNCH_PATIENCE_MS,
    env: { ...process.env, ...environment },
  });
}

export interface Violation {
  /** Of the rule, such as `color-contrast`. */
  rule: string;
  impact: string;
  help: string;
  /** Selectors of the elements that break the rule. */
  elements: string[];
}

export interface AxeOptions {
  /** A selector: look at this part of the page only. */
  within?: string;
  /** Tags of axe-core's rules; WCAG 2.2 at level AA and the best practices unless told. */
  tags?: readonly string[];
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe-core finds wrong with the page as it is now; empty is what a test asserts. */
export async function accessibilityViolations(page: Page, options: AxeOptions = {}): Promise<Violation[]> {
  const { within, tags = TAGS } = options;
  // Given to the debugger, not added as a script: the page's own content security policy stays in force.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const settings = JSON.stringify({ runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  const context = within === undefined ? "document" : JSON.stringify(within);
  const violations = await page.evaluate<AxeResults["violations"]>(
    `axe.run(${context}, ${settings}).then(({ violations }) => violations)`,
  );
  return violations.map(({ id, impact, help, nodes }) => ({
    rule: id,
    impact: impact ?? "unknown",
    help,
    elements: nodes.map((node) => node.target.join(" ")),
  }));
}

/** A picture of the visible page at rest: fonts loaded, animations ended, no blinking caret. */
export async function saveScreenshot(page: Page, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await page.evaluate("document.fonts.ready.then(() => true)");
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
}
