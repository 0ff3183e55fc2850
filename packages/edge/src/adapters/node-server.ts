import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import type { Edge } from "../edge.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { connectionFacts, NodeFacts } from "./node-facts.ts";
import { send, watch } from "./node-guard.ts";
import { type NodeHandler, type NodeUpgradeHandler, nodeHandler, upgradeHandler } from "./node-handler.ts";
import { sendRaw } from "./node-raw.ts";
import { alone, inTurn, latestOf, type OrderedSocket } from "./node-turns.ts";

export interface EdgeServerOptions {
  readonly handler: NodeHandler;
  readonly onUpgrade?: NodeUpgradeHandler;
  /** Serve https by itself, where nothing in front does. The server is then one of `node:https`. */
  readonly tls?: TlsOptions;
}

/** How often connections are looked at for time-outs: a slow request lives this much longer than its limit at most. */
const TIMEOUT_CHECK_MS = 1000;

/**
 * A `node:http` server that keeps the edge's limits by itself, and whose own early answers (bytes that are no request,
 * headers too large or too slow, an unknown expectation) carry the edge's headers too. Listen and close it as any other.
 */
export function createEdgeServer(edge: Edge, options: EdgeServerOptions): Server {
  const { limits } = edge;
  const settings = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, limits.headersTimeoutMs),
    // The edge answers a missing Host itself: the platform's own answer would come without headers.
    requireHostHeader: false,
    insecureHTTPParser: false,
    // Anything but a WebSocket stays a plain request, as RFC 9110, 7.8 allows.
    shouldUpgradeCallback: (request: IncomingMessage) =>
      options.onUpgrade !== undefined && request.headers.upgrade?.toLowerCase() === "websocket",
  };
  const server =
    options.tls === undefined ? createServer(settings) : createTlsServer({ ...options.tls, ...settings });
  // One more than allowed, so that the policy sees the excess instead of a silently shortened list.
  server.maxHeadersCount = limits.headerCount + 1;
  const handle = nodeHandler(edge, options.handler);
  const handleExpectant = nodeHandler(edge, options.handler, (response) => response.writeContinue());
  server.on("request", inTurn(handle));
  // The body is asked for only once the request is admitted (RFC 9110, 10.1.1).
  server.on("checkContinue", inTurn(handleExpectant));
  server.on("connect", (request: IncomingMessage, socket: Duplex) => refuseTunnel(edge, request, socket));
  server.on(
    "checkExpectation",
    inTurn((request, response) => {
      refuseExpectation(edge, request, response);
      return undefined;
    }),
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket: OrderedSocket) =>
    refuseConnection(edge, error, socket),
  );
  if (options.onUpgrade !== undefined) server.on("upgrade", alone(upgradeHandler(edge, options.onUpgrade)));
  return server;
}

function refuseExpectation(edge: Edge, request: IncomingMessage, response: ServerResponse): void {
  const exchange = edge.refuseEarly(new NodeFacts(request, false), EDGE_PROBLEMS.expectation);
  watch(edge, exchange, response);
  send(response, edge.answer(exchange));
}

function refuseTunnel(edge: Edge, request: IncomingMessage, socket: Duplex): void {
  socket.on("error", () => socket.destroy());
  const exchange = edge.refuseEarly(new NodeFacts(request, false), EDGE_PROBLEMS.method);
  const answer = edge.answer(exchange);
  sendRaw(socket, answer);
  edge.settle(exchange, answer.status, false);
}

const EARLY_PROBLEMS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: EDGE_PROBLEMS.headersTooLarge,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: EDGE_PROBLEMS.bodyTooLarge,
  ERR_HTTP_REQUEST_TIMEOUT: EDGE_PROBLEMS.requestTimeout,
};

/**
 * The connection's bytes could not be understood, or did not come. Answers when that cannot be mistaken for the answer to
 * an earlier request: nothing is being answered, or the trouble is in the very request that waits.
 */
function refuseConnection(edge: Edge, error: NodeJS.ErrnoException, socket: OrderedSocket): void {
  const response = latestOf(socket);
  const isAnswering = response !== undefined && !response.writableFinished;
  // Bytes after a request that said it was the last: its answer still goes out, and the connection ends with it.
  if (isAnswering && error.code === "HPE_CLOSED_CONNECTION") return;
  const isAboutEarlier = isAnswering && (response.headersSent || response.req.complete);
  if (!socket.writable || isAboutEarlier || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const problem = EARLY_PROBLEMS[error.code ?? ""] ?? EDGE_PROBLEMS.badRequest;
  const facts = connectionFacts(socket.remoteAddress ?? "", "encrypted" in socket);
  const exchange = edge.refuseEarly(facts, problem);
  const answer = edge.answer(exchange);
  sendRaw(socket, answer);
  edge.settle(exchange, answer.status, false);
}
