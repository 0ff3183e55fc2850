/** Over real sockets: whatever fields a client sends, what reaches the upstream says nothing forged, and nothing more than once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { exchange, startInFront, startRawUpstream } from "./support.ts";

const NAMES = [
  "Connection",
  "X-Forwarded-For",
  "X_Forwarded_For",
  "x-forwarded-host",
  "X-Forwarded-Proto",
  "Forwarded",
  "X-Real-IP",
  "X-Request-Id",
  "Keep-Alive",
  "Proxy-Connection",
  "Proxy-Authorization",
  "TE",
  "Trailer",
  "Upgrade",
  "Via",
  "Proxy",
  "X-Custom",
];
const VALUES = [
  "6.6.6.6",
  "for=6.6.6.6",
  "close",
  "X-Custom",
  "x-forwarded-for, te",
  "h2c",
  "a\tb",
  "evil",
  'q="\\"',
];
const ENDINGS = ["\r\n", "\n", "\r", "\r\n ", "\0\r\n", "\r\r\n"];

test("no forged claim, no field of the connection, no line of its own making gets through", async () => {
  let received = "";
  await using upstream = await startRawUpstream((socket, bytes) => {
    received += bytes;
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  await using gateway = await startInFront([upstream.url], { upstream: { breaker: { minimum: 1_000_000 } } });
  const line = fc.tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom(...VALUES),
    fc.constantFrom("\r\n", "\r\n", "\r\n", ...ENDINGS),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
      received = "";
      const text = lines.map(([name, value, ending]) => `${name}: ${value}${ending}`).join("");
      await exchange(gateway.port, `GET /fuzz HTTP/1.1\r\nHost: a\r\n${text}Connection: close\r\n\r\n`);
      if (received === "") return;
      assertClean(received);
    }),
    { numRuns: 400 },
  );
});

function assertClean(request: string): void {
  const [requestLine, ...lines] = request.slice(0, request.indexOf("\r\n\r\n")).split("\r\n");
  assert.equal(requestLine, "GET /fuzz HTTP/1.1");
  assert.ok(request.endsWith("\r\n\r\n") && request.indexOf("\r\n\r\n") === request.length - 4);
  const fields = lines.map((line) => [
    line.slice(0, line.indexOf(":")).toLowerCase(),
    line.slice(line.indexOf(":") + 2),
  ]);
  const valuesOf = (name: string) =>
    fields.filter(([own]) => own?.replaceAll("_", "-") === name).map(([, value]) => value);
  assert.deepEqual(valuesOf("host"), ["a"]);
  assert.deepEqual(valuesOf("x-forwarded-for"), ["127.0.0.1"]);
  assert.deepEqual(valuesOf("x-forwarded-host"), ["a"]);
  assert.deepEqual(valuesOf("x-forwarded-proto"), ["http"]);
  assert.deepEqual(valuesOf("forwarded"), ['for=127.0.0.1;host="a";proto=http']);
  assert.deepEqual(valuesOf("via"), ["1.1 rempart"]);
  assert.equal(valuesOf("x-request-id").length, 1);
  assert.notEqual(valuesOf("x-request-id")[0], "evil");
  for (const gone of [
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "proxy",
    "x-real-ip",
    "proxy-connection",
    "proxy-authorization",
  ])
    assert.deepEqual(valuesOf(gone), [], gone);
  for (const line of lines) assert.doesNotMatch(line, /[\r\n\0]/);
}

test("behind trusted proxies the client is the one they name, and only it is passed on", async () => {
  let received = "";
  await using upstream = await startRawUpstream((socket, bytes) => {
    received = bytes;
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  await using gateway = await startInFront([upstream.url], {
    edge: { preset: "api", rateLimit: false, proxies: { hops: 2 } },
  });
  await exchange(
    gateway.port,
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9, 10.0.0.1\r\nX-Forwarded-Proto: http, https, http\r\n\r\n",
  );
  assert.match(received, /\r\nX-Forwarded-For: 203\.0\.113\.9\r\n/);
  assert.match(received, /\r\nX-Forwarded-Proto: https\r\n/);
  assert.match(received, /\r\nForwarded: for=203\.0\.113\.9;host="a";proto=https\r\n/);
  assert.doesNotMatch(received, /6\.6\.6\.6/);
});
