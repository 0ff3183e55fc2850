/** A receiver of traces, a gateway and an upstream that tells which fields it was sent. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { until } from "@rempart/testing";
import { WebSocket, WebSocketServer } from "ws";
import {
  type GatewayConfig,
  GatewayError,
  openGatewayLogs,
  readGatewayConfig,
  startGateway,
} from "../src/index.ts";
import { bodyOf, type RunningServer, startInFront, startRawUpstream, startUpstream } from "./support.ts";

interface Sent {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

const THEIRS = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const CALLER = { traceparent: `00-${THEIRS}-${PARENT}-01`, tracestate: "vendor=1" };
const EDGE = { preset: "api", rateLimit: false, csrf: false } as const;
const TRUSTING = { ...EDGE, proxies: { hops: 1 } };
const folder = mkdtempSync(join(tmpdir(), "gateway-traces-"));
after(() => rmSync(folder, { recursive: true, force: true }));

async function startReceiver(): Promise<RunningServer & { spans: Sent[]; proofs: Set<string | undefined> }> {
  const spans: Sent[] = [];
  const proofs = new Set<string | undefined>();
  const server = await startUpstream(async (request, response) => {
    proofs.add(request.headers.authorization);
    const { resourceSpans } = JSON.parse(String(await bodyOf(request)));
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    response.setHeader("Content-Type", "application/json").end("{}");
  });
  return { ...server, spans, proofs };
}

/** Answers the fields it was sent, on a WebSocket too. */
async function startTelling(): Promise<RunningServer> {
  const upstream = await startUpstream((request, response) => {
    if (request.url === "/broken") return void request.socket.destroy();
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(request.headers));
  });
  const sockets = new WebSocketServer({ server: upstream.server });
  sockets.on("connection", (socket, { headers }) => socket.send(JSON.stringify(headers)));
  return upstream;
}

type Fields = Readonly<Record<string, string | undefined>>;

async function toldOver(url: string, headers: Record<string, string>): Promise<Fields> {
  return (await (await fetch(url, { headers })).json()) as Fields;
}

async function toldOverSocket(url: string, headers: Record<string, string>): Promise<Fields> {
  const socket = new WebSocket(url.replace("http", "ws"), { headers });
  const message = await new Promise<string>((resolve) =>
    socket.once("message", (data) => resolve(String(data))),
  );
  socket.terminate();
  return JSON.parse(message);
}

/** Version, trace, span and flags. */
function placeOf({ traceparent = "" }: Fields): readonly (string | undefined)[] {
  return traceparent.split("-");
}

describe("a traced request", () => {
  test("is one trace through the gateway to its upstream, which a stranger's is only linked to", async () => {
    await using receiver = await startReceiver();
    await using upstream = await startTelling();
    const proof = join(folder, "authorization");
    writeFileSync(proof, "Bearer of-the-receiver\n");
    const gateway = await startInFront([upstream.url], {
      traces: { endpoint: receiver.url, authorization: proof },
    });
    const first = await toldOver(gateway.url, CALLER);
    const again = await toldOver(gateway.url, {});
    const socket = await toldOverSocket(gateway.url, CALLER);
    await fetch(`${gateway.url}/broken`);
    await gateway.close();
    assert.deepEqual([...receiver.proofs], ["Bearer of-the-receiver"]);

    const [, trace, span, flags] = placeOf(first);
    assert.notEqual(trace, THEIRS);
    assert.equal(first.tracestate, undefined);
    assert.equal(flags, "01");
    const call = receiver.spans.find(({ spanId }) => spanId === span);
    assert.deepEqual([call?.name, call?.traceId], ["service", trace]);
    const root = receiver.spans.find(({ spanId }) => spanId === call?.parentSpanId);
    assert.equal(root?.name, "GET all");
    assert.deepEqual(
      root?.links?.map(({ traceId }) => traceId),
      [THEIRS],
    );
    // The second request found the first one's connection: nothing of the first may cling to it.
    assert.notEqual(placeOf(again)[1], trace);
    const [, opened, handshake] = placeOf(socket);
    assert.ok(receiver.spans.some(({ spanId, traceId }) => spanId === handshake && traceId === opened));
    const failed = receiver.spans.filter(({ attributes }) =>
      attributes.some(({ key, value }) => key === "error.type" && value.stringValue === "upstream-protocol"),
    );
    assert.deepEqual(
      failed.map(({ name }) => name),
      ["service"],
    );
    for (const line of gateway.outcomes as readonly { traceId?: string }[])
      assert.ok(receiver.spans.some(({ traceId }) => traceId === line.traceId));
  });

  test("continues the trace that a proxy of ours names, with what others keep in it", async () => {
    await using receiver = await startReceiver();
    await using upstream = await startTelling();
    const gateway = await startInFront([upstream.url], {
      edge: TRUSTING,
      traces: { endpoint: receiver.url },
    });
    for (const told of [await toldOver(gateway.url, CALLER), await toldOverSocket(gateway.url, CALLER)]) {
      assert.equal(placeOf(told)[1], THEIRS);
      assert.notEqual(placeOf(told)[2], PARENT);
      assert.equal(told.tracestate, "vendor=1");
    }
    await gateway.close();
    assert.equal(receiver.spans.filter(({ parentSpanId }) => parentSpanId === PARENT).length, 2);
  });

  test("that is not sampled tells the upstream so", async () => {
    await using receiver = await startReceiver();
    await using upstream = await startTelling();
    const gateway = await startInFront([upstream.url], { traces: { endpoint: receiver.url, ratio: 0 } });
    const [, trace, , flags] = placeOf(await toldOver(gateway.url, CALLER));
    await gateway.close();
    assert.match(trace ?? "", /^[0-9a-f]{32}$/);
    assert.equal(flags, "00");
    assert.deepEqual(receiver.spans, []);
  });

  test("needs the proof for its receiver to be readable from the start", async () => {
    const traces = { endpoint: "http://127.0.0.1:9", authorization: join(folder, "nowhere") };
    await assert.rejects(startInFront(["http://127.0.0.1:9"], { traces }), (error) => {
      assert.ok(error instanceof GatewayError && error.code === "invalid-configuration");
      assert.deepEqual(error.details.fields, ["traces.authorization"]);
      return true;
    });
  });

  test("is served as any other while the receiver is away, hangs or talks nonsense", async () => {
    await using upstream = await startTelling();
    await using silent = await startRawUpstream(() => {});
    await using nonsense = await startRawUpstream((socket) => void socket.end("nonsense"));
    const away = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => away.once("listening", resolve));
    const { port } = away.address() as { port: number };
    await new Promise((resolve) => away.close(resolve));
    const endpoints = [`http://127.0.0.1:${port}`, silent.url, nonsense.url];
    const gateways = await Promise.all(
      endpoints.map((endpoint) => startInFront([upstream.url], { traces: { endpoint } })),
    );
    for (const { url } of gateways)
      for (let i = 0; i < 20; i += 1) assert.equal(placeOf(await toldOver(url, {})).length, 4);
    await Promise.all(gateways.map((gateway) => gateway.drain()));
  });
});

describe("without traces of its own", () => {
  const told = async (edge: GatewayConfig["edge"], headers: Record<string, string>): Promise<Fields> => {
    await using upstream = await startTelling();
    await using gateway = await startInFront([upstream.url], { edge });
    return await toldOver(gateway.url, headers);
  };

  test("what a stranger says of a trace ends here, what a proxy of ours says passes", async () => {
    const strangers = await told(EDGE, CALLER);
    assert.deepEqual([strangers.traceparent, strangers.tracestate], [undefined, undefined]);
    const ours = await told(TRUSTING, CALLER);
    assert.deepEqual([ours.traceparent, ours.tracestate], [CALLER.traceparent, CALLER.tracestate]);
  });
});

test("a line says which request tipped the balance, in the file of its class of retention", async () => {
  await using upstream = await startRawUpstream((socket) => void socket.destroy());
  const directory = join(folder, "logs");
  const config: GatewayConfig = {
    listen: { port: 0 },
    admin: false,
    edge: EDGE,
    log: { directory },
    upstreams: { service: { targets: [upstream.url, "http://127.0.0.1:9"], health: { failures: 1 } } },
    routes: [{ name: "all", path: "/*", upstream: "service" }],
  };
  const gateway = await startGateway(config, openGatewayLogs(readGatewayConfig(config)));
  const answer = await fetch(gateway.url, { method: "POST" });
  await answer.text();
  const id = answer.headers.get("x-request-id");
  await gateway.close();
  const linesOf = (name: string) =>
    readFileSync(join(directory, `${name}.log`), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  await until(() => linesOf("application").length > 0);
  const [event] = linesOf("application");
  assert.deepEqual([event.retention, event.kind, event.requestId], ["application", "target-ejected", id]);
  const [access] = linesOf("access");
  assert.deepEqual([access.retention, access.requestId, access.status], ["access", id, answer.status]);
});
