import type { Edge } from "@rempart/edge";
import type { Clock } from "@rempart/kernel";
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
