import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { context, trace } from "@opentelemetry/api";
import { dependency, Secret } from "@rempart/runtime";
import { createLogger } from "../logs/logger.ts";
import { currentScope, currentTraceId } from "../scope.ts";
import type { FollowedFacts, FollowedOutcome, Held } from "./ports.ts";
import { openTracing } from "./tracing.ts";

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly status?: { readonly code?: number };
  readonly links?: readonly { readonly traceId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

interface Receiver extends AsyncDisposable {
  readonly endpoint: URL;
  readonly spans: SentSpan[];
  readonly text: () => string;
  readonly authorizations: (string | undefined)[];
}

/** An OTLP/HTTP receiver (JSON encoding); `hangs` takes what is sent and never answers. */
async function receiver({ hangs = false } = {}): Promise<Receiver> {
  const spans: SentSpan[] = [];
  const authorizations: (string | undefined)[] = [];
  let text = "";
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    if (hangs) return;
    assert.equal(request.url, "/otlp/v1/traces");
    authorizations.push(request.headers.authorization);
    text += body;
    for (const { scopeSpans } of JSON.parse(body).resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans);
    response.setHeader("Content-Type", "application/json").end("{}");
  });
  server.on("connection", (socket) => sockets.add(socket));
  const port = await listening(server);
  return {
    endpoint: new URL(`http://127.0.0.1:${port}/otlp`),
    spans,
    authorizations,
    text: () => text,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const THEIRS = "0af7651916cd43dd8448eb211c80319c";

function asked(traceparent?: string): FollowedFacts {
  return {
    method: "POST",
    header: (name) => (name === "traceparent" ? traceparent : undefined),
    repeated: () => false,
  };
}

const DONE: FollowedOutcome = { route: "/users/:id", status: 200, code: null, aborted: false };

const attribute = (span: SentSpan | undefined, key: string): unknown =>
  Object.values(span?.attributes.find((one) => one.key === key)?.value ?? {})[0];

test("a request, its statements and its calls arrive as one trace that holds no value of anybody", async () => {
  await using sink = await receiver();
  const tracing = await openTracing({
    endpoint: sink.endpoint,
    authorization: new Secret("Bearer receiver"),
    serviceName: "shop",
    continueInbound: true,
  });
  const mail = dependency(
    { name: "mail", budgetMs: 1_000, onFailure: { mode: "fail" }, retry: "none", breaker: "none" },
    tracing.call === undefined ? {} : { trace: tracing.call },
  );
  const request = tracing.requests.begin(asked(`00-${THEIRS}-b7ad6b7169203331-01`), "request-1");
  await request.run(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(currentTraceId(), THEIRS);
    assert.equal(currentScope()?.requestId, "request-1");
    tracing.statement?.("INSERT INTO people (email) VALUES ($1)", undefined)();
    tracing.statement?.("select 1", "one")(new TypeError("alice@example.com"));
    await mail.call(async () => {
      assert.match(tracing.headers()?.traceparent ?? "", new RegExp(`^00-${THEIRS}-[0-9a-f]{16}-01$`));
    });
    await assert.rejects(mail.call(() => Promise.reject(new Error("alice@example.com is unknown"))));
  });
  request.end({ ...DONE, status: 503, code: "unavailable", aborted: true });
  await tracing.close();

  const [root] = sink.spans.filter(({ name }) => name === "POST /users/:id");
  assert.equal(root?.traceId, THEIRS);
  assert.equal(root?.parentSpanId, "b7ad6b7169203331");
  assert.equal(root?.status?.code, 2);
  assert.equal(attribute(root, "http.response.status_code"), 503);
  const inside = sink.spans.filter((span) => span.parentSpanId === root?.spanId);
  assert.deepEqual(inside.map(({ name }) => name).sort(), ["INSERT", "mail", "mail", "one"]);
  assert.equal(
    attribute(
      inside.find(({ name }) => name === "one"),
      "error.type",
    ),
    "TypeError",
  );
  assert.equal(sink.text().includes("alice"), false);
  assert.deepEqual(sink.authorizations, ["Bearer receiver"]);
});

test("a stranger's trace is linked, not joined; a malformed one is ignored", async () => {
  await using sink = await receiver();
  const tracing = await openTracing({ endpoint: sink.endpoint, serviceName: "shop" });
  for (const traceparent of [`00-${THEIRS}-b7ad6b7169203331-01`, "00-nonsense", undefined])
    tracing.requests.begin(asked(traceparent), "request-1").end(DONE);
  await tracing.close();
  assert.equal(sink.spans.length, 3);
  assert.ok(sink.spans.every(({ traceId }) => traceId !== THEIRS));
  assert.deepEqual(
    sink.spans.map(({ links = [] }) => links.map(({ traceId }) => traceId)),
    [[THEIRS], [], []],
  );
});

test("nobody can ask to be recorded beyond the share; everybody can ask not to be", async () => {
  await using sink = await receiver();
  const none = await openTracing({
    endpoint: sink.endpoint,
    serviceName: "shop",
    ratio: 0,
    continueInbound: true,
  });
  const unrecorded = none.requests.begin(asked(`00-${THEIRS}-b7ad6b7169203331-01`), "request-1");
  unrecorded.run(() => assert.equal(currentTraceId(), undefined));
  unrecorded.end(DONE);
  await none.close();
  const all = await openTracing({ endpoint: sink.endpoint, serviceName: "shop", continueInbound: true });
  all.requests.begin(asked(`00-${THEIRS}-b7ad6b7169203331-00`), "request-2").end(DONE);
  await all.close();
  assert.equal(sink.spans.length, 0);
});

test("a message on a socket is a trace of its own that links the request which opened it", async () => {
  await using sink = await receiver();
  const tracing = await openTracing({ endpoint: sink.endpoint, serviceName: "shop" });
  const upgrade = tracing.requests.begin(asked(), "request-1");
  const origin = upgrade.run(() => tracing.origin());
  upgrade.end({ ...DONE, status: 101 });
  tracing.message("send", origin, () => {
    assert.equal(currentScope()?.requestId, "request-1");
    tracing.statement?.("UPDATE t SET a = $1", undefined)();
  });
  await assert.rejects(tracing.message("watch", origin, () => Promise.reject(new Error("no"))));
  assert.throws(() =>
    tracing.message("typing", undefined, () => {
      throw new Error("no");
    }),
  );
  await tracing.close();
  const [request] = sink.spans.filter(({ kind }) => kind === 2);
  const [sent] = sink.spans.filter(({ name }) => name === "message send");
  assert.notEqual(sent?.traceId, request?.traceId);
  assert.equal(sent?.links?.[0]?.traceId, request?.traceId);
  assert.equal(sink.spans.find(({ name }) => name === "UPDATE")?.parentSpanId, sent?.spanId);
  assert.equal(sink.spans.find(({ name }) => name === "message watch")?.status?.code, 2);
});

test("a message that says where in a trace it is is linked with it, and what is done for it later is part of it", async () => {
  await using sink = await receiver();
  const tracing = await openTracing({ endpoint: sink.endpoint, serviceName: "shop", continueInbound: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  let held: Held | undefined;
  const begin = (): Promise<void> => {
    held = tracing.hold?.();
    return promise;
  };
  const handled = tracing.message("send", undefined, begin, `00-${THEIRS}-b7ad6b7169203331-01`);
  tracing.message("ping", undefined, () => {}, "00-nonsense");
  held?.(() => tracing.statement?.("INSERT INTO t VALUES ($1)", undefined)());
  held?.(() => tracing.message("deliver", tracing.origin(), () => {}));
  resolve();
  await handled;
  await tracing.close();
  const named = (name: string): SentSpan | undefined => sink.spans.find((span) => span.name === name);
  const [send, ping] = [named("message send"), named("message ping")];
  assert.deepEqual(
    send?.links?.map(({ traceId }) => traceId),
    [THEIRS],
  );
  assert.notEqual(send?.traceId, THEIRS);
  assert.equal(send?.parentSpanId, undefined);
  assert.deepEqual([ping?.parentSpanId, ping?.links ?? []], [undefined, []]);
  assert.equal(named("INSERT")?.parentSpanId, send?.spanId);
  assert.notEqual(named("message deliver")?.traceId, send?.traceId);
});

test("no message has itself recorded by the trace that it names: the share is drawn for a trace of ours", async () => {
  await using sink = await receiver();
  const one = { endpoint: sink.endpoint, serviceName: "shop", ratio: 1e-9, continueInbound: true };
  const tracing = await openTracing(one);
  // Of all ids this is the one that any share takes.
  tracing.message("send", undefined, () => {}, `00-${"0".repeat(31)}1-b7ad6b7169203331-01`);
  await tracing.close();
  assert.equal(sink.spans.length, 0);
});

test("a receiver that hangs or is away costs spans and nothing else", async () => {
  await using hanging = await receiver({ hangs: true });
  const away = new URL("http://127.0.0.1:9");
  for (const endpoint of [hanging.endpoint, away]) {
    const tracing = await openTracing({ endpoint, serviceName: "shop", delayMs: 1 });
    let answered = 0;
    for (let i = 0; i < 10_000; i += 1) {
      const request = tracing.requests.begin(asked(), "request-1");
      request.run(() => {
        answered += 1;
      });
      request.end(DONE);
      if (i % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(answered, 10_000);
    await tracing.close();
  }
});

test("without a receiver log lines still know their request, and nothing is registered", async () => {
  const tracing = await openTracing(null);
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    destinations: { application: { write: (line) => void lines.push(line) } },
  });
  const request = tracing.requests.begin(asked(`00-${THEIRS}-b7ad6b7169203331-01`), "request-1");
  const origin = request.run(() => tracing.origin());
  request.end(DONE);
  tracing.message("send", origin, () => log.info({}, "sent"));
  assert.equal(JSON.parse(lines.join("")).requestId, "request-1");
  assert.equal(tracing.statement, undefined);
  assert.equal(tracing.call, undefined);
  assert.equal(tracing.hold, undefined);
  assert.equal(tracing.headers(), undefined);
  assert.equal(trace.getSpan(context.active()), undefined);
  await tracing.close();
});

test("a share that is none is refused where it is said", async () => {
  const endpoint = new URL("http://127.0.0.1:9");
  await assert.rejects(openTracing({ endpoint, serviceName: "shop", ratio: 2 }), TypeError);
});
