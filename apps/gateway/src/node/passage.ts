import type { Edge, Exchange } from "@rempart/edge";
import type { Clock } from "@rempart/kernel";
import type { Told } from "../core/request-fields.ts";
import type { Route } from "../core/routing.ts";
import type { Upstream } from "../core/upstream/upstream.ts";
import type { Target } from "./target.ts";

/** What one request needs of the gateway. */
export interface Passage {
  readonly edge: Edge;
  readonly clock: Clock;
  readonly route: Route;
  readonly upstream: Upstream<Target>;
  /** Whether the gateway is draining: connections end with their answer. */
  readonly isDraining: () => boolean;
}

/** What the upstream is told of the client. `host` is the request's own, which the edge has checked. */
export function toldOf({ client, scheme, requestId, facts }: Exchange, host: string): Told {
  return { client: client.text, scheme: scheme ?? (facts.encrypted ? "https" : "http"), host, requestId };
}
