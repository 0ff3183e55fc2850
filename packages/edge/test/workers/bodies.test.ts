/** What becomes of a body without a length that a Worker hands on to `fetch`, in the real workerd. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { after, before, beforeEach, describe, test } from "node:test";
import type { Running } from "../application.ts";
import { assertProblem } from "../hardened.ts";
import { raw, request } from "../raw.ts";
import { runWorker } from "./subject.ts";

const LIMIT = 1000;
const CHUNK = `190\r\n${"x".repeat(400)}\r\n`;
const CHUNKED = { "Transfer-Encoding": "chunked" };
const STREAMING = { ...CHUNKED, "Sec-Fetch-Site": "same-origin" };

/** Hands bodies on: read first by the edge, or streamed, with its helper or as careless code does. */
function workerSource(upstream: string): string {
  return `
    import { createEdge } from "@rempart/edge";
    import { passOn, workersHandler } from "@rempart/edge/workers";

    const edge = () => createEdge({ preset: "api", rateLimit: false, limits: { bodyBytes: ${LIMIT} } });
    const send = (request, name, sent) => fetch("${upstream}/" + name, { method: request.method, ...sent });
    const bare = ({ body }) => ({ body });
    const whole = workersHandler(edge, (request) => send(request, "whole", bare(request)));
    const helped = workersHandler(edge, (request) => send(request, "helped", passOn(request)), { streamBodies: true });
    const careless = workersHandler(edge, (request) => send(request, "careless", bare(request)), { streamBodies: true });
    const handlers = { "/whole": whole, "/helped": helped, "/careless": careless };
    export default {
      fetch: (request, env, worker) => handlers[new URL(request.url).pathname].fetch(request, env, worker),
    };`;
}

describe("a body without a length on Workers", () => {
  /** `name whole bytes`, or `name cut`, of each body that the upstream was sent. */
  const seen: string[] = [];
  /** Names of bodies that the upstream began to be sent. */
  const asked = new Set<string>();
  const upstream = createServer(async (incoming, response) => {
    const name = incoming.url?.slice(1) ?? "";
    asked.add(name);
    const body = await buffer(incoming).catch(() => null);
    seen.push(body === null ? `${name} cut` : `${name} whole ${body.length}`);
    response.end("taken");
  });
  let worker: Running;
  before(async () => {
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    worker = await runWorker(workerSource(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`));
  });
  after(async () => {
    upstream.close();
    upstream.closeAllConnections();
    await worker.close();
  });

  beforeEach(() => asked.clear());

  /** What was sent on of one body of ours, once its end was seen. */
  const sentOn = async (): Promise<string | undefined> => {
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return seen.pop();
  };
  const breakOff = async (name: string, framing: Readonly<Record<string, string>>, part: string) => {
    const socket = connect(worker.port, "127.0.0.1");
    socket.write(request(`POST /${name}`, { ...framing, "Sec-Fetch-Site": "same-origin" }) + part);
    while (!asked.has(name)) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
  };
  const overrun = (name: string) =>
    raw(worker.port, request(`POST /${name}`, STREAMING), {
      more: [CHUNK, CHUNK, CHUNK, CHUNK],
      untilWhole: true,
    });

  test("arrives whole, read first or streamed", async () => {
    for (const name of ["whole", "helped"]) {
      const bytes = `${request(`POST /${name}`, STREAMING)}${CHUNK}${CHUNK}0\r\n\r\n`;
      assert.equal((await raw(worker.port, bytes, { untilWhole: true })).status, 200);
      assert.equal(await sentOn(), `${name} whole 800`);
    }
  });

  test("past its limit is handed to nobody, or cut", async () => {
    assertProblem(await overrun("whole"), 413, "body-too-large");
    assert.ok(!asked.has("whole"), "the handler ran");
    assertProblem(await overrun("helped"), 413, "body-too-large");
    assert.equal(await sentOn(), "helped cut");
  });

  test("that its client breaks off is cut", async () => {
    await breakOff("helped", CHUNKED, CHUNK);
    assert.equal(await sentOn(), "helped cut");
    await breakOff("whole", { "Content-Length": "800" }, "x".repeat(400));
    assert.equal(await sentOn(), "whole cut", "with a length, workerd itself cuts it");
  });

  test("that its client breaks off never reaches a handler that wants it whole", async () => {
    const socket = connect(worker.port, "127.0.0.1");
    const empty = `${request("POST /helped", STREAMING)}0\r\n\r\n`;
    socket.write(`${request("POST /whole", STREAMING)}${CHUNK}`);
    await raw(worker.port, empty, { untilWhole: true });
    socket.destroy();
    assert.equal(await sentOn(), "helped whole 0");
    await raw(worker.port, empty, { untilWhole: true });
    assert.equal(await sentOn(), "helped whole 0");
    assert.ok(!asked.has("whole"));
  });

  test("streamed without the helper is taken for whole where it fails: why reading first is the default", async () => {
    assertProblem(await overrun("careless"), 413, "body-too-large");
    assert.match((await sentOn()) ?? "", /^careless whole \d+$/);
    asked.clear();
    await breakOff("careless", CHUNKED, CHUNK);
    assert.equal(await sentOn(), "careless whole 400");
  });
});
