import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "@rempart/testing";
import { type Browser, launchBrowser, type Page } from "@rempart/testing/browser";
import { buildWeb } from "./support/build-web.ts";
import { PATIENCE_MS } from "./support/patience.ts";
import { type FileServer, serveFiles } from "./support/serve-files.ts";

const CONVERSATION = "/c/01990000-a002-7000-8000-000000000001";
/** A screenful and what is kept ready around it; 5,000 messages must not make more. */
const MOST_ROWS = 60;
/** With so many above, none are fetched. */
const ROWS_ABOVE = 12;

let browser: Browser;
let files: FileServer;
let page: Page;

before(async () => {
  files = await serveFiles(await buildWeb("double"));
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1360, height: 860 }, reducedMotion: "reduce" });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${files.origin}${CONVERSATION}?scenario=crowded`);
  await page.getByText("New messages", { exact: true }).waitFor();
});

after(async () => {
  await browser?.close();
  await files?.[Symbol.asyncDispose]();
});

const timeline = () => page.getByRole("region", { name: "Messages" });

/** Runs in the page, as text: these files know no DOM. */
function inTimeline<T>(expression: string): Promise<T> {
  return page.evaluate<T>(`(() => {
    const timeline = document.querySelector("section[tabindex]");
    return ${expression};
  })()`);
}

interface Row {
  readonly text: string;
  /** Pixels from the timeline's top. */
  readonly top: number;
}

/** The row across the middle of the timeline or close below it; null while none is drawn there. */
function middleRow(): Promise<Row | null> {
  return inTimeline(`(() => {
    const box = timeline.getBoundingClientRect();
    const middle = box.top + box.height / 2;
    const row = [...timeline.querySelectorAll("li")].find((each) => {
      const { top, bottom } = each.getBoundingClientRect();
      return bottom > middle && top < middle + 80;
    });
    return row ? { text: row.textContent, top: Math.round(row.getBoundingClientRect().top - box.top) } : null;
  })()`);
}

/** A reader sees frames: what stands between two of them does not count. */
function painted(): Promise<void> {
  return page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))",
  );
}

/** The row that is read after scrolling: drawn, measured, and at rest for two frames. */
async function rowAtRest(): Promise<Row> {
  let row: Row | null = null;
  await until(async () => {
    const before = row;
    await painted();
    row = await middleRow();
    return row !== null && row.text === before?.text && row.top === before.top;
  });
  return row ?? assert.fail("no row");
}

function topOf(text: string): Promise<number> {
  return inTimeline(`(() => {
    const row = [...timeline.querySelectorAll("li")].find((each) => each.textContent === ${JSON.stringify(text)});
    return row ? Math.round(row.getBoundingClientRect().top - timeline.getBoundingClientRect().top) : NaN;
  })()`);
}

/** Nothing is being fetched then, and nothing will be until somebody scrolls. */
function enoughAbove(): Promise<void> {
  return until(async () => {
    const above = `Number(timeline.querySelector("li[data-index]").dataset.index)`;
    return (await inTimeline<number>(above)) >= ROWS_ABOVE;
  });
}

function focusedPosition(): Promise<string | null> {
  return page.evaluate(`document.activeElement?.closest("li")?.getAttribute("aria-posinset") ?? null`);
}

test("a conversation with unread messages opens at the first of them", async () => {
  assert.ok(await page.getByText("New messages", { exact: true }).isVisible());
  assert.ok((await timeline().getByRole("listitem").count()) < MOST_ROWS);
});

test("what is being read stays in its place while older messages come in above it", async () => {
  await enoughAbove();
  await page.mouse.move(860, 400);
  const top = await inTimeline<number>("timeline.scrollTop");
  await page.mouse.wheel(0, -40);
  await until(async () => (await inTimeline<number>("timeline.scrollTop")) < top);
  for (const place of [0, 12, 400, 700]) {
    // Before they are asked for: on a slow machine they may be there by the next line.
    const height = await inTimeline<number>("timeline.scrollHeight");
    await inTimeline(`timeline.scrollTop = ${place}`);
    const before = await rowAtRest();
    await until(async () => (await inTimeline<number>("timeline.scrollHeight")) > height + 1000);
    await painted();
    const moved = Math.abs((await topOf(before.text)) - before.top);
    assert.ok(moved <= 2, `from ${place}: the row moved by ${moved} pixels`);
  }
  assert.ok((await timeline().getByRole("listitem").count()) < MOST_ROWS);
});

test("the way back to the newest message is one key or click", async () => {
  await page.getByRole("button", { name: /Jump to the latest messages/ }).click();
  await page.getByRole("button", { name: /Jump to the latest messages/ }).waitFor({ state: "detached" });
  const left = "timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight";
  await until(async () => (await inTimeline<number>(left)) <= 1);
});

test("one's own message is in sight at once, whatever was being read", async () => {
  await inTimeline("timeline.scrollBy(0, -2500)");
  await page.getByRole("textbox", { name: "Write a message" }).fill("Here I am");
  await page.keyboard.press("Enter");
  await timeline().getByText("Here I am").waitFor();
  assert.ok(await timeline().getByText("Here I am").isVisible());
});

test("the composer grows with its text, keeps a draft, and says when it is too long", async () => {
  const composer = page.getByRole("textbox", { name: "Write a message" });
  const before = (await composer.boundingBox())?.height ?? 0;
  await composer.fill("one\ntwo\nthree");
  assert.ok(((await composer.boundingBox())?.height ?? 0) > before);

  await composer.fill("x".repeat(16_001));
  await page.getByText("1 character too many").waitFor();
  await page.keyboard.press("Enter");
  assert.equal((await composer.inputValue()).length, 16_001);

  await composer.fill("Half a thought");
  await page
    .getByRole("link", { name: /Circle 1/ })
    .first()
    .click();
  await page.getByRole("heading", { name: "Circle 1", level: 2 }).waitFor();
  await page.getByRole("link", { name: /Market day/ }).click();
  await page.getByRole("heading", { name: "Market day", level: 2 }).waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Write a message" }).inputValue(), "Half a thought");
});

test("an input method's Enter takes its candidate and sends nothing", async () => {
  const composer = page.getByRole("textbox", { name: "Write a message" });
  await composer.fill("にほん");
  await composer.dispatchEvent("keydown", { key: "Enter", keyCode: 229, isComposing: true, bubbles: true });
  assert.equal(await composer.inputValue(), "にほん");
});

test("of three hundred conversations only those in sight exist, and the arrows reach the last", async () => {
  const list = page.getByRole("navigation").getByRole("listitem");
  assert.ok((await list.count()) < 40);
  await page
    .getByRole("navigation")
    .getByRole("link", { name: /Market day/ })
    .focus();
  await page.keyboard.press("End");
  await until(async () => (await focusedPosition()) === "300");
  await page.keyboard.press("ArrowUp");
  await until(async () => (await focusedPosition()) === "299");
});

test("however many are unread, the history comes in no further than what is being read", async () => {
  await page.goto(`${files.origin}${CONVERSATION}?scenario=returning`);
  await timeline().getByRole("listitem").first().waitFor();
  await enoughAbove();
});
