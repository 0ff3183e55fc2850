import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Edge, EdgeContext } from "@rempart/edge";
import { createEdgeServer, type NodeHandler } from "@rempart/edge/node";
import { answerHealth, type HealthChecks } from "./health.ts";
import type { WebClient } from "./web-client.ts";

export interface PublicOptions {
  edge: Edge;
  api: NodeHandler;
  web: WebClient;
  health: HealthChecks;
  /** Whole documents by path: the API's description and its page. */
  documents: ReadonlyMap<string, Document>;
  /** The public keys that access tokens are checked with (RFC 7517). */
  signingKeys(): Promise<object>;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

export interface Document {
  readonly type: string;
  readonly body: Buffer;
}

/** The public listener: the API, the WebSocket, health, and the web client for every other address. */
export function createPublicServer(options: PublicOptions): Server {
  const handler: NodeHandler = (request, response, context) => {
    const path = pathOf(request.url ?? "/");
    const document = options.documents.get(path);
    if (document !== undefined) return answerDocument(document, path, response, context);
    if (path === "/api" || path.startsWith("/api/")) return options.api(request, response, context);
    if (path === "/health" || path === "/health/live" || path === "/health/ready") {
      context.route = path;
      return answerHealth(options.health, path, response);
    }
    if (path === SIGNING_KEYS) return answerSigningKeys(options, response, context);
    options.web.serve(request, response, path);
  };
  return createEdgeServer(options.edge, { handler, onUpgrade: options.upgrade });
}

const SIGNING_KEYS = "/.well-known/jwks.json";
/** Seconds; a new key is published for longer than that before it signs. */
const SIGNING_KEYS_MAX_AGE = 300;

async function answerSigningKeys(
  { signingKeys }: PublicOptions,
  response: ServerResponse,
  context: EdgeContext,
): Promise<void> {
  context.route = SIGNING_KEYS;
  const body = JSON.stringify(await signingKeys());
  response.writeHead(200, {
    "Content-Type": "application/jwk-set+json",
    "Cache-Control": `public, max-age=${SIGNING_KEYS_MAX_AGE}`,
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

function answerDocument(
  { type, body }: Document,
  path: string,
  response: ServerResponse,
  context: EdgeContext,
): void {
  context.route = path;
  response.writeHead(200, {
    "Content-Type": type,
    "Cache-Control": "no-cache",
    "Content-Length": body.length,
  });
  response.end(body);
}
