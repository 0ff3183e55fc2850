import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createEdge, EDGE_PROBLEMS, type EdgeContext, type Exchange } from "@rempart/edge";
import { createEdgeServer } from "@rempart/edge/node";
import type { Registry } from "prom-client";
import { answerHealth, type HealthChecks } from "./health.ts";

export interface AdminOptions {
  health: HealthChecks;
  /** Null: `/metrics` is not served. */
  registry: Registry | null;
}

const LIMIT_PER_MINUTE = 6_000;

/** The administration listener: metrics and health. It holds nothing about people, and stands on loopback unless told. */
export function createAdminServer({ health, registry }: AdminOptions): Server {
  const edge = createEdge({
    preset: "api",
    rateLimit: { policies: [{ name: "address", limit: LIMIT_PER_MINUTE, windowSeconds: 60 }] },
  });
  const handler = async (
    request: IncomingMessage,
    response: ServerResponse,
    context: EdgeContext,
  ): Promise<void> => {
    const path = (request.url ?? "/").split("?", 1)[0] as string;
    context.route = path === "/metrics" || path.startsWith("/health") ? path : "other";
    if (path === "/metrics" && registry !== null) return answerMetrics(registry, response);
    if (path === "/health" || path === "/health/live" || path === "/health/ready") {
      return answerHealth(health, path, response);
    }
    const { status, body } = edge.problem(context as Exchange, EDGE_PROBLEMS.notFound);
    response.writeHead(status, { "Content-Type": "application/problem+json", "Cache-Control": "no-store" });
    response.end(body);
  };
  return createEdgeServer(edge, { handler });
}

async function answerMetrics(registry: Registry, response: ServerResponse): Promise<void> {
  const text = await registry.metrics();
  response.writeHead(200, { "Content-Type": registry.contentType, "Cache-Control": "no-store" });
  response.end(text);
}
