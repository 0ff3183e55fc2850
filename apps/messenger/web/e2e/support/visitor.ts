import type { BrowserContext, Page } from "@rempart/testing/browser";

export const PASSWORD = "four unrelated words 41";

/** One person at their browser: what they do, in the words of the screens. Everything is found as a screen reader finds it. */
export class Visitor {
  readonly origin: string;
  readonly name: string;
  readonly email: string;
  readonly context: BrowserContext;
  page: Page;

  constructor(origin: string, name: string, context: BrowserContext, page: Page) {
    this.origin = origin;
    this.name = name;
    this.email = `${name.toLowerCase().replaceAll(/[^a-z]/g, "")}@example.org`;
    this.context = context;
    this.page = page;
  }

  async signUp(): Promise<void> {
    await this.fillsInSignUp();
    await this.seesList();
  }

  async fillsInSignUp(): Promise<void> {
    await this.page.getByLabel("Your name").fill(this.name);
    await this.page.getByLabel("E-mail address").fill(this.email);
    await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await this.presses("Create account");
  }

  /** As far as the password leads: to the list, or to the question for a second factor. */
  async fillsInSignIn(password = PASSWORD, email = this.email): Promise<void> {
    await this.page.getByLabel("E-mail address").fill(email);
    await this.page.getByLabel("Password", { exact: true }).fill(password);
    await this.presses("Sign in");
  }

  async signsOut(): Promise<void> {
    await this.presses("Account menu");
    await this.page.getByRole("menuitem", { name: "Sign out" }).click();
    await this.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  }

  async opens(path: string): Promise<void> {
    await this.page.goto(this.origin + path);
  }

  async presses(name: string): Promise<void> {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async sees(text: string): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  async seesList(): Promise<void> {
    await this.page.getByRole("button", { name: "Account menu" }).waitFor();
  }

  /** The recovery codes that the open dialog shows this once. */
  async keepsCodes(): Promise<string[]> {
    const dialog = this.page.getByRole("dialog", { name: "Keep your recovery codes" });
    const codes = dialog.getByRole("list", { name: "Recovery codes" }).getByRole("listitem");
    await codes.first().waitFor();
    const texts = await codes.allTextContents();
    await dialog.getByRole("button", { name: "I have kept them" }).click();
    return texts;
  }

  async startConversationWith(name: string): Promise<void> {
    await this.page.getByRole("button", { name: "New conversation" }).first().click();
    await this.#pick(name);
    await this.page.getByRole("heading", { name, level: 2 }).waitFor();
  }

  async startGroup(title: string, names: readonly string[]): Promise<void> {
    await this.page.getByRole("button", { name: "New conversation" }).first().click();
    await this.page.getByRole("tab", { name: "Group" }).click();
    await this.page.getByLabel("Group name").fill(title);
    for (const name of names) await this.#pick(name);
    await this.page.getByRole("button", { name: "Create group" }).click();
    await this.page.getByRole("heading", { name: title, level: 2 }).waitFor();
  }

  async #pick(name: string): Promise<void> {
    const dialog = this.page.getByRole("dialog");
    const found = dialog.getByRole("listitem").getByRole("button", { name }).first();
    const nobody = dialog.getByText("Nobody found");
    await dialog.getByRole("searchbox").fill(name);
    await found.or(nobody).waitFor();
    // Who has just signed up is found a moment later.
    while (await nobody.isVisible()) {
      await dialog.getByRole("searchbox").fill("");
      await dialog.getByRole("searchbox").fill(name);
      await found.or(nobody).waitFor();
    }
    await found.click();
  }

  async openConversation(title: string): Promise<void> {
    await this.page.getByRole("navigation").getByRole("link", { name: title }).click();
    await this.page.getByRole("heading", { name: title, level: 2 }).waitFor();
  }

  async write(text: string): Promise<void> {
    await this.page.getByRole("textbox", { name: "Write a message" }).fill(text);
    await this.page.keyboard.press("Enter");
  }

  message(text: string) {
    return this.page
      .getByRole("region", { name: "Messages" })
      .getByRole("listitem")
      .filter({ hasText: text });
  }

  /** Waits until the message stands in the open conversation. */
  async reads(text: string): Promise<void> {
    await this.message(text).waitFor();
  }

  /** Waits until the delivery tick of one's own message says this. */
  async seesDelivery(
    text: string,
    state: "Waiting for the connection" | "Sent" | "Delivered" | "Read",
  ): Promise<void> {
    await this.message(text).getByText(state, { exact: true }).waitFor({ state: "attached" });
  }

  async removeMember(name: string): Promise<void> {
    await this.page.getByRole("link", { name: "Conversation details" }).click();
    await this.page.getByRole("button", { name: `Actions for ${name}` }).click();
    await this.page.getByRole("menuitem", { name: "Remove from group" }).click();
    await this.page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await this.page.getByRole("button", { name: `Actions for ${name}` }).waitFor({ state: "detached" });
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}
