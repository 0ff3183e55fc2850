/** An application that uses what the edge offers for hostile input, behind an edge with the policies that read what a client sends. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createEdgeServer } from "../../src/adapters/node.ts";
import {
  createEdge,
  type Edge,
  type EdgeContext,
  parseCookies,
  parseJson,
  parseQuery,
  safeRedirectTarget,
  type TrustedProxies,
} from "../../src/index.ts";
import type { Outcome } from "../../src/ports.ts";

export interface FuzzedServer {
  readonly port: number;
  close(): void;
}

export async function startServer(
  header: NonNullable<TrustedProxies["header"]>,
  settled: (outcome: Outcome) => void,
): Promise<FuzzedServer> {
  const edge = createFuzzedEdge(header, settled);
  const server = createEdgeServer(edge, {
    handler: (request, response, context) => answer(edge, request, response, context),
    onUpgrade: (_request, socket) =>
      void socket.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function createFuzzedEdge(
  header: NonNullable<TrustedProxies["header"]>,
  settled: (outcome: Outcome) => void,
): Edge {
  return createEdge({
    preset: "strict",
    proxies: { hops: 1, header },
    requestId: { acceptInbound: true },
    cors: { origins: ["https://friend.example.org", "https://*.team.example"], credentials: true },
    limits: { bodyBytes: 250, targetBytes: 400, headerCount: 30, headerBytes: 4096 },
    routes: [
      { name: "denied", path: "/denied", deny: true },
      { name: "small", path: "/small", rateLimit: "small" },
      { name: "ws", path: "/ws", webSocket: "browser" },
    ],
    rateLimit: {
      policies: [
        { name: "default", limit: 1_000_000_000, windowSeconds: 60 },
        { name: "small", limit: 5, windowSeconds: 1 },
      ],
      maxKeys: 100,
    },
    redirects: [
      { from: "/old", to: "/new" },
      { from: "/moved/:first/:second", to: "https://docs.example.com/:second/:first" },
    ],
    versions: {
      versions: [{ version: "1" }, { version: "2", deprecatedAt: 0 }],
      place: "media-type",
      fallback: "1",
    },
    experiments: { experiments: [{ name: "button", variants: { red: 1, blue: 1 } }] },
    detector: { mode: "block", behaviour: { refusals: 1e9, misses: 1e9 } },
    observers: [{ settled }],
  });
}

async function answer(
  edge: Edge,
  request: IncomingMessage,
  response: ServerResponse,
  context: EdgeContext,
): Promise<void> {
  const [path = "", query = ""] = (request.url ?? "").split("?");
  response.setHeader("X-Client", context.client.text);
  if (path === "/next") {
    const { next } = parseQuery(query) ?? {};
    response.writeHead(302, { Location: safeRedirectTarget(typeof next === "string" ? next : null) }).end();
  } else if (path === "/cookies") response.end(JSON.stringify(parseCookies(request.headers.cookie)));
  else if (path === "/echo") await echo(edge, request, response, context);
  else response.end("ok");
}

async function echo(
  edge: Edge,
  request: IncomingMessage,
  response: ServerResponse,
  context: EdgeContext,
): Promise<void> {
  const read = parseJson(await buffer(request));
  const problem = edge.inspect(context, read);
  response.statusCode = problem?.status ?? 200;
  response.end(JSON.stringify(read));
}
