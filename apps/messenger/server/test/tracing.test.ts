import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createLogger } from "@rempart/observability/telemetry";
import { until } from "@rempart/testing";
import { startVaultTransit, VAULT_TOKEN } from "@rempart/testing/kms";
import { Person } from "./support/person.ts";
import { testMessenger } from "./support/server.ts";

interface Sent {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
}

const THEIRS = "0af7651916cd43dd8448eb211c80319c";
const FRAMES = "4bf92f3577b34da6a3ce929d0e0e4736";

/** What is asked of a Vault, on its way there: each request's span, by its id. */
async function startWay(vault: string): Promise<{ server: Server; url: string; spanIds: string[] }> {
  const spanIds: string[] = [];
  const server = createServer(async (request, response) => {
    spanIds.push(request.headers.traceparent?.toString().split("-")[2] ?? "none");
    const answer = await fetch(new URL(request.url ?? "/", vault), {
      method: "POST",
      headers: { "x-vault-token": String(request.headers["x-vault-token"]), "x-vault-request": "true" },
      body: Buffer.concat(await request.toArray()),
    });
    response.writeHead(answer.status).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spanIds };
}

test("a request is one trace down to the database and to our key service, and a frame, which links the request that opened its socket, one down to what is delivered", async () => {
  const spans: Sent[] = [];
  const receiver = createServer(async (request, response) => {
    const { resourceSpans } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
    response.setHeader("Content-Type", "application/json").end("{}");
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const { port } = receiver.address() as AddressInfo;
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const destinations = { application: destination, access: destination };
  await using vault = await startVaultTransit();
  const way = await startWay(vault.address);
  const server = await testMessenger({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      TRUSTED_PROXY_HOPS: "1",
      KMS_PROVIDER: "vault",
      VAULT_ADDR: way.url,
      VAULT_TOKEN,
      VAULT_TRANSIT_KEY: "rempart",
    },
    log: createLogger({ level: "debug", destinations }),
  });
  try {
    const ada = await Person.arrive(server.publicUrl, "ada");
    const answer = await fetch(new URL("/api/v1/devices?secret=query", server.publicUrl), {
      headers: { cookie: ada.cookie, traceparent: `00-${THEIRS}-b7ad6b7169203331-01` },
    });
    await answer.text();
    const bob = await Person.arrive(server.publicUrl, "bob");
    const conversationId = await ada.converse([bob]);
    const message = await ada.encrypt(conversationId, "hello");
    const socket = await ada.connect();
    socket.send({ t: "watch", userIds: [ada.id] });
    await socket.settled();
    const traceparent = `00-${FRAMES}-b7ad6b7169203331-01`;
    socket.send({ t: "send", conversationId, ...message, traceparent });
    await socket.next("ack");
    socket.close();
    const id = answer.headers.get("x-request-id");
    await until(() => lines.some((line) => line.includes(`"requestId":"${id}"`)));
    const line = JSON.parse(lines.find((one) => one.includes(`"requestId":"${id}"`)) ?? "{}");
    assert.equal(line.retention, "access");
    assert.equal(line.traceId, THEIRS);
  } finally {
    await server[Symbol.asyncDispose]();
    for (const ended of [receiver, way.server]) ended.close().closeAllConnections();
  }
  assert.ok(way.spanIds.length > 0);
  for (const id of way.spanIds) assert.equal(spans.find(({ spanId }) => spanId === id)?.name, "keys-vault");
  const theirs = spans.filter(({ traceId }) => traceId === THEIRS);
  const root = theirs.find(({ parentSpanId }) => parentSpanId === "b7ad6b7169203331");
  assert.match(root?.name ?? "", /^GET \/api\/v1\//);
  assert.ok(
    theirs.some(({ parentSpanId }) => parentSpanId === root?.spanId),
    "a statement within",
  );
  const upgrade = spans.find(({ name }) => name === "GET socket");
  const watched = spans.find(({ name }) => name === "message watch");
  assert.ok(upgrade && watched);
  assert.equal(watched.links?.[0]?.traceId, upgrade.traceId);
  assert.equal(
    spans.find(({ parentSpanId }) => parentSpanId === watched.spanId)?.traceId,
    watched.traceId,
    "a statement below the frame",
  );
  const sent = spans.find(({ name }) => name === "message send");
  assert.equal(sent?.parentSpanId, undefined);
  assert.deepEqual(
    sent?.links?.map(({ traceId }) => traceId),
    [upgrade.traceId, FRAMES],
  );
  assert.equal(spans.find(({ name }) => name === "messages-append")?.parentSpanId, sent?.spanId);
  const delivered = spans.find(({ name }) => name === "message deliver");
  assert.equal(delivered?.links?.[0]?.spanId, sent?.spanId);
  assert.equal(JSON.stringify(spans).includes("secret=query"), false);
});
