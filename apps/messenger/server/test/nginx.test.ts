/** The nginx configuration of `ops/nginx`, in front of a server behind the edge. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { createEdge, EDGE_PROBLEMS, type Problem, problemBody, SSE_HEADERS } from "@rempart/edge";
import { createEdgeServer, type NodeHandler } from "@rempart/edge/node";
import { requireService } from "@rempart/testing";
import { API, type Reply, SITE, startProxy, type TestProxy } from "./support/nginx.ts";

const { skip } = await requireService("nginx");
const MAX_BODY_BYTES = 50 * 1024 * 1024;

/** A server behind the edge that says what it was told. */
async function startServer() {
  const edge = createEdge({
    preset: "api",
    proxies: { hops: 1 },
    hosts: [SITE, API],
    csrf: false,
    rateLimit: false,
    limits: { bodyBytes: MAX_BODY_BYTES },
  });
  const asked: string[] = [];
  const handler: NodeHandler = async (request, response, { client }) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.url === "/api/events") {
      response.writeHead(200, SSE_HEADERS);
      response.write("data: first\n\n");
      return;
    }
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ address: client.text, headers: request.headers, bytes }));
  };
  const server = createEdgeServer(edge, { handler });
  const port = await listening(server);
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port, asked, close };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** An answer of nginx's own reads as one of the server's. */
function assertProblem({ status, headers, body }: Reply, problem: Problem): void {
  assert.equal(status, problem.status, body);
  assert.equal(headers["content-type"], "application/problem+json");
  assert.deepEqual(JSON.parse(body), JSON.parse(problemBody(problem, String(headers["x-request-id"]))));
  const { "strict-transport-security": transport, ...others } = headers;
  assert.equal(transport, "max-age=63072000; includeSubDomains");
  assert.equal(others["x-content-type-options"], "nosniff");
  assert.equal(others["x-frame-options"], "DENY");
  assert.equal(others["cache-control"], "no-store");
  assert.match(String(others["content-security-policy"]), /default-src 'none'/);
}

test("the site listens on IPv6 as it does on IPv4", () => {
  const site = readFileSync(new URL("../../../../ops/nginx/secure-messenger.conf", import.meta.url), "utf8");
  const listens = (prefix: RegExp) => [...site.matchAll(prefix)].map(([, what]) => what);
  assert.deepEqual(listens(/listen \[::\]:(.*);/g), listens(/listen (\d.*);/g));
});

describe("nginx in front of a server", { skip }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let proxy: TestProxy;
  before(async () => {
    server = await startServer();
    proxy = await startProxy({ upstream: server.port });
  });
  after(async () => {
    await proxy?.[Symbol.asyncDispose]();
    server?.close();
  });

  test("the server knows the client and how it came, whatever the client claims", async () => {
    const { body } = await proxy.ask("/api/whoami", {
      headers: {
        "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
        "X-Real-IP": "203.0.113.9",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        X_Forwarded_For: "203.0.113.9",
        Forwarded: "for=203.0.113.9",
      },
    });
    const { address, headers } = JSON.parse(body);
    assert.equal(address, "127.0.0.1");
    assert.equal(headers["x-forwarded-for"], "203.0.113.9, 198.51.100.7, 127.0.0.1");
    assert.equal(headers["x-real-ip"], "127.0.0.1");
    assert.equal(headers["x-forwarded-proto"], "https");
    assert.equal(headers["x-forwarded-host"], SITE);
    for (const name of ["forwarded", "x-forwarded-port", "x_forwarded_for"])
      assert.equal(headers[name], undefined);
  });

  test("what the administration listener serves cannot be reached, however it is written", async () => {
    const before = server.asked.length;
    const written = [
      "/metrics",
      "/%6detrics",
      "//metrics",
      "/x/../metrics",
      "/metrics/?a",
      "/admin",
      "/admin/x",
    ];
    for (const host of [SITE, API])
      for (const path of written) assertProblem(await proxy.ask(path, { host }), EDGE_PROBLEMS.denied);
    assert.equal(server.asked.length, before);
  });

  test("the name of the API serves the API alone", async () => {
    assert.equal((await proxy.ask("/api/v1/anything", { host: API })).status, 200);
    assert.equal((await proxy.ask("/health/live", { host: API })).status, 200);
    assertProblem(await proxy.ask("/", { host: API }), EDGE_PROBLEMS.notFound);
    assertProblem(await proxy.ask("/rempart-problem", { host: API }), EDGE_PROBLEMS.notFound);
  });

  test("a body of 50 MB passes, one more byte does not", async () => {
    const body = Buffer.alloc(MAX_BODY_BYTES);
    const fits = await proxy.ask("/api/media", { method: "POST", body });
    assert.equal(JSON.parse(fits.body).bytes, MAX_BODY_BYTES);
    const before = server.asked.length;
    const refused = await proxy.ask("/api/media", { method: "POST", body: Buffer.alloc(MAX_BODY_BYTES + 1) });
    assertProblem(refused, EDGE_PROBLEMS.bodyTooLarge);
    assert.equal(server.asked.length, before);
  });

  test("what nginx refuses itself is refused in the server's words", async () => {
    assertProblem(await proxy.ask(`/${"x".repeat(17_000)}`), EDGE_PROBLEMS.targetTooLong);
    const large = { headers: { "X-Large": "x".repeat(9000) } };
    assertProblem(await proxy.ask("/", large), EDGE_PROBLEMS.headersTooLarge);
    assertProblem(await proxy.ask("/api/%zz"), EDGE_PROBLEMS.badRequest);
    assertProblem(await proxy.ask("/", { method: "TRACE" }), EDGE_PROBLEMS.method);
  });

  test("an upgrade to anything but a WebSocket goes no further", async () => {
    const headers = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABk" };
    const seen = JSON.parse((await proxy.ask("/api/x", { headers })).body).headers;
    assert.equal(seen.upgrade, undefined);
    assert.equal(seen.connection, undefined);
  });

  test("an event arrives while its stream is still open", async () => {
    const socket = connectTls({ host: "127.0.0.1", port: proxy.port, servername: SITE, ca: proxy.ca });
    socket.write(`GET /api/events HTTP/1.1\r\nHost: ${SITE}\r\n\r\n`);
    let text = "";
    for await (const chunk of socket) {
      text += chunk;
      if (text.includes("data: first")) break;
    }
    assert.match(text, /data: first/);
  });

  test("the log names a request as the server does, without its query", async () => {
    const { headers } = await proxy.ask("/api/logged?ticket=secret");
    const id = `"requestId":"${headers["x-request-id"]}"`;
    while (!proxy.log().includes(id)) await new Promise((resolve) => setImmediate(resolve));
    const line =
      proxy
        .log()
        .split("\n")
        .find((candidate) => candidate.includes(id)) ?? "";
    const { path, status, address } = JSON.parse(line);
    assert.deepEqual({ path, status, address }, { path: "/api/logged", status: 200, address: "127.0.0.1" });
    assert.doesNotMatch(proxy.log(), /secret/);
  });

  test("TLS 1.2 with forward secrecy at least, and only for our names", async () => {
    const handshake = (options: object): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectTls({ host: "127.0.0.1", port: proxy.port, ca: proxy.ca, ...options });
        socket.on("secureConnect", () => {
          resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
          socket.destroy();
        });
        socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    assert.match(await handshake({ servername: SITE }), /^TLSv1\.3 /);
    assert.match(await handshake({ servername: API, maxVersion: "TLSv1.2" }), /^TLSv1\.2 ECDHE-.*GCM/);
    const weak = { servername: SITE, ciphers: "AES128-SHA:@SECLEVEL=0", maxVersion: "TLSv1.2" };
    assert.match(await handshake(weak), /HANDSHAKE_FAILURE/);
    const old = { servername: SITE, minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" };
    assert.match(await handshake(old), /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
    assert.match(await handshake({ servername: "other.example" }), /UNRECOGNIZED_NAME/);
  });

  test("another Host on our certificate gets no answer", async () => {
    const socket = connectTls({ host: "127.0.0.1", port: proxy.port, servername: SITE, ca: proxy.ca });
    socket.write("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    assert.equal(await everything(socket), "");
  });

  test("plain http leads to https on the same name of ours, or nowhere", async () => {
    const ask = (host: string) => {
      const socket = connectTcp(proxy.plainPort, "127.0.0.1");
      socket.write(`GET /a?b=c HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      return everything(socket);
    };
    assert.match(
      await ask(API),
      /^HTTP\/1\.1 308 .*\r\nLocation: https:\/\/api\.secure-messenger\.app\/a\?b=c\r\n/s,
    );
    assert.equal(await ask("evil.example"), "");
  });
});

async function everything(socket: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

test("a flood is refused by network, an IPv6 customer's whole /64 together", { skip }, async () => {
  const server = createServer((_request, response) => response.end());
  const port = await listening(server);
  // Stands for clients of these addresses: only one is at hand.
  const before = "set_real_ip_from 127.0.0.1; real_ip_header X-Stand-In;\n";
  await using proxy = await startProxy({ upstream: port, before });
  const from = (network: string, count: number) =>
    flood(
      proxy,
      Array.from({ length: count }, (_, i) => `${network}:${i.toString(16)}`),
    );
  assert.ok((await from("2001:db8:0:1::1", 600)).has(429));
  assert.deepEqual([...(await from("2001:db8:0:2::1", 1))], [200]);
  server.close();
  server.closeAllConnections();
});

/** One request for each address, all on one connection at once; the statuses that came back. */
async function flood(proxy: TestProxy, addresses: readonly string[]): Promise<Set<number>> {
  const socket = connectTls({ host: "127.0.0.1", port: proxy.port, servername: SITE, ca: proxy.ca });
  addresses.forEach((address, i) => {
    const last = i === addresses.length - 1 ? "Connection: close\r\n" : "";
    socket.write(`GET / HTTP/1.1\r\nHost: ${SITE}\r\nX-Stand-In: ${address}\r\n${last}\r\n`);
  });
  const text = await everything(socket);
  return new Set([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status)));
}
