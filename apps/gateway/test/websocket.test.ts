import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { until } from "@rempart/testing";
import { WebSocket, WebSocketServer } from "ws";
import { exchange, type RunningServer, startInFront, startRawUpstream, startUpstream } from "./support.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

async function startEcho(): Promise<RunningServer> {
  const upstream = await startUpstream((_, response) => void response.end());
  const sockets = new WebSocketServer({ server: upstream.server });
  sockets.on("connection", (socket, request) => {
    socket.send(JSON.stringify(request.headers));
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  return upstream;
}

function handshake(lines: readonly string[] = []): string {
  const always = ["GET /ws HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket", ...lines];
  const versions = lines.some((line) => line.startsWith("Sec-WebSocket-Version"))
    ? []
    : ["Sec-WebSocket-Version: 13"];
  return `${[...always, ...versions, `Sec-WebSocket-Key: ${KEY}`].join("\r\n")}\r\n\r\n`;
}

describe("a WebSocket", () => {
  test("opens through the gateway, echoes whole messages, and ends on both sides", async () => {
    await using upstream = await startEcho();
    await using gateway = await startInFront([upstream.url]);
    const socket = new WebSocket(gateway.url.replace("http", "ws"), {
      headers: { "X-Forwarded-For": "6.6.6.6", "X-Request-Id": "forged-forged" },
    });
    const messages: Buffer[] = [];
    socket.on("message", (data) => messages.push(data as Buffer));
    await until(() => messages.length === 1);
    const seen = JSON.parse(String(messages[0]));
    assert.equal(seen["x-forwarded-for"], "127.0.0.1");
    assert.notEqual(seen["x-request-id"], "forged-forged");
    const large = Buffer.alloc(1 << 20, "x");
    socket.send(large);
    await until(() => messages.length === 2);
    assert.ok(messages[1]?.equals(large));
    const closed = once(socket, "close");
    socket.close(4000);
    assert.equal((await closed)[0], 4000);
    await until(async () =>
      (await (await fetch(`${gateway.adminUrl}/metrics`)).text()).includes("tunnels_active 0"),
    );
  });

  test("finds room where idle connections take all there is", async () => {
    await using upstream = await startEcho();
    await using gateway = await startInFront([upstream.url], { upstream: { connections: 1 } });
    await fetch(gateway.url);
    const socket = new WebSocket(gateway.url.replace("http", "ws"));
    await once(socket, "message");
    socket.send("echo");
    assert.equal(String((await once(socket, "message"))[0]), "echo");
    socket.terminate();
  });

  test("frames sent with the handshake, before its answer, arrive", async () => {
    await using upstream = await startEcho();
    await using gateway = await startInFront([upstream.url]);
    const socket = connect(gateway.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    // A masked text frame "hi" (RFC 6455, 5.7) with a mask of zeros.
    socket.write(
      Buffer.concat([Buffer.from(handshake()), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]),
    );
    await until(() => text.endsWith("\u0081\u0002hi"));
    socket.destroy();
  });

  test("is refused by the edge where no route serves one, from a foreign page, and without a proper handshake", async () => {
    let asked = 0;
    await using upstream = await startEcho();
    upstream.server.on("upgrade", () => {
      asked += 1;
    });
    await using gateway = await startInFront([upstream.url], {
      routes: [
        { name: "ws", path: "/ws", upstream: "service", webSocket: "browser" },
        { name: "all", path: "/*", upstream: "service" },
      ],
    });
    const statusOf = async (bytes: string): Promise<string> =>
      (await exchange(gateway.port, bytes)).slice(9, 12);
    assert.equal(await statusOf(handshake()), "403");
    assert.equal(await statusOf(handshake(["Origin: https://evil.test"])), "403");
    assert.equal(await statusOf(handshake(["Origin: http://a"]).replace("/ws", "/other")), "400");
    assert.equal(await statusOf(handshake(["Origin: http://a", "Sec-WebSocket-Version: 777"])), "400");
    assert.equal(asked, 0);
  });

  test("opens only when the upstream read this very handshake, and keeps the status of a refusal", async () => {
    const proof = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const accepted = `HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`;
    for (const [answer, status] of [
      [accepted.replace(proof, "AAAA"), "502"],
      [accepted.replace("Upgrade: websocket", "Upgrade: h2c"), "502"],
      ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "502"],
      ["HTTP/1.1 426 x\r\nContent-Length: 0\r\n\r\n", "426"],
      ["HTTP/1.1 401 x\r\nContent-Length: 3\r\n\r\nno!", "401"],
    ] as const) {
      await using upstream = await startRawUpstream((socket) => void socket.write(answer));
      await using gateway = await startInFront([upstream.url]);
      const text = await exchange(gateway.port, handshake());
      assert.equal(text.slice(9, 12), status, answer);
      assert.match(text, /\r\nX-Content-Type-Options: nosniff\r\n/);
    }
  });
});
