/** Requests that a peer sends ahead of an answer, while the decision on the first takes its time. */
import assert from "node:assert/strict";
import { type AddressInfo, connect, type Socket } from "node:net";
import { test } from "node:test";
import { createEdgeServer } from "../src/adapters/node.ts";
import { createEdge, EDGE_PROBLEMS, type Identification } from "../src/index.ts";
import { raw, request } from "./raw.ts";

const ANONYMOUS: Identification = { kind: "anonymous" };
const REFUSED: Identification = { kind: "refused", problem: EDGE_PROBLEMS.unauthenticated };

/** A server that decides on `/slow` when `decide` is called, and keeps steps: `asked /slow`, `began /slow`, `settled /slow 200`. */
async function slowServer() {
  const steps: string[] = [];
  const slow = Promise.withResolvers<Identification>();
  const edge = createEdge({
    preset: "api",
    identity: {
      identify: ({ target }) => {
        steps.push(`asked ${target}`);
        return target === "/slow" ? slow.promise : ANONYMOUS;
      },
    },
    observers: [
      { settled: ({ path, status, aborted }) => steps.push(`settled ${path} ${aborted ? "gone" : status}`) },
    ],
  });
  const server = createEdgeServer(edge, {
    handler: ({ url }, response) => {
      steps.push(`began ${url}`);
      response.end(url);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const until = async (step: string): Promise<void> => {
    while (!steps.includes(step)) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    steps,
    until,
    decide: slow.resolve,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

test("each begins after those before it are decided", async () => {
  await using server = await slowServer();
  const answer = raw(server.port, get("/slow") + get("/fast") + request("GET /last"));
  await server.until("asked /slow");
  // Whatever came is parsed by now: a connection of its own is answered from end to end.
  assert.equal((await raw(server.port, request("GET /other"))).status, 200);
  assert.ok(!server.steps.includes("asked /fast"));
  server.decide(ANONYMOUS);
  assert.match((await answer).text, /\/slow.*\/fast.*\/last$/s);
  const begun = server.steps.filter((step) => step.startsWith("began"));
  assert.deepEqual(begun, ["began /other", "began /slow", "began /fast", "began /last"]);
});

test("nothing behind one that is refused and ends its connection is carried out", async () => {
  await using server = await slowServer();
  const chunked = request("GET /slow", { Connection: "keep-alive", "Transfer-Encoding": "chunked" });
  const answer = raw(server.port, `${chunked}0\r\n\r\n${get("/fast")}${get("/last")}`);
  await server.until("asked /slow");
  server.decide(REFUSED);
  const { status, text } = await answer;
  assert.equal(status, 401);
  assert.equal(text.split("HTTP/1.1 ").length, 2);
  assert.deepEqual(server.steps, ["asked /slow", "settled /slow 401"]);
});

/** Goes away once the decision is under way. */
async function abandon(port: number, bytes: string, isAsked: Promise<void>): Promise<void> {
  const socket: Socket = connect(port, "127.0.0.1");
  socket.write(bytes);
  await isAsked;
  socket.destroy();
}

test("a peer that goes away meanwhile is settled, and nothing of its own begins", async () => {
  await using server = await slowServer();
  await abandon(server.port, get("/slow") + get("/fast"), server.until("asked /slow"));
  await raw(server.port, request("GET /other"));
  server.decide(ANONYMOUS);
  await server.until("settled /slow gone");
  assert.deepEqual(
    server.steps.filter((step) => !step.endsWith("/other") && !step.includes("/other ")),
    ["asked /slow", "settled /slow gone"],
  );
});

test("more than anyone honest sends ahead ends the connection", async () => {
  await using server = await slowServer();
  const { text } = await raw(server.port, get("/slow") + get("/fast").repeat(300));
  assert.equal(text, "");
  server.decide(ANONYMOUS);
  await server.until("settled /slow gone");
  assert.ok(!server.steps.includes("asked /fast"));
});
