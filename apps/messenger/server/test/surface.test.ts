import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ROUTES } from "@rempart/messaging/contract";
import { inlineHashes } from "../src/http/web-client.ts";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

const web = await mkdtemp(join(tmpdir(), "rempart-web-"));
await mkdir(join(web, "assets"));
const page =
  "<!doctype html><title>t</title><script>start()</script><script src=/assets/a.js></script><style>b{}</style>";
await writeFile(join(web, "index.html"), page);
await writeFile(join(web, "assets", "a-1f2e.js"), `console.log("${"x".repeat(1000)}");`);
await writeFile(join(web, "secret.txt"), "inside");
await writeFile(join(web, "..", `${web.split("/").pop()}-outside.txt`), "outside");

const server = await testMessenger({ env: { WEB_DIRECTORY: web } });
after(async () => {
  await server[Symbol.asyncDispose]();
  await rm(web, { recursive: true });
  await rm(`${web}-outside.txt`);
});
const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(server.publicUrl + path, { headers, redirect: "manual" });

test("the page is served for every address of the client, with a policy that names its inline parts", async () => {
  for (const path of ["/", "/conversations/1", "/sign-in"]) {
    const response = await get(path);
    assert.equal(await response.text(), page);
    assert.equal(response.headers.get("cache-control"), "no-store");
    const csp = response.headers.get("content-security-policy") ?? "";
    for (const hash of [...inlineHashes(page, "script"), ...inlineHashes(page, "style")])
      assert.ok(csp.includes(hash));
    assert.ok(!csp.includes("unsafe"));
  }
});

test("assets are immutable, compressed as asked, and revalidated by tag", async () => {
  const plain = await get("/assets/a-1f2e.js", { "accept-encoding": "identity" });
  assert.equal(plain.headers.get("content-encoding"), null);
  assert.match(plain.headers.get("cache-control") ?? "", /immutable/);
  const compressed = await get("/assets/a-1f2e.js", { "accept-encoding": "br, gzip" });
  assert.equal(compressed.headers.get("content-encoding"), "br");
  assert.equal(await compressed.text(), await plain.text());
  const etag = plain.headers.get("etag") ?? "";
  assert.equal((await get("/assets/a-1f2e.js", { "if-none-match": etag })).status, 304);
  assert.equal((await get("/assets/gone.js")).status, 404);
});

test("no path leaves the directory", async () => {
  const outside = `${web.split("/").pop()}-outside.txt`;
  for (const path of [
    `/../${outside}`,
    `/%2e%2e/${outside}`,
    `/..%2f${outside}`,
    `/assets/../../${outside}`,
  ]) {
    assert.ok(!(await (await get(path)).text()).includes("outside\n") && (await get(path)).status !== 500);
    assert.notEqual(await (await get(path)).text(), "outside");
  }
});

test("metrics are for the administration listener alone, and count what happened", async () => {
  assert.equal((await get("/metrics")).status, 403);
  const [ada, bob] = [
    await Person.arrive(server.publicUrl, "ada"),
    await Person.arrive(server.publicUrl, "bob"),
  ];
  const id = await ada.converse([bob]);
  await ada.send(id, "one");
  await ada.send(id, "two");
  const socket = await ada.connect();
  const text = await (await fetch(`${server.adminUrl}/metrics`)).text();
  assert.match(text, /^messages_sent_total\{kind="application"\} 2$/m);
  assert.match(text, /^messages_sent_total\{kind="commit"\} 1$/m);
  assert.match(text, /^messages_encrypted_total 2$/m);
  assert.match(text, /^websocket_connections_active 1$/m);
  assert.match(
    text,
    /^http_requests_total\{method="POST",route="\/api\/v1\/conversations",status="201"\} 1$/m,
  );
  assert.match(text, /^http_request_duration_seconds_count\{/m);
  assert.match(text, /^process_cpu_seconds_total /m);
  socket.close();
});

test("health tells each dependency's state and nothing else", async () => {
  for (const path of ["/health", "/health/ready"]) {
    const response = await get(path);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), {
      status: "ok",
      checks: { database: { status: "up" }, bus: { status: "up" } },
    });
  }
  assert.deepEqual(await (await get("/health/live")).json(), { status: "ok" });
});

test("the description names every route, and its page needs no script", async () => {
  const document = (await (await get("/api/openapi.json")).json()) as { openapi: string; paths: object };
  assert.equal(document.openapi, "3.1.1");
  const text = JSON.stringify(document.paths);
  for (const name of Object.keys(ROUTES)) assert.ok(text.includes(`"operationId":"${name}"`), name);
  const docs = await get("/api/docs");
  const html = await docs.text();
  assert.ok(!/<script/i.test(html));
  const [hash] = inlineHashes(html, "style");
  assert.ok((docs.headers.get("content-security-policy") ?? "").includes(hash as string));
});

test("unknown routes, wrong methods and missing sessions are told apart", async () => {
  const problem = async (path: string, method = "GET") => {
    const response = await fetch(server.publicUrl + path, { method, headers: { origin: server.publicUrl } });
    assert.match(response.headers.get("content-type") ?? "", /problem\+json/);
    assert.ok(response.headers.get("content-security-policy") !== null);
    const { code } = (await response.json()) as { code: string };
    return [response.status, code];
  };
  assert.deepEqual(await problem("/api/v1/nothing"), [404, "not-found"]);
  assert.deepEqual(await problem("/api/v1/devices", "PUT"), [405, "method-not-allowed"]);
  const wrong = await fetch(`${server.publicUrl}/api/v1/devices`, {
    method: "PUT",
    headers: { origin: server.publicUrl },
  });
  assert.equal(wrong.headers.get("allow"), "GET, POST");
  assert.deepEqual(await problem("/api/v1/devices"), [401, "unauthenticated"]);
});

test("a request from another site's page is refused, signed in or not", async () => {
  const ada = await Person.arrive(server.publicUrl, "ada");
  const response = await fetch(`${server.publicUrl}/api/v1/auth/sign-out-everywhere`, {
    method: "POST",
    headers: { origin: "https://evil.example", cookie: ada.cookie, "sec-fetch-site": "cross-site" },
  });
  assert.equal(response.status, 403);
  assert.equal((await ada.call("session")).status, 200);
});
