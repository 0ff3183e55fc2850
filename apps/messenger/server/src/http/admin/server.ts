import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { logFile, type ObjectStore } from "@rempart/audit";
import { createEdge, type Edge, type Observer, type RequestTracer } from "@rempart/edge";
import { createEdgeServer, type NodeHandler } from "@rempart/edge/node";
import type { Clock, Random } from "@rempart/kernel";
import { acceptedPage } from "@rempart/observability";
import type { Registry } from "prom-client";
import type { LimitsConfig } from "../../config.ts";
import { answerHealth, type HealthChecks } from "../health.ts";
import { toProblem } from "../problems.ts";
import { ADMIN_POLICY } from "./api.ts";

export interface AdminEdgeOptions {
  readonly limits: LimitsConfig;
  readonly observers: readonly Observer[];
  readonly tracer: RequestTracer;
  readonly clock: Clock;
  readonly random: Random;
}

/** Metrics are scraped and health is asked for from one address, by several. */
const REQUESTS_PER_WINDOW = 6_000;
/** An administrator's console asks for many things at once; somebody who guesses 256 bits does not notice. */
const CREDENTIALS_PER_AUTH = 30;

export function createAdminEdge({ limits, ...ports }: AdminEdgeOptions): Edge {
  const { windowSeconds } = limits;
  return createEdge({
    preset: "api",
    // Only the Authorization field says who asks, and no browser attaches that by itself.
    csrf: false,
    rateLimit: {
      policies: [
        { name: "address", limit: REQUESTS_PER_WINDOW, windowSeconds: 60 },
        { name: ADMIN_POLICY.credentials, limit: limits.auth * CREDENTIALS_PER_AUTH, windowSeconds },
        { name: ADMIN_POLICY.user, limit: limits.requests, windowSeconds },
      ],
    },
    toProblem,
    ...ports,
  });
}

export interface AdminOptions {
  readonly edge: Edge;
  readonly api: NodeHandler;
  readonly health: HealthChecks;
  /** Null: `/metrics` is not served. */
  readonly registry: Registry | null;
  /** The published files of the audit log. */
  readonly auditObjects: ObjectStore;
}

const AUDIT_PREFIX = "/audit/";

/** The administration listener: its API, metrics, health and the published audit log. It stands on loopback unless told. */
export function createAdminServer({ edge, api, health, registry, auditObjects }: AdminOptions): Server {
  const handler: NodeHandler = (request: IncomingMessage, response, context) => {
    const path = (request.url ?? "/").split("?", 1)[0] as string;
    if (path === "/metrics" && registry !== null) {
      context.route = path;
      return answerMetrics(registry, request, response);
    }
    if (path === "/health" || path === "/health/live" || path === "/health/ready") {
      context.route = path;
      return answerHealth(health, path, response);
    }
    if (path.startsWith(AUDIT_PREFIX)) {
      context.route = AUDIT_PREFIX;
      return answerLogFile(auditObjects, path.slice(AUDIT_PREFIX.length), response);
    }
    return api(request, response, context);
  };
  return createEdgeServer(edge, { handler });
}

/** Without asking who: the log is for whoever checks it, and its leaves tell nothing to others. */
async function answerLogFile(objects: ObjectStore, path: string, response: ServerResponse): Promise<void> {
  const file = await logFile(objects, path);
  if (file === null) {
    response.writeHead(404, { "Cache-Control": "no-store" }).end();
    return;
  }
  const { contentType, cacheControl, body } = file;
  response.writeHead(200, {
    "Content-Type": contentType,
    "Cache-Control": cacheControl,
    "Content-Length": body.length,
  });
  response.end(body);
}

async function answerMetrics(
  registry: Registry,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { contentType, text } = await acceptedPage(registry, request.headers.accept);
  response.writeHead(200, { "Content-Type": contentType, "Cache-Control": "no-store" });
  response.end(text);
}
