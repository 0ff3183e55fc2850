import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Browser, launchBrowser } from "@rempart/testing/browser";
import { buildWeb } from "./support/build-web.ts";
import { PATIENCE_MS } from "./support/patience.ts";
import { type FileServer, serveFiles } from "./support/serve-files.ts";

/** Scripts and styles, gzipped, until the screen is there; the worker is fetched apart and does not hold it up. */
const FIRST_SCREEN_BYTES = 200_000;

let browser: Browser;
let web: string;
let files: FileServer;

before(async () => {
  web = await buildWeb("double");
  files = await serveFiles(web);
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await files?.[Symbol.asyncDispose]();
});

/** Runs in the page: resolves once something was painted, also when that is long past. */
const FIRST_PAINT = `new Promise((done) => new PerformanceObserver((list) => {
  for (const entry of list.getEntriesByName("first-contentful-paint")) done(entry.startTime);
}).observe({ type: "paint", buffered: true }))`;

async function firstScreen(path: string, ready: string): Promise<{ bytes: number; paintMs: number }> {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const fetched = new Set<string>();
  page.on("request", (request) => fetched.add(new URL(request.url()).pathname));
  await page.goto(files.origin + path);
  await page.locator(ready).first().waitFor();
  const paintMs = await page.evaluate<number>(FIRST_PAINT);
  await page.close();
  const code = [...fetched].filter((file) => [".js", ".css"].includes(extname(file)));
  const sizes = await Promise.all(code.map(async (file) => gzipSync(await readFile(join(web, file))).length));
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), paintMs: Math.round(paintMs) };
}

const SCREENS = [
  { name: "the door", path: "/sign-in?scenario=signed-out", ready: "form" },
  { name: "an open conversation", path: "/c/01990000-a002-7000-8000-000000000001", ready: "textarea" },
] as const;

for (const { name, path, ready } of SCREENS) {
  test(`${name} needs at most 200 kB`, async (t) => {
    const { bytes, paintMs } = await firstScreen(path, ready);
    t.diagnostic(`${name}: ${(bytes / 1000).toFixed(1)} kB, first contentful paint after ${paintMs} ms`);
    assert.ok(bytes <= FIRST_SCREEN_BYTES, `${bytes} bytes`);
  });
}

test("nothing of the double is in what people get", async () => {
  const assets = join(await buildWeb("production"), "assets");
  for (const file of await readdir(assets)) {
    const text = await readFile(join(assets, file), "latin1");
    assert.ok(!text.includes("Camille Laurent"), file);
  }
});
