/** What passes through a real gateway, in both directions, while it is still being sent. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request as sendRequest } from "node:http";
import { connect } from "node:net";
import { Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "@rempart/testing";
import { bodyOf, exchange, startInFront, startRawUpstream, startUpstream } from "./support.ts";

describe("answers", () => {
  test("the first piece arrives before the last is made", async () => {
    let finish = (): void => {};
    await using upstream = await startUpstream((_, response) => {
      response.write("first");
      finish = () => response.end("last");
    });
    await using gateway = await startInFront([upstream.url]);
    const answer = await fetch(gateway.url);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "first");
    finish();
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), "last");
    assert.equal((await reader.read()).done, true);
  });

  test("a head without a body yet is passed on at once", async () => {
    await using upstream = await startUpstream((_, response) => void response.writeHead(200).flushHeaders());
    await using gateway = await startInFront([upstream.url]);
    const answer = await fetch(gateway.url);
    assert.equal(answer.status, 200);
    await answer.body?.cancel();
  });

  test("an event stream arrives event by event, however long it is silent", async () => {
    let send = (_: string): void => {};
    await using upstream = await startUpstream((_, response) => {
      response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
      send = (event) => void response.write(`data: ${event}\n\n`);
      send("0");
    });
    await using gateway = await startInFront([upstream.url], { upstream: { timeouts: { idleMs: 50 } } });
    const answer = await fetch(gateway.url);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    for (const event of ["0", "1", "2"]) {
      assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), `data: ${event}\n\n`);
      await sleep(300);
      send(String(Number(event) + 1));
    }
    await reader.cancel();
    await until(() => gateway.outcomes.length === 0 || gateway.outcomes[0]?.status === 200);
  });

  test("any other body that falls silent is cut", async () => {
    await using upstream = await startUpstream((_, response) => void response.write("first"));
    await using gateway = await startInFront([upstream.url], { upstream: { timeouts: { idleMs: 50 } } });
    const answer = await fetch(gateway.url);
    await assert.rejects(answer.text());
  });

  test("HEAD, 204 and 304 have no body, and HEAD the length of the one it does not send", async () => {
    await using upstream = await startUpstream((request, response) => {
      const status = Number(request.url?.slice(1));
      response.writeHead(status, status === 204 ? {} : { "Content-Length": "5", ETag: '"1"' });
      response.end(status === 200 ? "hello" : undefined);
    });
    await using gateway = await startInFront([upstream.url]);
    const texts = [];
    for (const line of ["HEAD /200", "GET /204", "GET /304", "GET /200"]) {
      texts.push(await exchange(gateway.port, `${line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
    }
    const bodies = texts.map((text) => text.slice(text.indexOf("\r\n\r\n") + 4));
    assert.deepEqual(bodies, ["", "", "", "hello"]);
    assert.match(texts[0] as string, /\r\nContent-Length: 5\r\n/);
    assert.doesNotMatch(texts[1] as string, /content-length|transfer-encoding/i);
  });

  test("an answer that ends with its connection ends the body, and the client's connection goes on", async () => {
    await using upstream = await startRawUpstream(
      (socket) => void socket.write("HTTP/1.0 200 OK\r\n\r\nfirst", () => socket.end("last")),
    );
    await using gateway = await startInFront([upstream.url]);
    const ask = "GET / HTTP/1.1\r\nHost: a\r\n";
    const text = await exchange(gateway.port, `${ask}\r\n${ask}Connection: close\r\n\r\n`);
    assert.equal(text.split("HTTP/1.1 200 OK").length, 3);
    assert.equal(text.replaceAll(/\r\n[0-9a-f]+\r\n/g, "").split("firstlast").length, 3, text);
  });

  test("cookies stay on lines of their own, trailers pass, the software's name does not", async () => {
    await using upstream = await startUpstream((_, response) => {
      response.writeHead(200, {
        "Set-Cookie": ["a=1; Path=/", "b=2"],
        Trailer: "X-Sum",
        Server: "secret/1.0",
      });
      response.write("body");
      response.addTrailers({ "X-Sum": "42", "Set-Cookie": "late=1", "X-Parts": "1" });
      response.end();
    });
    await using gateway = await startInFront([upstream.url]);
    const request = sendRequest(gateway.url).end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    await bodyOf(answer);
    assert.deepEqual(answer.headers["set-cookie"], ["a=1; Path=/", "b=2"]);
    assert.equal(answer.headers.server, undefined);
    assert.deepEqual(answer.trailers, { "x-sum": "42", "x-parts": "1" });
  });

  test("interim answers end here: the client sees the final one alone", async () => {
    await using upstream = await startRawUpstream((socket) =>
      socket.write(
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
      ),
    );
    await using gateway = await startInFront([upstream.url]);
    const text = await exchange(gateway.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.doesNotMatch(text, / 103 |preload/);
  });

  test("the edge's headers win, a kept one is the upstream's where it sends one", async () => {
    await using upstream = await startUpstream((request, response) => {
      if (request.url === "/own") response.setHeader("Content-Security-Policy", "default-src 'self'");
      response.setHeader("X-Frame-Options", "ALLOWALL");
      response.end();
    });
    await using gateway = await startInFront([upstream.url], {
      routes: [{ name: "all", path: "/*", upstream: "service", keep: ["content-security-policy"] }],
    });
    const [own, other] = await Promise.all([fetch(`${gateway.url}/own`), fetch(`${gateway.url}/other`)]);
    assert.equal(own.headers.get("content-security-policy"), "default-src 'self'");
    assert.match(other.headers.get("content-security-policy") ?? "", /^default-src 'none'; base-uri 'none'/);
    assert.equal(own.headers.get("x-frame-options"), "DENY");
    assert.equal(own.headers.get("x-content-type-options"), "nosniff");
  });
});

describe("large bodies", () => {
  const PIECE = randomBytes(1 << 20);
  const PIECES = 256;

  test("256 MiB each way, whole, and never more than a part of it on the way", async () => {
    const down = new Journey();
    const up = new Journey();
    await using upstream = await startUpstream(async (request, response) => {
      if (request.method === "GET") return pipeline(pieces(), down.begin(), response);
      response.end(await up.arrive(request));
    });
    await using gateway = await startInFront([upstream.url]);
    const expected = createHash("sha256");
    for (const piece of Array(PIECES).fill(PIECE)) expected.update(piece);
    const digest = expected.digest("hex");

    const request = sendRequest(gateway.url).end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    assert.equal(await down.arrive(answer), digest);

    const upload = sendRequest(gateway.url, { method: "PUT" });
    const uploaded = once(upload, "response") as Promise<[IncomingMessage]>;
    await pipeline(pieces(), up.begin(), upload);
    assert.equal((await bodyOf((await uploaded)[0])).toString(), digest);
    for (const { most } of [down, up]) assert.ok(most < 64 * PIECE.length, `${most} bytes were on the way`);
  });

  test("a client that does not read stops the upstream, which may go on when it does", async () => {
    let sent = 0;
    await using upstream = await startUpstream(async (_, response) => {
      for (let i = 0; i < 64; i += 1) {
        if (!response.write(PIECE)) await once(response, "drain");
        sent += 1;
      }
      response.end();
    });
    await using gateway = await startInFront([upstream.url]);
    const socket = connect(gateway.port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    socket.pause();
    await sleep(300);
    const held = sent;
    assert.ok(held < 32, `${held} MiB went to a client that does not read`);
    let received = 0;
    socket.on("data", (chunk) => {
      received += chunk.length;
    });
    socket.resume();
    await once(socket, "close");
    assert.ok(received > 64 * (1 << 20));
  });

  test("a client that never reads is cut", async () => {
    await using upstream = await startUpstream((_, response) => void stream(response));
    await using gateway = await startInFront([upstream.url], { upstream: { timeouts: { idleMs: 100 } } });
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    socket.pause();
    await until(async () => {
      const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
      return /gateway_target_requests_active\{.*\} 0/.test(metrics);
    });
    socket.destroy();
  });

  async function stream(out: Writable): Promise<void> {
    await pipeline(pieces(), out).catch(() => {});
  }

  function pieces(): Readable {
    return Readable.from(Array(PIECES).fill(PIECE));
  }

  /** Counts what has begun its way and not ended it: the gateway holds that, or the sockets around it. */
  class Journey {
    most = 0;
    #under = 0;

    begin(): Transform {
      return new Transform({
        transform: (part: Buffer, _, pass) => {
          this.#under += part.length;
          this.most = Math.max(this.most, this.#under);
          pass(null, part);
        },
      });
    }

    async arrive(body: IncomingMessage): Promise<string> {
      const hash = createHash("sha256");
      for await (const part of body) {
        this.#under -= (part as Buffer).length;
        hash.update(part as Buffer);
      }
      return hash.digest("hex");
    }
  }
});

describe("requests", () => {
  test("a body without a length, with one, of nothing; the method and the target as sent", async () => {
    await using upstream = await startUpstream(async (request, response) => {
      const { method, url, headers } = request;
      const framing = [headers["content-length"], headers["transfer-encoding"]];
      response.end(JSON.stringify([method, url, ...framing, (await bodyOf(request)).toString()]));
    });
    await using gateway = await startInFront([upstream.url]);
    const send = async (init: RequestInit): Promise<unknown> =>
      (await fetch(`${gateway.url}/a%2Fb//c?x=%20%2e`, { method: "POST", ...init })).json();
    const target = "/a%2Fb//c?x=%20%2e";
    assert.deepEqual(await send({ body: "hello" }), ["POST", target, "5", null, "hello"]);
    const streamed = { body: new Blob(["hello"]).stream(), duplex: "half" } as RequestInit;
    assert.deepEqual(await send(streamed), ["POST", target, null, "chunked", "hello"]);
    assert.deepEqual(await send({}), ["POST", target, "0", null, ""]);
    assert.deepEqual(await send({ method: "DELETE" }), ["DELETE", target, null, null, ""]);
  });

  test("a body is asked for once the edge admits it, and counted as it streams", async () => {
    await using upstream = await startUpstream((request, response) => {
      bodyOf(request).then(({ length }) => response.end(String(length)), response.destroy.bind(response));
    });
    await using gateway = await startInFront([upstream.url], {
      routes: [{ name: "all", path: "/*", upstream: "service", bodyBytes: 10 }],
    });
    const head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    const expected = await exchange(
      gateway.port,
      `${head}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nok`,
    );
    assert.match(expected, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*\r\n\r\n2$/);
    const long = await exchange(
      gateway.port,
      `${head}Transfer-Encoding: chunked\r\n\r\n14\r\n${"x".repeat(20)}\r\n`,
    );
    assert.match(long, /^HTTP\/1\.1 413 /);
  });

  test("an answer before the request's end is passed on, and the connection not used again", async () => {
    let connections = 0;
    await using upstream = await startUpstream((request, response) => {
      if (request.method === "POST") response.writeHead(403, { Connection: "keep-alive" });
      response.end("early");
    });
    upstream.server.on("connection", () => {
      connections += 1;
    });
    await using gateway = await startInFront([upstream.url]);
    const request = sendRequest(gateway.url, { method: "POST", headers: { "Content-Length": "100" } });
    request.write("begun");
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    assert.equal(answer.statusCode, 403);
    assert.equal((await bodyOf(answer)).toString(), "early");
    request.on("error", () => {});
    request.destroy();
    assert.equal(await (await fetch(gateway.url)).text(), "early");
    assert.equal(connections, 2);
  });

  test("a client that leaves takes its upstream request with it", async () => {
    let arrived = false;
    let gone = false;
    await using upstream = await startUpstream((request) => {
      arrived = true;
      request.socket.on("close", () => {
        gone = true;
      });
    });
    await using gateway = await startInFront([upstream.url]);
    const request = sendRequest(gateway.url, { method: "POST" });
    request.on("error", () => {});
    request.write("begun");
    await until(() => arrived);
    request.destroy();
    await until(() => gone);
  });
});
