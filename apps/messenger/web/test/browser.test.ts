/** The built worker in real browsers: IndexedDB, Web Locks, module workers and the content security policy as they are. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Browser, launchBrowser, type Page } from "@rempart/testing/browser";
import { buildWeb } from "../e2e/support/build-web.ts";
import { dumpIndexedDb, type PageClient, startWorker } from "./support/page-client.ts";
import { done } from "./support/person.ts";
import { type Server, startServer } from "./support/server.ts";

let workerUrl: string;
let server: Server;
let browser: Browser;

before(async () => {
  const directory = await buildWeb("production");
  const worker = (await readdir(join(directory, "assets"))).find((name) => name.startsWith("worker-"));
  assert.ok(worker, "the build has a worker");
  workerUrl = `/assets/${worker}`;
  [server, browser] = await Promise.all([startServer(directory), launchBrowser()]);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const credentials = () => ({ email: `${randomUUID()}@example.org`, password: `correct ${randomUUID()}` });

async function open(page: Page): Promise<PageClient> {
  return startWorker(page, server.url(), workerUrl);
}

test("two browsers converse; history survives a reload, encrypted; one tab owns it", async () => {
  const [adasContext, bobsContext] = [await browser.newContext(), await browser.newContext()];
  const [adasPage, bobsPage] = [await adasContext.newPage(), await bobsContext.newPage()];
  const [ada, bob] = [await open(adasPage), await open(bobsPage)];
  const adas = credentials();
  const bobs = credentials();
  done(await ada.call("signUp", { ...adas, name: "Ada" }));
  done(await bob.call("signUp", { ...bobs, name: "Bob" }));
  await Promise.all([ada.hears('"status":"online"'), bob.hears('"status":"online"')]);

  const [found] = done(await ada.call<{ id: string }[]>("searchUsers", bobs.email));
  assert.ok(found);
  const { conversationId: id } = done(await ada.call<{ conversationId: string }>("startDirect", found.id));
  await Promise.all([ada.watch(id), bob.watch(id)]);
  const marker = `marker-${randomUUID()}`;
  done(await ada.call("send", id, `to Bob ${marker}`));
  await bob.hears(`to Bob ${marker}`);
  done(await bob.call("send", id, `to Ada ${marker}`));
  await ada.hears(`to Ada ${marker}`);
  const number = done(await ada.call<{ groups: string[] }>("safetyNumber", found.id));
  assert.equal(number.groups.length, 12);

  const reloaded = await open(adasPage);
  await reloaded.hears('"phase":"ready"');
  await reloaded.watch(id);
  await reloaded.hears(`to Bob ${marker}`);
  await reloaded.hears(`to Ada ${marker}`);
  const stored = await dumpIndexedDb(adasPage);
  assert.ok(stored.includes(`${id}/0000000000000002`), "the history is there");
  assert.ok(!stored.includes("marker-"), "and cannot be read there");

  const secondPage = await adasContext.newPage();
  const second = await open(secondPage);
  await second.hears('"phase":"elsewhere"');
  done(await second.call("takeOver"));
  await second.hears('"phase":"ready"');
  await reloaded.hears('"phase":"elsewhere"');
  assert.equal((await reloaded.call("send", id, "too late")).ok, false);
  await second.hears('"status":"online"');
  done(await second.call("send", id, "from the second tab"));
  await bob.hears("from the second tab");
});
