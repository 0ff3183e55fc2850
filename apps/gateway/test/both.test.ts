/** What holds on Node and on Workers alike: one table, run on both. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import type { GatewayConfig } from "../src/index.ts";
import { type Platform, platforms, type RunningPlatform } from "./platforms.ts";
import { type RunningServer, startUpstream } from "./support.ts";

const POLICY = "default-src 'self'";

interface Upstreams {
  readonly first: RunningServer;
  readonly second: RunningServer;
}

/** `name METHOD url` of what each upstream was asked, then `name whole path` or `name cut path` when its body has ended. */
type Asked = string[];

function answers(name: string, asked: Asked) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url = "", headers } = request;
    asked.push(`${name} ${method} ${url}`);
    const path = url.split("?", 1)[0] as string;
    if (path === "/dead" || (path === "/flaky" && name === "first")) return void request.socket.destroy();
    if (path === "/weak") {
      response.writeHead(200, [
        ...[
          "Content-Security-Policy",
          POLICY,
          "X-Frame-Options",
          "ALLOWALL",
          "X-Content-Type-Options",
          "sniff",
        ],
        ...[
          "Server",
          "careless/1.0",
          "Set-Cookie",
          "a=1",
          "Set-Cookie",
          "b=2",
          "Connection",
          "X-Hop",
          "X-Hop",
          "1",
        ],
      ]);
      return void response.end();
    }
    if (path === "/silent") return;
    if (path === "/away") return void response.writeHead(302, { Location: "http://elsewhere.test/" }).end();
    if (path === "/empty") return void response.writeHead(204).end();
    if (path === "/unchanged") return void response.writeHead(304, { ETag: '"1"' }).end();
    if (path === "/busy") return void response.writeHead(503).end();
    if (path === "/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      return void response.write("data: first\n\n");
    }
    const body = await text(request).catch(() => null);
    asked.push(`${name} ${body === null ? "cut" : "whole"} ${path}`);
    if (body === null) return;
    response.writeHead(201, { "Content-Type": "application/json", "X-Own": name });
    response.end(JSON.stringify({ name, method, url, headers, body }));
  };
}

/** Accepts `/ws` and sends back what comes, refuses every other handshake. */
function acceptSockets({ server }: RunningServer): void {
  server.on("upgrade", (request, socket) => {
    if (request.url !== "/ws")
      return void socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    const accept = createHash("sha1")
      .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const said = Buffer.from(`from ${request.headers["x-forwarded-for"]}`);
    socket.write(Buffer.concat([Buffer.of(0x81, said.length), said]));
    socket.on("error", () => {});
    socket.on("data", () => socket.end());
  });
}

function configFor({ first, second }: Upstreams): GatewayConfig {
  const retry = { retries: 1, budget: 1 };
  return {
    edge: {
      preset: "api",
      csrf: false,
      cors: { origins: ["https://friend.test"] },
      limits: { bodyBytes: 1000 },
      rateLimit: {
        policies: [
          { name: "default", limit: 100_000, windowSeconds: 60 },
          { name: "tight", limit: 2, windowSeconds: 60 },
        ],
      },
    },
    upstreams: {
      first: { targets: [first.url], retry, timeouts: { headersMs: 5_000 } },
      both: { targets: [first.url, second.url], retry },
      silent: { targets: [first.url], timeouts: { headersMs: 100 } },
      limited: { targets: [first.url], breaker: { minimum: 2 } },
      gone: { targets: ["http://127.0.0.1:1"], retry: { retries: 0 } },
    },
    routes: [
      { name: "admin", path: "/admin/*", deny: true },
      { name: "tight", path: "/tight", upstream: "first", rateLimit: "tight" },
      { name: "kept", path: "/weak", upstream: "first", keep: ["content-security-policy"] },
      { name: "retried", path: "/flaky", upstream: "both" },
      { name: "silent", path: "/silent", upstream: "silent" },
      { name: "limited", path: "/limited", upstream: "limited" },
      { name: "gone", path: "/gone", upstream: "gone" },
      { name: "sockets", path: "/ws", upstream: "first", webSocket: "any-client" },
      { name: "refused-sockets", path: "/ws-refused", upstream: "first", webSocket: "any-client" },
      { name: "site", path: "/site/*", upstream: "first" },
      { name: "slashes", path: "/evil.test/*", upstream: "first" },
      ...["/dead", "/away", "/empty", "/unchanged", "/busy", "/events", "/echo", "/broken"].map((path) => ({
        name: path.slice(1),
        path,
        upstream: "first",
      })),
    ],
  };
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Several parts go in chunks. */
  readonly body?: readonly string[];
}

async function ask(
  port: number,
  path: string,
  { method = "GET", headers = {}, body = [] }: Ask = {},
): Promise<Reply> {
  const sent = sendRequest({
    host: "127.0.0.1",
    port,
    path,
    method,
    headers: { ...headers, connection: "close" },
  });
  sent.on("error", () => {});
  for (const part of body.slice(0, -1)) sent.write(part);
  sent.end(body.at(-1));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

function assertHardened({ headers }: Reply): void {
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["x-frame-options"], "DENY");
  assert.match(String(headers["strict-transport-security"]), /max-age/);
  assert.match(String(headers["x-request-id"]), /^[0-9a-f-]{36}$/);
}

function assertProblem(reply: Reply, status: number, code: string): void {
  assert.equal(reply.status, status, reply.body);
  assertHardened(reply);
  assert.equal(JSON.parse(reply.body).code, code);
}

for (const platform of platforms) suite(platform);

function suite(platform: Platform): void {
  describe(`the gateway on ${platform.name}`, () => {
    const asked: Asked = [];
    let upstreams: Upstreams;
    let gateway: RunningPlatform;
    let port: number;
    before(async () => {
      upstreams = {
        first: await startUpstream(answers("first", asked)),
        second: await startUpstream(answers("second", asked)),
      };
      acceptSockets(upstreams.first);
      gateway = await platform.start(configFor(upstreams));
      port = gateway.port;
    });
    after(async () => {
      await gateway?.[Symbol.asyncDispose]();
      await upstreams.first[Symbol.asyncDispose]();
      await upstreams.second[Symbol.asyncDispose]();
    });

    test("a request and its answer pass whole, bodies in chunks too", async () => {
      for (const body of [["one part"], ["several", " ", "parts"]]) {
        const reply = await ask(port, "/echo?a=b%20c", { method: "POST", body });
        assert.equal(reply.status, 201);
        assert.equal(reply.headers["x-own"], "first");
        assertHardened(reply);
        const seen = JSON.parse(reply.body);
        assert.deepEqual([seen.method, seen.url, seen.body], ["POST", "/echo?a=b%20c", body.join("")]);
      }
    });

    test("the upstream is told who asks, and nothing the client claims", async () => {
      const reply = await ask(port, "/echo", {
        headers: {
          host: "shop.test",
          "X-Forwarded-For": "203.0.113.9",
          "X-Forwarded-Port": "1",
          X_Real_IP: "203.0.113.9",
          "X-Original-URL": "/admin",
          "X-Request-Id": "forged-by-the-client",
          Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          TE: "trailers",
          Cookie: "session=1",
        },
      });
      const { headers } = JSON.parse(reply.body);
      assert.equal(headers["x-forwarded-for"], "127.0.0.1");
      assert.equal(headers["x-forwarded-proto"], "http");
      assert.equal(headers["x-forwarded-host"], "shop.test");
      assert.equal(headers.forwarded, 'for=127.0.0.1;host="shop.test";proto=http');
      assert.equal(headers["x-request-id"], reply.headers["x-request-id"]);
      assert.equal(headers.traceparent, undefined);
      assert.equal(headers.via, "1.1 rempart");
      assert.equal(headers.cookie, "session=1");
      for (const name of ["x-forwarded-port", "x_real_ip", "x-real-ip", "x-original-url", "te"])
        assert.equal(headers[name], undefined, name);
    });

    test("what the upstream says cannot weaken an answer, but for what a route keeps", async () => {
      const reply = await ask(port, "/weak");
      assertHardened(reply);
      assert.equal(reply.headers["content-security-policy"], POLICY);
      assert.deepEqual(reply.headers["set-cookie"], ["a=1", "b=2"]);
      assert.equal(reply.headers.server, undefined);
      assert.equal(reply.headers["x-hop"], undefined);
    });

    test("redirects and answers without a body are the client's", async () => {
      const away = await ask(port, "/away");
      assert.deepEqual([away.status, away.headers.location], [302, "http://elsewhere.test/"]);
      for (const [path, status] of [
        ["/empty", 204],
        ["/unchanged", 304],
      ] as const) {
        const reply = await ask(port, path);
        assert.deepEqual([reply.status, reply.body], [status, ""]);
        assertHardened(reply);
      }
      const head = await ask(port, "/echo", { method: "HEAD" });
      assert.deepEqual([head.status, head.body], [201, ""]);
    });

    test("what the edge refuses reaches no upstream", async () => {
      const before = asked.length;
      assertProblem(await ask(port, "/admin/users"), 403, "forbidden");
      assertProblem(await ask(port, "/%61dmin"), 403, "forbidden");
      assertProblem(await ask(port, "/nowhere"), 404, "not-found");
      assertProblem(
        await ask(port, "/echo", { headers: { origin: "https://evil.test" } }),
        403,
        "origin-not-allowed",
      );
      const large = ["x".repeat(2000)];
      assertProblem(await ask(port, "/echo", { method: "POST", body: large }), 413, "body-too-large");
      assert.equal(asked.length, before);
    });

    test("a body that passes its limit while it streams is refused, and no fault of the upstream's", async () => {
      for (let i = 0; i < 4; i += 1) {
        const body = ["x".repeat(600), "x".repeat(600)];
        const reply = await ask(port, "/limited", { method: "POST", body }).catch(() => null);
        if (reply !== null || platform.name === "Node") assertProblem(reply as Reply, 413, "body-too-large");
      }
      assert.ok(
        !asked.includes("first whole /limited"),
        "the upstream took a body cut short for a whole one",
      );
      // workerd cuts a connection whose body nobody read to its end, and once more the next.
      const next = () => ask(port, "/limited");
      assert.equal((await next().catch(next)).status, 201);
    });

    test("a body that its client breaks off is broken off for the upstream too", async () => {
      const sent = sendRequest({ host: "127.0.0.1", port, path: "/broken", method: "POST" });
      sent.on("error", () => {});
      sent.write("half");
      while (!asked.includes("first POST /broken")) await new Promise((resolve) => setImmediate(resolve));
      sent.destroy();
      while (!asked.includes("first cut /broken")) {
        assert.ok(!asked.includes("first whole /broken"));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });

    test("two slashes are a path, never another host", async () => {
      for (const path of ["//evil.test/x", "/site//evil.test/"])
        assert.equal(JSON.parse((await ask(port, path)).body).url, path);
    });

    test("rate limits count", async () => {
      const statuses = [];
      for (let i = 0; i < 3; i += 1) statuses.push((await ask(port, "/tight")).status);
      assert.deepEqual(statuses, [201, 201, 429]);
    });

    test("a request that may be repeated goes to another target, any other is not repeated", async () => {
      for (let i = 0; i < 2; i += 1) assert.equal((await ask(port, "/flaky")).headers["x-own"], "second");
      const before = asked.length;
      const statuses = new Set<number>();
      for (let i = 0; i < 2; i += 1) {
        statuses.add((await ask(port, "/flaky", { method: "POST", body: ["x"] })).status);
      }
      const posts = asked.slice(before).filter((line) => line.includes(" POST "));
      assert.ok(posts.length <= 2, "a POST was repeated");
      assert.ok([...statuses].every((status) => status === 201 || status === 502));
    });

    test("an upstream that fails, is gone, breaks off, or is silent", async () => {
      assertProblem(await ask(port, "/gone"), 502, "bad-gateway");
      assertProblem(await ask(port, "/dead", { method: "POST" }), 502, "bad-gateway");
      assert.equal((await ask(port, "/busy")).status, 503);
      assertProblem(await ask(port, "/silent", { method: "POST" }), 504, "gateway-timeout");
    });

    test("an event arrives while its stream is still open", async () => {
      const sent = sendRequest({ host: "127.0.0.1", port, path: "/events" }).end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.on("error", () => {});
      const [chunk] = (await once(response, "data")) as [Buffer];
      assert.equal(String(chunk), "data: first\n\n");
      response.destroy();
    });

    test("a WebSocket opens, and the upstream knows whose it is", async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
      const [event] = (await once(socket, "message")) as [MessageEvent];
      assert.equal(event.data, "from 127.0.0.1");
      socket.close();
    });

    test("a WebSocket that is not for this path, or that the upstream refuses", async () => {
      const handshake = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      };
      const statusOf = async (path: string): Promise<number> => {
        const sent = sendRequest({ host: "127.0.0.1", port, path, headers: handshake }).end();
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        response.destroy();
        return response.statusCode ?? 0;
      };
      assert.equal(await statusOf("/echo"), 400);
      assert.equal(await statusOf("/ws-refused"), 401);
    });
  });
}
