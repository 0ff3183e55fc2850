/**
 * A request smuggled past a gateway is one that the service behind reads, though the gateway never decided about it. So: bytes
 * that two readers may take differently, through the gateway, to services that read strictly, leniently, and as nginx does.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { requireService } from "@rempart/testing";
import fc from "fast-check";
import { type Gateway, startGateway } from "../../src/index.ts";
import { exchange, statusesOf } from "./client.ts";
import { ATTACKS } from "./corpus.ts";
import { type ReadRequest, readStrictly } from "./strict-reader.ts";
import {
  ANSWERED,
  lenientRecorder,
  nginxRecorder,
  type Recorder,
  type Seen,
  strictRecorder,
} from "./upstreams.ts";

const BODY_BYTES = 65_536;

function gatewayTo(upstream: Recorder): Promise<Gateway> {
  return startGateway({
    listen: { port: 0 },
    admin: false,
    edge: {
      preset: "api",
      csrf: false,
      rateLimit: false,
      // Longer than a test waits: whatever is closed, the gateway decided to close.
      limits: { bodyBytes: BODY_BYTES, keepAliveTimeoutMs: 60_000, requestTimeoutMs: 60_000 },
    },
    upstreams: { service: { targets: [`http://127.0.0.1:${upstream.port}`] } },
    routes: [
      { name: "admin", path: "/admin/*", deny: true },
      { name: "socket", path: "/ws", webSocket: "any-client", upstream: "service" },
      { name: "all", path: "/*", upstream: "service" },
    ],
  });
}

const { skip } = await requireService("nginx");
const KINDS = [
  { name: "a strict reader", start: strictRecorder, skip: false },
  { name: "a lenient reader", start: lenientRecorder, skip: false },
  { name: "nginx", start: nginxRecorder, skip },
] as const;

for (const kind of KINDS) {
  describe(`in front of ${kind.name}`, { skip: kind.skip }, () => {
    let upstream: Recorder;
    let gateway: Gateway;
    let port: number;
    before(async () => {
      upstream = await kind.start();
      gateway = await gatewayTo(upstream);
      port = Number(new URL(gateway.url).port);
    });
    after(async () => {
      await gateway?.close();
      await upstream?.[Symbol.asyncDispose]();
    });

    test("each attack comes to what is declared for it", async () => {
      for (const { name, bytes, statuses, seen } of ATTACKS) {
        const text = await exchange(port, [bytes]);
        const { requests, faults } = await upstream.taken();
        assert.deepEqual(requests.map(line), seen, `${name}: ${text}`);
        assert.deepEqual(faults, [], name);
        assert.deepEqual(statusesOf(text), statuses, `${name}: ${text}`);
        for (const request of requests) assertNothingOfTheConnection(request, name);
      }
    });
  });
}

describe("whatever is made of the attacks", () => {
  for (const kind of KINDS.slice(0, 2)) {
    test(`${kind.name} sees only requests that the client sent, also in two packets`, async () => {
      await using upstream = await kind.start();
      const gateway = await gatewayTo(upstream);
      const port = Number(new URL(gateway.url).port);
      try {
        for (const { name, bytes } of ATTACKS) {
          const cut = Math.floor(bytes.length / 2);
          const text = await exchange(port, [bytes.slice(0, cut), bytes.slice(cut)], { ends: true });
          await assertOnlyWhatWasSent(upstream, port, bytes, text, name);
        }
        await fc.assert(
          fc.asyncProperty(mutated, async (parts) => {
            const text = await exchange(port, parts, { ends: true });
            await assertOnlyWhatWasSent(upstream, port, parts.join(""), text, JSON.stringify(parts));
          }),
          { numRuns: 400 },
        );
      } finally {
        await gateway.close();
      }
    });
  }
});

/** Parts of attacks where they hurt. */
const token = fc.constantFrom(
  "\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  "\0",
  ":",
  ";",
  ",",
  "0",
  "3",
  "f",
  "-",
  "+",
  "0x",
  "\x0b",
  "\x85",
  "_",
  "\r\n\r\n",
  "0\r\n\r\n",
  "chunked",
  "identity",
  "close",
  "keep-alive",
  "HTTP/1.0",
  "HTTP/1.1",
  "GET /smuggled HTTP/1.1\r\n",
  "Content-Length: 3\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: x\r\n",
  "Host: b.test\r\n",
  "Connection: close\r\n",
  "Connection: Upgrade\r\nUpgrade: h2c\r\n",
  "Expect: 100-continue\r\n",
);

type Change = (bytes: string) => string;

/** Puts a token in the place of some bytes, possibly none, somewhere. */
const change: fc.Arbitrary<Change> = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 12 }), fc.oneof(token, fc.constant("")))
  .map(([where, length, text]) => (bytes) => {
    const at = Math.floor(where * bytes.length);
    return bytes.slice(0, at) + text + bytes.slice(at + length);
  });

const small = ATTACKS.map(({ bytes }) => bytes).filter(({ length }) => length < 2000);
const mutated = fc
  .tuple(
    fc.array(fc.constantFrom(...small), { minLength: 1, maxLength: 2 }),
    fc.array(change, { minLength: 1, maxLength: 4 }),
    fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
  )
  .map(([attacks, changes, cuts]) => {
    const bytes = changes.reduce((text, apply) => apply(text), attacks.join(""));
    const places = cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b);
    return [0, ...places].map((from, i) => bytes.slice(from, places[i] ?? bytes.length));
  });

/**
 * Each request that arrived is one the client sent, whole, in that order and before anything odd, by a reading that is not the
 * gateway's; and no answer of the upstream's reached the client that was to no such request.
 */
async function assertOnlyWhatWasSent(
  upstream: Recorder,
  port: number,
  bytes: string,
  text: string,
  name: string,
): Promise<void> {
  // What the gateway had sent when the client left has arrived when this one has.
  await exchange(port, ["GET /barrier HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"]);
  const { requests: arrived, faults } = await upstream.taken();
  const requests = arrived.filter(({ target }) => target !== "/barrier");
  const sent = readStrictly(bytes, { extras: true }).requests.map(line);
  assert.deepEqual(faults, [], name);
  let at = 0;
  for (const request of requests.map(line)) {
    const found = sent.indexOf(request, at);
    assert.ok(found >= 0, `${name} made the upstream see ${JSON.stringify(request)}`);
    at = found + 1;
  }
  const answers = text.split(ANSWERED).length - 1;
  assert.ok(answers <= requests.length, `${name} got ${answers} answers to ${requests.length} requests`);
}

function line({ method, target, body }: Pick<ReadRequest, "method" | "target" | "body">): string {
  return `${method} ${target} ${body}`;
}

const NEVER_PASSED_ON = new Set([
  "te",
  "trailer",
  "keep-alive",
  "proxy-connection",
  "http2-settings",
  "expect",
  "content_length",
  "transfer_encoding",
  "x",
]);

function assertNothingOfTheConnection({ target, fields }: Seen, name: string): void {
  const names = fields.map(([field]) => field);
  for (const field of names) assert.ok(!NEVER_PASSED_ON.has(field), `${name}: ${field} was passed on`);
  assert.deepEqual(fields.find(([field]) => field === "host")?.[1], "a.test", name);
  if (target !== "/ws") assert.ok(!names.includes("upgrade"), name);
}
