/** What only a server of our own can answer: bytes that are no request, slow ones, upgrades, expectations. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { createEdgeServer, nodeHandler } from "../src/adapters/node.ts";
import { createEdge, EdgeError, type Outcome } from "../src/index.ts";
import type { Running } from "./application.ts";
import { assertHardened, assertProblem } from "./hardened.ts";
import { raw, request } from "./raw.ts";
import { nodeSubject } from "./subjects.ts";

const unlimited = { policies: [{ name: "default", limit: 1_000_000, windowSeconds: 60 }] };

describe("the node adapter's server", () => {
  const outcomes: Outcome[] = [];
  let server: Running;
  before(async () => {
    server = await nodeSubject.start({
      rateLimit: unlimited,
      observers: [{ settled: (outcome) => void outcomes.push(outcome) }],
    });
  });
  after(() => server.close());

  test("bytes that are no request get 400 with every header, and observers hear of it", async () => {
    for (const bytes of [
      "garbage\r\n\r\n",
      "\u0016\u0003\u0001",
      "GET / HTTP/9.9\r\n\r\n",
      "GET /\u0000 HTTP/1.1\r\n\r\n",
    ]) {
      const answer = await raw(server.port, bytes);
      assertProblem(answer, 400, "bad-request");
      assert.equal(answer.headers.get("connection"), "close");
    }
    const early = outcomes.find((outcome) => outcome.code === "bad-request");
    assert.equal(early?.address, "127.0.0.1");
    assert.equal(early?.status, 400);
  });

  test("requests that could be smuggled are refused", async () => {
    const head = "POST /echo HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\n";
    for (const lines of [
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 4\r\nContent-Length: 5\r\n",
      "Content-Length: +4\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Transfer-Encoding : chunked\r\n",
      " folded: yes\r\n",
    ]) {
      const answer = await raw(server.port, `${head}${lines}\r\n0\r\n\r\n`);
      assert.equal(answer.status, 400, lines);
      assertHardened(answer);
    }
  });

  test("exactly one Host", async () => {
    assertProblem(await raw(server.port, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), 400, "missing-host");
    const two = await raw(server.port, "GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\nConnection: close\r\n\r\n");
    assertProblem(two, 400, "missing-host");
  });

  test("header fields too large get 431 with every header", async () => {
    const answer = await raw(server.port, request("GET /hello", { "X-Large": "x".repeat(6000) }));
    assertProblem(answer, 431, "headers-too-large");
  });

  test("a tunnel, an unknown expectation, an absolute target", async () => {
    assertProblem(await raw(server.port, request("CONNECT a.test:443")), 405, "method-not-allowed");
    const expectation = await raw(server.port, request("GET /hello", { Expect: "the-impossible" }));
    assertProblem(expectation, 417, "expectation-failed");
    assertProblem(await raw(server.port, request("GET http://a.test/hello")), 400, "malformed-target");
  });

  test("100 Continue is sent for an admitted request only", async () => {
    const expecting = { Expect: "100-continue", "Content-Length": "2", "Sec-Fetch-Site": "same-origin" };
    const admitted = await raw(server.port, request("POST /echo", expecting), { more: ["ok"] });
    assert.match(admitted.text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
    const refused = await raw(server.port, request("POST /echo", { ...expecting, "Content-Length": "9999" }));
    assertProblem(refused, 413, "body-too-large");
  });

  test("upgrades are refused on the bare socket with every header, or handed over", async () => {
    const upgrade = { Connection: "Upgrade", Upgrade: "websocket", Origin: "http://app.example.com" };
    const accepted = await raw(server.port, request("GET /ws", upgrade));
    assert.equal(accepted.status, 101);
    const seen = accepted.headers.get("x-seen");
    assert.equal(outcomes.find(({ requestId }) => requestId === seen)?.status, 101);
    const foreign = await raw(server.port, request("GET /ws", { ...upgrade, Origin: "https://evil.test" }));
    assertProblem(foreign, 403, "origin-not-allowed");
    assertProblem(await raw(server.port, request("GET /hello", upgrade)), 400, "upgrade-refused");
    assertProblem(await raw(server.port, request("GET /metrics", upgrade)), 403, "forbidden");
  });

  test("an upgrade to anything but a WebSocket is an ordinary request", async () => {
    const answer = await raw(
      server.port,
      request("GET /hello", { Connection: "Upgrade, close", Upgrade: "h2c" }),
    );
    assert.equal(answer.status, 200);
    assertHardened(answer);
  });

  test("nothing behind a request that ends its connection is carried out", async () => {
    const next = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    const passed = () =>
      outcomes.filter(({ path, verdict }) => path === "/hello" && verdict === "pass").length;
    const before = passed();
    assertProblem(await raw(server.port, `GET /hello HTTP/1.1\r\n\r\n${next}`), 400, "missing-host");
    const absolute = "GET http://a.test/hello HTTP/1.1\r\nHost: a\r\n\r\n";
    assertProblem(await raw(server.port, absolute + next), 400, "malformed-target");
    const { status, text } = await raw(server.port, request("GET /nowhere") + next);
    assert.equal(status, 404);
    assert.equal(text.split("HTTP/1.1 ").length, 2);
    assert.equal(passed(), before);
  });

  test("a declined upgrade ends its connection: what follows cannot be taken apart by where a packet ends", async () => {
    const declined = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    const hidden = "GET /nowhere HTTP/1.1\r\nX: ";
    const smuggled = "GET /conflict HTTP/1.1\r\nHost: a\r\n\r\n";
    const answer = await raw(server.port, declined + hidden, { more: [smuggled] });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("connection"), "close");
    assert.equal(answer.text.split("HTTP/1.1 ").length, 2);
    assert.equal(outcomes.filter(({ path }) => path === "/conflict").length, 0);
  });

  test("whatever bytes arrive, the server lives and every answer is hardened", async () => {
    const token = fc.constantFrom(
      "GET",
      "POST",
      " ",
      "/",
      "/ws",
      "HTTP/1.1",
      "\r\n",
      ":",
      "Host: a",
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Content-Length: 3",
      "Transfer-Encoding: chunked",
      "\u0000",
      "%",
      "Origin: null",
      "Cookie: a=b;",
      "5\r\nabcde\r\n",
    );
    const bytes = fc.oneof(
      fc.array(token, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(""), "latin1")),
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc
        .array(token, { maxLength: 15 })
        .map((parts) => Buffer.from(`GET ${parts.join("")} HTTP/1.1\r\n${parts.join("\r\n")}\r\n\r\n`)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const answer = await abandon(server.port, sent);
        for (const head of answer.split("HTTP/1.1 ").slice(1)) {
          if (head.startsWith("101") || head.startsWith("100")) continue;
          assert.match(head, /\r\nX-Content-Type-Options: nosniff\r\n/);
          assert.ok(!head.startsWith("5"), `${JSON.stringify(sent.toString("latin1"))} got ${head}`);
        }
      }),
      { numRuns: 500 },
    );
    assert.equal((await raw(server.port, request("GET /hello"))).status, 200);
  });
});

/** Sends bytes and ends the sending half; resolves with what came back. */
function abandon(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
}

test("headers and bodies that come too slowly get 408 with every header", async () => {
  const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200, keepAliveTimeoutMs: 1000 };
  const server = await nodeSubject.start({ limits, rateLimit: unlimited });
  try {
    assertProblem(await raw(server.port, "GET / HTTP/1.1\r\nHost: a\r\n"), 408, "request-timeout");
    const slowBody = { "Content-Length": "10", "Sec-Fetch-Site": "same-origin" };
    assertProblem(await raw(server.port, request("POST /echo", slowBody, "abc")), 408, "request-timeout");
  } finally {
    await server.close();
  }
});

test("garbage behind a request that waits is not mistaken for its answer", async () => {
  const edge = createEdge({ preset: "strict" });
  const server = createEdgeServer(edge, { handler: () => new Promise(() => {}) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const waiting = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
  const chunked =
    "POST /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nSec-Fetch-Site: none\r\n\r\n";
  assert.equal((await raw(port, `${waiting}GARBAGE\r\n\r\n`)).text, "", "closed without an answer");
  const broken = await raw(port, chunked, { more: ["ZZ\r\n"] });
  assertProblem(broken, 400, "bad-request");
  server.close();
});

test("an upgrade behind a request that waits is not carried out", async () => {
  let upgrades = 0;
  const edge = createEdge({
    preset: "strict",
    routes: [{ name: "ws", path: "/ws", webSocket: "any-client" }],
  });
  const server = createEdgeServer(edge, {
    handler: () => new Promise(() => {}),
    onUpgrade: () => {
      upgrades += 1;
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const { text } = await raw(port, `GET /hello HTTP/1.1\r\nHost: a\r\n\r\n${upgrade}`);
  assert.deepEqual([text, upgrades], ["", 0], "closed without an answer");
  server.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Serves one handler behind the edge, on a plain server, and asks it once. */
async function askOnce(
  handler: Answer,
  bytes = request("GET /"),
): Promise<{ answer: Awaited<ReturnType<typeof raw>>; outcome: Outcome }> {
  let settle: (outcome: Outcome) => void = () => {};
  const settled = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const edge = createEdge({ preset: "strict", observers: [{ settled: settle }] });
  const server = createServer(nodeHandler(edge, handler));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    return { answer: await raw(port, bytes), outcome: await settled };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe("every way a handler can answer carries the headers", () => {
  const ways: Record<string, Answer> = {
    "end alone": (_, response) => response.end("x"),
    "status and setHeader": (_, response) => {
      response.statusCode = 201;
      response.setHeader("X-Frame-Options", "ALLOWALL").setHeader("Set-Cookie", ["a=1", "b=2"]).end("x");
    },
    "writeHead with a reason": (_, response) => response.writeHead(200, "Fine", { "X-Mine": "1" }).end("x"),
    "writeHead with a list": (_, response) =>
      response.writeHead(200, ["X-Mine", "1", "X-Frame-Options", "no"]).end("x"),
    "setHeader then writeHead": (_, response) => {
      response.setHeader("Vary", "Accept");
      response.setHeader("Content-Length", "1");
      response.writeHead(200, { "x-content-type-options": "sniff" }).end("x");
    },
    "setHeaders with a map": (_, response) =>
      response.setHeaders(new Map([["Referrer-Policy", "unsafe-url"]])).end("x"),
    "flushHeaders and writes": (_, response) => {
      response.flushHeaders();
      response.write("x");
      response.end();
    },
  };
  for (const [name, handler] of Object.entries(ways)) {
    test(name, async () => {
      const { answer, outcome } = await askOnce(handler);
      assertHardened(answer);
      assert.equal(answer.headers.get("x-frame-options"), "DENY");
      assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
      assert.equal(outcome.status, answer.status);
      assert.equal(outcome.aborted, false);
    });
  }
});

test("a handler that fails half way leaves no answer that looks whole", async () => {
  const { answer, outcome } = await askOnce((_, response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("half");
    throw new Error("disk full");
  });
  assert.ok(answer.body.length < 100);
  assert.doesNotMatch(answer.text, /internal-error/);
  assert.equal(outcome.aborted, true);
  assert.match(String(outcome.cause), /disk full/);
});

test("a handler that fails after its answer changes nothing", async () => {
  const { answer, outcome } = await askOnce(async (_, response) => {
    response.end("done");
    throw new Error("too late");
  });
  assert.match(answer.body, /done/);
  assert.equal(outcome.status, 200);
});

test("headers a failing handler had set do not reach the problem document", async () => {
  const { answer } = await askOnce((_, response) => {
    response.setHeader("Set-Cookie", "session=half-made");
    response.setHeader("Content-Type", "text/html");
    throw new Error("x");
  });
  assertProblem(answer, 500, "internal-error");
  assert.equal(answer.headers.get("set-cookie"), null);
});

test("whoever reads a body past its limit gets an error, whatever they then write is dropped", async () => {
  let seen: unknown;
  const handler: Answer = async (request, response) => {
    try {
      for await (const _ of request);
    } catch (error) {
      seen = error;
    }
    response.statusCode = 200;
    response.end("as if nothing happened");
  };
  const edge = createEdge({ preset: "strict", limits: { bodyBytes: 10 } });
  const server = createEdgeServer(edge, { handler });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const head = request("POST /", { "Transfer-Encoding": "chunked", "Sec-Fetch-Site": "same-origin" });
  const answer = await raw(port, head, { more: ["14\r\n01234567890123456789\r\n", "0\r\n\r\n"] });
  server.close();
  assertProblem(answer, 413, "body-too-large");
  assert.ok(seen instanceof EdgeError && seen.code === "body-too-large", String(seen));
});
