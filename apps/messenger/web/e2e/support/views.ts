import type { Page } from "@rempart/testing/browser";
import type { ScenarioName } from "../../src/app/double/scenarios.ts";

/** The first conversation of most scenarios. */
const FIRST = "/c/01990000-a002-7000-8000-000000000001";
const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1360, height: 860 };

export interface View {
  readonly name: string;
  readonly path: string;
  readonly scenario: ScenarioName;
  readonly size?: typeof PHONE;
  /** Brings the page into the state that is looked at. */
  readonly prepare?: (page: Page) => Promise<void>;
}

export const VIEWS: readonly View[] = [
  { name: "sign in", path: "/sign-in", scenario: "signed-out" },
  { name: "sign in after the session ended", path: "/", scenario: "expired", size: PHONE },
  { name: "sign up with an invitation", path: "/#invitation=0123456789abcdef", scenario: "signed-out" },
  {
    name: "sign up, refused by the form",
    path: "/sign-up",
    scenario: "signed-out",
    prepare: (page) => page.locator("button[type=submit]").click(),
  },
  { name: "forgotten password", path: "/forgotten", scenario: "signed-out" },
  {
    name: "forgotten password, no mail here",
    path: "/forgotten",
    scenario: "signed-out",
    prepare: async (page) => {
      await send(page, { email: "none@example.org" });
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "check your mail",
    path: "/sign-up",
    scenario: "signed-out",
    size: PHONE,
    prepare: async (page) => {
      await send(page, { name: "Camille", email: "mail@example.org", password: "a quiet harbour" });
      await page.getByText("mail@example.org").waitFor();
    },
  },
  { name: "second factor", path: "/sign-in", scenario: "signed-out", prepare: reachSecondFactor },
  {
    name: "second factor by a wrong code",
    path: "/sign-in",
    scenario: "signed-out",
    size: PHONE,
    prepare: async (page) => {
      await reachSecondFactor(page);
      await page.getByRole("button", { name: /authenti/ }).click();
      await enterCode(page, "000000");
      await page.getByRole("alert").waitFor();
    },
  },
  { name: "confirm the address", path: "/#verify-email=token", scenario: "signed-out" },
  {
    name: "confirmed",
    path: "/#confirm-email=token",
    scenario: "everyday",
    prepare: (page) => follow(page),
  },
  {
    name: "a link that was used",
    path: "/#undo-email=used",
    scenario: "signed-out",
    size: PHONE,
    prepare: (page) => follow(page),
  },
  { name: "choose a new password", path: "/#reset-password=token", scenario: "signed-out" },
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
  { name: "nobody who could read", path: FIRST, scenario: "waiting", size: PHONE },
  { name: "details", path: `${FIRST}/details`, scenario: "everyday" },
  { name: "details on a phone", path: `${FIRST}/details`, scenario: "everyday", size: PHONE },
  { name: "settings: account", path: "/settings", scenario: "everyday" },
  {
    name: "settings: another address",
    path: "/settings",
    scenario: "unprotected",
    size: PHONE,
    prepare: async (page) => {
      await page
        .locator("section section, section")
        .filter({ hasText: "camille@" })
        .getByRole("button")
        .first()
        .click();
      await page.locator("[name=email]").fill("camille.laurent@example.org");
      await page.locator("form:has([name=email]) button[type=submit]").click();
      await page.locator("[name=email]").waitFor({ state: "detached" });
    },
  },
  {
    name: "settings: delete the account, a wrong name",
    path: "/settings",
    scenario: "everyday",
    size: PHONE,
    prepare: async (page) => {
      await page.getByRole("button", { name: /^(Delete account|Supprimer le compte)$/ }).click();
      await page.locator("form:has([autocomplete=off]) button[type=submit]").click();
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "settings: security",
    path: "/settings/security",
    scenario: "everyday",
    prepare: (page) => page.getByText("YubiKey").waitFor(),
  },
  {
    name: "settings: security on a phone",
    path: "/settings/security",
    scenario: "everyday",
    size: PHONE,
    prepare: (page) => page.getByText("YubiKey").waitFor(),
  },
  {
    name: "settings: a second factor is needed",
    path: "/settings/security",
    scenario: "unprotected",
    size: PHONE,
    prepare: (page) => factorRow(page).waitFor(),
  },
  {
    name: "settings: security cannot be loaded",
    path: "/settings/security",
    scenario: "failures",
    prepare: (page) => page.locator("[role=alert]").first().waitFor(),
  },
  { name: "an authenticator app", path: "/settings/security", scenario: "unprotected", prepare: startTotp },
  {
    name: "an authenticator app on a phone, a wrong code",
    path: "/settings/security",
    scenario: "unprotected",
    size: PHONE,
    prepare: async (page) => {
      await startTotp(page);
      await enterCode(page, "000000");
      await page.getByRole("dialog").getByRole("alert").waitFor();
    },
  },
  {
    name: "recovery codes",
    path: "/settings/security",
    scenario: "unprotected",
    prepare: async (page) => {
      await startTotp(page);
      await enterCode(page, "123456");
      await page.getByRole("dialog").locator("ol").waitFor();
    },
  },
  {
    name: "a fresh proof",
    path: "/settings/security",
    scenario: "everyday",
    prepare: async (page) => {
      await page.getByRole("button", { name: /Retirer (l|A)|Remove A/ }).click();
      await page.getByRole("alertdialog").getByRole("button").last().click();
      await page.getByRole("dialog").locator("[name=password]").waitFor();
    },
  },
  {
    name: "a passkey's name",
    path: "/settings/security",
    scenario: "unprotected",
    prepare: async (page) => {
      await page.getByRole("button", { name: /a passkey|une clé/ }).click();
      await page.getByRole("dialog").locator("[name=name]").waitFor();
    },
  },
  {
    name: "settings: devices",
    path: "/settings/devices",
    scenario: "everyday",
    prepare: (page) => page.getByText("192.0.2.11").waitFor(),
  },
  {
    name: "settings: devices on a phone",
    path: "/settings/devices",
    scenario: "everyday",
    size: PHONE,
    prepare: (page) => page.getByText("192.0.2.11").waitFor(),
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

/** Fills in the page's form and sends it. */
async function send(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(text);
  await page.locator("form button[type=submit]").click();
}

/** Presses the one button of a mail's link, and waits for what comes of it. */
async function follow(page: Page): Promise<void> {
  await page.locator("main button:not([aria-label])").first().click();
  await page.locator("h1[tabindex]").waitFor();
}

async function reachSecondFactor(page: Page): Promise<void> {
  await send(page, { email: "two@example.org", password: "a quiet harbour" });
  await page.getByRole("button", { name: /Back to|Retour à/ }).waitFor();
}

/** The authenticator app's. */
function factorRow(page: Page) {
  return page.locator("section li").first();
}

async function startTotp(page: Page): Promise<void> {
  await factorRow(page).getByRole("button").click();
  await page.getByRole("dialog").locator("svg[role=img]").waitFor();
}

async function enterCode(page: Page, code: string): Promise<void> {
  await page.locator("[name=code]").fill(code);
  await page.locator("form:has([name=code]) button[type=submit]").click();
}
