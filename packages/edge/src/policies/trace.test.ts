import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createEdgeServer } from "../adapters/node-server.ts";
import { createEdge } from "../edge.ts";
import type { Outcome, RequestTracer } from "../ports.ts";

const followed = new AsyncLocalStorage<string>();

function tracer(ended: Outcome[]): RequestTracer {
  return {
    begin: (facts, requestId) => ({
      run: (work) => followed.run(`${requestId} ${facts.header("traceparent")}`, work),
      end: (outcome) => void ended.push(outcome),
    }),
  };
}

async function get(port: number, path: string): Promise<{ status: number; body: string; id: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string; id: string }>();
  const asked = request(
    { port, path, agent: false, headers: { traceparent: "theirs" } },
    async (response) => {
      const body = (await response.toArray()).join("");
      resolve({ status: response.statusCode ?? 0, body, id: String(response.headers["x-request-id"]) });
    },
  );
  asked.on("error", reject).end();
  return promise;
}

test("a request is followed from its id to its end: who asks, the handler, and what either waits for", async () => {
  const ended: Outcome[] = [];
  const identified: (string | undefined)[] = [];
  const observed: (string | undefined)[] = [];
  const edge = createEdge({
    preset: "api",
    csrf: false,
    rateLimit: false,
    tracer: tracer(ended),
    observers: [{ settled: () => void observed.push(followed.getStore()) }],
    identity: {
      async identify() {
        identified.push(followed.getStore());
        return { kind: "anonymous" };
      },
    },
  });
  const server = createEdgeServer(edge, {
    async handler(incoming, response) {
      await new Promise((resolve) => setImmediate(resolve));
      if (incoming.url === "/boom") throw new Error("boom");
      response.end(followed.getStore());
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const { body, id } = await get(port, "/a?secret=1");
    assert.equal(body, `${id} theirs`);
    assert.deepEqual(identified, [body]);
    assert.deepEqual(observed, [body]);
    assert.equal((await get(port, "/boom")).status, 500);
    assert.deepEqual(
      ended.map(({ path, status }) => [path, status]),
      [
        ["/a", 200],
        ["/boom", 500],
      ],
    );
  } finally {
    server.close();
  }
});

test("a tracer that cannot end a request costs nobody an answer", async () => {
  const edge = createEdge({
    preset: "api",
    csrf: false,
    rateLimit: false,
    tracer: {
      begin: () => ({
        run: (work) => work(),
        end() {
          throw new Error("no");
        },
      }),
    },
  });
  const server = createEdgeServer(edge, { handler: (_, response) => response.end("ok") });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    assert.equal((await get(port, "/")).body, "ok");
    assert.equal((await get(port, "/")).body, "ok");
  } finally {
    server.close();
  }
});
