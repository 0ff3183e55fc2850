import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createRawServer } from "node:net";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { classifyAddress } from "../address/special.ts";
import { EdgeError } from "../errors.ts";
import { createSafeFetch, type SafeFetchOptions } from "./safe-fetch.ts";
import { readTarget } from "./target.ts";

const seen: { url: string; headers: IncomingMessage["headers"]; method: string }[] = [];
const redirects: Record<string, [number, string]> = {
  "/inside": [302, "http://169.254.169.254/latest/meta-data/"],
  "/mapped": [307, "http://[::ffff:10.0.0.1]/"],
  "/name": [302, "http://inside.example/"],
  "/file": [302, "file:///etc/passwd"],
  "/loop": [302, "/loop"],
  "/port": [302, "http://a.example:22/"],
  "/junk": [302, "http://[/"],
};
const answer: RequestListener = (request, response) => {
  const url = request.url ?? "";
  seen.push({ url, headers: request.headers, method: request.method ?? "" });
  const redirect = redirects[url];
  if (redirect !== undefined) response.writeHead(redirect[0], { Location: redirect[1] }).end();
  else if (url === "/elsewhere") response.writeHead(307, { Location: `http://b.example:${port}/ok` }).end();
  else if (url === "/see-other") response.writeHead(303, { Location: "/ok" }).end();
  else if (url === "/endless") for (let i = 0; i < 100; i += 1) response.write("x".repeat(1000));
  else if (url === "/silent") return;
  else if (url === "/trickle") response.write("x");
  else response.end("ok");
};
let server: Server;
let port = 0;

before(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const NAMES: Record<string, readonly string[]> = {
  "a.example": ["127.0.0.1"],
  "b.example": ["127.0.0.1"],
  "inside.example": ["10.0.0.8"],
  "both.example": ["127.0.0.1", "192.168.0.1"],
  "none.example": [],
};
const local = (more: SafeFetchOptions = {}) =>
  createSafeFetch({
    schemes: ["http", "https"],
    ports: [port],
    unsafeAllow: ["loopback"],
    resolve: async (name) => NAMES[name] ?? [],
    timeoutMs: 2000,
    ...more,
  });

async function refusal(work: Promise<unknown>): Promise<unknown> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof EdgeError, String(error));
  return error.code === "fetch-refused" ? error.details.reason : error.code;
}

test("fetches by name, saying that name to the server it pinned", async () => {
  const response = await local()(`http://a.example:${port}/ok?x=1`, {
    headers: { Host: "forged", "X-Mine": "1" },
  });
  assert.equal(response.status, 200);
  assert.equal(new TextDecoder().decode(response.body), "ok");
  const request = seen.at(-1);
  assert.equal(request?.headers.host, `a.example:${port}`);
  assert.equal(request?.headers["x-mine"], "1");
  assert.equal(request?.headers["accept-encoding"], "identity");
});

test("asks for the address once: a name that answers differently the second time gains nothing", async () => {
  let asked = 0;
  const resolve = async () => (asked++ === 0 ? ["127.0.0.1"] : ["10.0.0.1"]);
  assert.equal((await local({ resolve })(`http://rebind.example:${port}/ok`)).status, 200);
  assert.equal(asked, 1);
});

test("one inside address among many refuses a name, and so does none", async () => {
  assert.equal(await refusal(local()(`http://both.example:${port}/`)), "address");
  assert.equal(await refusal(local()(`http://inside.example:${port}/`)), "address");
  assert.equal(await refusal(local()(`http://none.example:${port}/`)), "unresolved");
});

test("every spelling of an inside address is refused before a connection", async () => {
  const fetchSafely = createSafeFetch({
    schemes: ["http"],
    resolve: async () => assert.fail("nothing to resolve"),
  });
  const hosts = [
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[fd00:ec2::254]",
    "169.254.169.254",
    "100.64.1.1",
    "10.1.2.3",
    "①②⑦.0.0.1",
    "127.0.0.1.",
    "[fe80::1]",
    "255.255.255.255",
    "[2002:7f00:1::]",
  ];
  for (const host of hosts) {
    const reason = await refusal(fetchSafely(`http://${host}/`));
    assert.ok(reason === "address" || reason === "url", `${host}: ${reason}`);
  }
});

test("schemes, ports and credentials are judged", async () => {
  const fetchSafely = createSafeFetch();
  const cases: [string, string][] = [
    ["http://a.example/", "scheme"],
    ["file:///etc/passwd", "scheme"],
    ["gopher://a.example/", "scheme"],
    ["https://a.example:22/", "port"],
    ["https://user:pass@a.example/", "credentials"],
    ["https://@127.0.0.1/", "address"],
    ["//a.example", "url"],
    ["", "url"],
    [`https://a.example/${"a".repeat(5000)}`, "url"],
  ];
  for (const [url, reason] of cases) assert.equal(await refusal(fetchSafely(url)), reason, url);
});

test("every hop of a redirect is judged again", async () => {
  const get = (path: string) => refusal(local({ ports: [port, 80] })(`http://a.example:${port}${path}`));
  assert.equal(await get("/inside"), "address");
  assert.equal(await get("/mapped"), "address");
  assert.equal(await get("/name"), "address");
  assert.equal(await get("/file"), "scheme");
  assert.equal(await get("/port"), "port");
  assert.equal(await get("/junk"), "url");
  assert.equal(await get("/loop"), "redirects");
});

test("secrets stay with the host they were meant for; a redirected POST becomes what the standard says", async () => {
  const headers = { Authorization: "Bearer secret", Cookie: "a=b", "X-Api-Key": "k", Accept: "text/plain" };
  const { url } = await local()(`http://a.example:${port}/elsewhere`, {
    method: "POST",
    body: "hi",
    headers,
  });
  assert.equal(url, `http://b.example:${port}/ok`);
  const elsewhere = seen.at(-1);
  assert.equal(elsewhere?.method, "POST");
  assert.equal(elsewhere?.headers["content-length"], "2");
  for (const name of ["authorization", "cookie", "x-api-key"])
    assert.equal(elsewhere?.headers[name], undefined);
  assert.equal(elsewhere?.headers.accept, "text/plain");
  await local()(`http://a.example:${port}/see-other`, { method: "POST", body: "hi", headers });
  assert.equal(seen.at(-1)?.method, "GET");
  assert.equal(seen.at(-1)?.headers.authorization, "Bearer secret");
  assert.equal(seen.at(-1)?.headers["content-length"], undefined);
});

test("size and time are bounded, from the resolver to the last byte", async () => {
  assert.equal(
    await refusal(local({ maxBytes: 5000 })(`http://a.example:${port}/endless`)),
    "fetch-too-large",
  );
  for (const path of ["/silent", "/trickle"]) {
    assert.equal(
      await refusal(local({ timeoutMs: 60 })(`http://a.example:${port}${path}`)),
      "fetch-timed-out",
    );
  }
  const resolve = () => new Promise<never>(() => {});
  assert.equal(
    await refusal(local({ timeoutMs: 30, resolve })(`http://a.example:${port}/`)),
    "fetch-timed-out",
  );
  assert.equal(
    await refusal(local()(`http://a.example:${port}/`, { signal: AbortSignal.abort() })),
    "fetch-failed",
  );
});

test("a server that answers nonsense is an error of ours or an answer, never a crash", async () => {
  const nonsense = [
    "HTTP/1.1 200 OK\r\nX: \u0001\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: \u00ff\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "HTTP/1.1 302 Found\r\nLocation: \u0001\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
    `HTTP/1.1 200 OK\r\nX: ${"a".repeat(20_000)}\r\n\r\n`,
    "\u0000\u0001",
    "",
  ];
  let next = 0;
  const raw = createRawServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => socket.end(nonsense[next++] ?? "", "latin1"));
  });
  await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
  const rawPort = (raw.address() as AddressInfo).port;
  for (const _ of nonsense) {
    const outcome = await local({ ports: [rawPort] })(`http://a.example:${rawPort}/`).catch(
      (error: unknown) => error,
    );
    assert.ok(
      outcome instanceof EdgeError || (outcome as { status: number }).status === 200,
      String(outcome),
    );
  }
  raw.close();
});

test("whatever text arrives, a target that is let through is of the allowed kind", () => {
  const rules = { schemes: ["http", "https"], ports: [80, 443], kinds: ["public"] as const };
  const host = fc.oneof(
    fc.webAuthority({ withUserInfo: true, withPort: true }),
    fc.ipV4(),
    fc.ipV6().map((ip) => `[${ip}]`),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.constantFrom("http://", "https:", "//", "ftp://", ""), host, (scheme, rest) => {
      const target = readTarget(scheme + rest, rules);
      if (typeof target === "string") return;
      assert.ok(target.url.username === "" && [80, 443].includes(target.port));
      if (target.host.includes(":")) assert.notEqual(classifyAddress(target.host), null);
    }),
    { numRuns: 500 },
  );
});
