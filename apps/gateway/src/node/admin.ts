import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createEdge, EDGE_PROBLEMS, type EdgeContext, type Exchange } from "@rempart/edge";
import { createEdgeServer } from "@rempart/edge/node";
import { acceptedPage } from "@rempart/observability";
import type { Registry } from "prom-client";
import type { Upstream } from "../core/upstream/upstream.ts";
import type { Target } from "./target.ts";

export interface AdminOptions {
  readonly registry: Registry;
  readonly upstreams: ReadonlyMap<string, Upstream<Target>>;
  readonly isDraining: () => boolean;
}

const LIMIT_PER_MINUTE = 6_000;

/** The administration listener: `/health` and `/health/ready`, `/health/live`, `/metrics`. Keep it off the public network. */
export function createAdminServer(options: AdminOptions): Server {
  const edge = createEdge({
    preset: "api",
    rateLimit: { policies: [{ name: "address", limit: LIMIT_PER_MINUTE, windowSeconds: 60 }] },
  });
  const handler = async (
    request: IncomingMessage,
    response: ServerResponse,
    context: EdgeContext,
  ): Promise<void> => {
    switch ((request.url ?? "/").split("?", 1)[0]) {
      case "/metrics": {
        const { contentType, text } = await acceptedPage(options.registry, request.headers.accept);
        return answer(response, 200, contentType, text);
      }
      case "/health/live":
        return answer(response, 200, "application/json", '{"status":"live"}');
      case "/health":
      case "/health/ready":
        return answerReadiness(options, response);
      default: {
        const { status, body } = edge.problem(context as Exchange, EDGE_PROBLEMS.notFound);
        answer(response, status, "application/problem+json", body);
      }
    }
  };
  return createEdgeServer(edge, { handler });
}

/** Ready as long as any upstream has a target: a gateway that is taken out for one of several would take all down. */
function answerReadiness({ upstreams, isDraining }: AdminOptions, response: ServerResponse): void {
  const found = [...upstreams.values()].map(({ name, targets, circuit }) => ({
    name,
    circuit,
    targets: targets.map(({ name: target, health, isEjected }) => ({
      target,
      state: health.isUp ? (isEjected ? "ejected" : "up") : "down",
    })),
  }));
  const serves = found.some(({ targets }) => targets.some(({ state }) => state !== "down"));
  const status = isDraining() ? "draining" : serves ? "ready" : "unready";
  const body = JSON.stringify({ status, upstreams: found });
  answer(response, status === "ready" ? 200 : 503, "application/json", body);
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  response.end(body);
}
