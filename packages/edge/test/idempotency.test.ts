/** What becomes of an idempotent request when a peer, a store or an answer is not as usual. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@rempart/kernel";
import { nextRoute } from "../src/adapters/next.ts";
import { createEdgeServer, type NodeHandler } from "../src/adapters/node.ts";
import {
  createEdge,
  createMemoryIdempotencyStore,
  type EdgeConfig,
  type IdempotencyStore,
  type Outcome,
} from "../src/index.ts";
import { assertHardened, assertProblem } from "./hardened.ts";
import { raw, request } from "./raw.ts";
import { listen } from "./subjects.ts";

const KEYED = { "Idempotency-Key": "k", "Sec-Fetch-Site": "same-origin" };
const POST = request("POST /", { ...KEYED, "Content-Length": "2" }, "{}");

function edgeWith(store: Partial<IdempotencyStore> = {}, more: Partial<EdgeConfig> = {}) {
  const memory = createMemoryIdempotencyStore({ clock: systemClock });
  return createEdge({
    preset: "strict",
    idempotency: { store: { ...memory, ...store }, caller: () => "ann", maxAnswer: 1000 },
    ...more,
  });
}

describe("on Node", () => {
  const serve = (handler: NodeHandler, ...given: Parameters<typeof edgeWith>) =>
    listen(createEdgeServer(edgeWith(...given), { handler }));

  test("a peer that went away finds the answer when it asks again", async () => {
    const { promise: gone, resolve: isGone } = Promise.withResolvers<void>();
    const { promise: kept, resolve: isKept } = Promise.withResolvers<void>();
    const memory = createMemoryIdempotencyStore({ clock: systemClock });
    const finish: IdempotencyStore["finish"] = async (...args) => {
      const done = await memory.finish(...args);
      isKept();
      return done;
    };
    let runs = 0;
    const server = await serve(
      async (_request, response) => {
        runs += 1;
        socket.destroy();
        await gone;
        response.end("done");
      },
      { ...memory, finish },
      { observers: [{ settled: ({ aborted }: Outcome) => aborted && isGone() }] },
    );
    const socket = connect(server.port, "127.0.0.1");
    socket.write(POST);
    await kept;
    const again = await raw(server.port, POST);
    assert.equal(again.body, "done");
    assert.equal(again.headers.get("idempotent-replayed"), "true");
    assert.equal(runs, 1);
    await server.close();
  });

  test("an answer too long to keep leaves whole, and is not carried out again", async () => {
    let runs = 0;
    const server = await serve((_request, response) => {
      runs += 1;
      response.write("x".repeat(900));
      response.end("y".repeat(900));
    });
    const first = await raw(server.port, POST);
    assert.match(first.body, /x{900}/);
    assert.match(first.body, /y{900}/);
    assertProblem(await raw(server.port, POST), 409, "answer-not-kept");
    assert.equal(runs, 1);
    await server.close();
  });

  test("answers in every form are repeated: without a body, from setHeader, in bytes", async () => {
    const handlers: NodeHandler[] = [
      (_request, response) => response.writeHead(204).end(),
      (_request, response) => response.setHeader("Location", "/a").end(),
      (_request, response) => response.writeHead(201, ["Location", "/a"]).end(Buffer.from("é")),
      (_request, response) => response.writeHead(200, "Fine").end("6869", "hex"),
    ];
    for (const handler of handlers) {
      const server = await serve(handler);
      const [first, second] = [await raw(server.port, POST), await raw(server.port, POST)];
      assertHardened(second);
      assert.equal(second.headers.get("idempotent-replayed"), "true", second.text);
      assert.equal(second.headers.get("location"), first.headers.get("location"));
      assert.deepEqual([second.status, second.body], [first.status, first.body]);
      await server.close();
    }
  });

  test("a store that fails to keep an answer costs the client nothing, and observers hear of it", async () => {
    const outcomes: Outcome[] = [];
    const finish = () => Promise.reject(new Error("disk full"));
    const observers = [{ settled: (outcome: Outcome) => void outcomes.push(outcome) }];
    const server = await serve((_request, response) => response.end("done"), { finish }, { observers });
    assert.equal((await raw(server.port, POST)).body, "done");
    const held = await raw(server.port, POST);
    assertProblem(held, 409, "idempotency-key-in-use");
    assert.equal(held.headers.get("retry-after"), "1");
    assert.match(String(outcomes[0]?.cause), /disk full/);
    await server.close();
  });

  test("a store that cannot take the key refuses the request rather than run it twice", async () => {
    const begin = () => Promise.reject(new Error("down"));
    const server = await serve(() => assert.fail("must not run"), { begin });
    assertProblem(await raw(server.port, POST), 503, "unavailable");
    await server.close();
  });

  test("a frozen store costs its budget, twice at most: without the key nothing runs, without keeping it all does", async () => {
    const never = () => new Promise<never>(() => {});
    const memory = createMemoryIdempotencyStore({ clock: systemClock });
    const causes: unknown[] = [];
    const more = (store: IdempotencyStore): Partial<EdgeConfig> => ({
      idempotency: { store, caller: () => "ann", budgetMs: 20 },
      observers: [{ settled: ({ cause }) => void causes.push(cause) }],
    });
    const refusing = await serve(() => assert.fail("must not run"), {}, more({ ...memory, begin: never }));
    assertProblem(await raw(refusing.port, POST), 503, "unavailable");
    await refusing.close();
    const handler: NodeHandler = (_request, response) => response.end("done");
    const answering = await serve(handler, {}, more({ ...memory, finish: never }));
    assert.equal((await raw(answering.port, POST)).body, "done");
    await answering.close();
    for (const cause of causes) assert.match(String(cause), /did not answer within 20 ms/);
    assert.equal(causes.length, 2);
  });

  test("a peer that waits to be asked for its body is asked once, before the body is judged", async () => {
    const server = await serve((_request, response) => response.end("done"));
    const head = request("POST /", { ...KEYED, Expect: "100-continue", "Content-Length": "2" });
    const answer = await raw(server.port, head, { more: ["{}"] });
    assert.equal(answer.text.split("100 Continue").length, 2);
    assert.match(answer.text, /200 OK[\s\S]*done/);
    await server.close();
  });

  test("a decision that comes late finds the whole body, and refuses what passed its limit meanwhile", async () => {
    const policy = { name: "default", limit: 5, windowSeconds: 60 };
    const check = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { policy, allowed: true, remaining: 4, resetSeconds: 9 };
    };
    const late: Partial<EdgeConfig> = {
      rateLimit: { policies: [policy], limiter: { check }, budgetMs: 1000 },
      limits: { bodyBytes: 100 },
    };
    const server = await serve(
      async (asked, response) => {
        let body = "";
        for await (const chunk of asked) body += chunk;
        response.end(body);
      },
      {},
      late,
    );
    const chunked = (size: number, keyed: Record<string, string>) =>
      request("POST /", { "Sec-Fetch-Site": "same-origin", "Transfer-Encoding": "chunked", ...keyed }) +
      `${size.toString(16)}\r\n${"x".repeat(size)}\r\n0\r\n\r\n`;
    for (const keyed of [{}, { "Idempotency-Key": "late" }]) {
      assert.match((await raw(server.port, chunked(50, keyed))).text, /x{50}/);
      assertProblem(await raw(server.port, chunked(101, keyed)), 413, "body-too-large");
    }
    await server.close();
  });
});

test("a body that began before the decision and ended after it is judged and read whole", async () => {
  const { promise: decided, resolve: decide } = Promise.withResolvers<void>();
  const identify = async () => {
    await decided;
    return { kind: "anonymous" } as const;
  };
  const handler: NodeHandler = async (asked, response) => {
    let body = "";
    for await (const chunk of asked) body += chunk;
    response.end(body);
  };
  const server = await listen(createEdgeServer(edgeWith({}, { identity: { identify } }), { handler }));
  const socket = connect(server.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk;
  });
  socket.write(request("POST /", { ...KEYED, "Content-Length": "6" }, "abc"));
  await sleep(30);
  decide();
  await sleep(30);
  socket.write("def");
  await once(socket, "close");
  assert.match(answer, /\r\n\r\nabcdef$/);
  await server.close();
});

describe("on Fetch", () => {
  const ask = (handler: (request: Request) => Response | Promise<Response>, edge = edgeWith()) => {
    const route = nextRoute(edge, handler);
    return () => {
      const init = { method: "POST", body: "{}", headers: KEYED };
      return route(new Request("http://app.example.com/", init), null);
    };
  };

  test("an answer too long to keep leaves whole, also when it is cut short by the peer", async () => {
    const send = ask(() => new Response(new Blob(["x".repeat(900), "y".repeat(900)]).stream()));
    assert.equal(await (await send()).text(), "x".repeat(900) + "y".repeat(900));
    const again = await send();
    assert.equal(again.status, 409);
    assert.equal(JSON.parse(await again.text()).code, "answer-not-kept");
    const { promise: cancelled, resolve: cancel } = Promise.withResolvers<unknown>();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(600)),
      cancel,
    });
    const response = await ask(() => new Response(endless))();
    await response.body?.cancel("gone");
    assert.equal(await cancelled, "gone");
  });

  test("an event stream leaves as it comes", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const send = ask(() => new Response(readable, { headers: { "Content-Type": "text/event-stream" } }));
    const response = await send();
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode(":\n")).then(() => writer.close());
    assert.equal(await response.text(), ":\n");
    assert.equal((await send()).status, 409);
  });

  test("bytes that are no text, and codings, are not repeated", async () => {
    const answers = [
      () => new Response(new Uint8Array([0xff, 0xfe])),
      () => new Response("hi", { headers: { "Content-Encoding": "br" } }),
    ];
    for (const answer of answers) {
      const send = ask(answer);
      assert.equal((await send()).status, 200);
      assert.equal((await send()).status, 409);
    }
  });
});
