import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessibilityViolations, type Browser, launchBrowser, saveScreenshot } from "./browser.ts";

const STRICT = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'";
const PAGES: Readonly<Record<string, string>> = {
  "/good": `<!doctype html><html lang="en"><head><title>Good</title></head><body><main><h1>Fine</h1></main></body></html>`,
  "/bad": `<!doctype html><html lang="en"><head><title>Bad</title></head><body><main><h1>x</h1><input></main></body></html>`,
};

let browser: Browser;
let origin: string;
const server = createServer((request, response) => {
  response.setHeader("content-type", "text/html");
  response.setHeader("content-security-policy", STRICT);
  response.end(PAGES[request.url ?? ""] ?? "");
});

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  server.close();
});

test("a violation is found under a strict content security policy, and none where there is none", async () => {
  const page = await browser.newPage();
  await page.goto(`${origin}/bad`);
  const violations = await accessibilityViolations(page);
  assert.deepEqual(
    violations.map(({ rule, elements }) => ({ rule, elements })),
    [{ rule: "label", elements: ["input"] }],
  );
  await page.goto(`${origin}/good`);
  assert.deepEqual(await accessibilityViolations(page), []);
});

test("the page's policy is in force: what it forbids does not run", async () => {
  const page = await browser.newPage();
  await page.goto(`${origin}/good`);
  const inject = `const script = document.createElement("script"); script.textContent = "globalThis.ran = true";
    document.body.append(script); "ran" in globalThis`;
  assert.equal(await page.evaluate(inject), false);
});

test("two contexts share no storage", async () => {
  const [one, two] = await Promise.all([browser.newContext(), browser.newContext()]);
  const [a, b] = await Promise.all([one.newPage(), two.newPage()]);
  await Promise.all([a.goto(`${origin}/good`), b.goto(`${origin}/good`)]);
  await a.evaluate("localStorage.setItem('who', 'a')");
  assert.equal(await b.evaluate("localStorage.getItem('who')"), null);
});

test("no name outside this machine is resolved", async () => {
  const page = await browser.newPage();
  await assert.rejects(page.goto("https://example.com/"), /ERR_NAME_NOT_RESOLVED/);
});

test("two browsers may be launched at once", async () => {
  const browsers = await Promise.all([launchBrowser(), launchBrowser()]);
  for (const each of browsers) assert.match(each.version(), /^\d+\./);
  await Promise.all(browsers.map((each) => each.close()));
});

test("a screenshot is a picture", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rempart-screenshot-"));
  const page = await browser.newPage();
  await page.goto(`${origin}/good`);
  await saveScreenshot(page, join(directory, "deep", "good.png"));
  assert.ok((await stat(join(directory, "deep", "good.png"))).size > 1_000);
  await rm(directory, { recursive: true });
});
