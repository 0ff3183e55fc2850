import type { Edge } from "@rempart/edge";
import type { Clock } from "@rempart/kernel";
import type { Route } from "../core/routing.ts";
import type { Upstream } from "../core/upstream/upstream.ts";
import type { UpstreamAnswer } from "./metrics.ts";
import type { Target } from "./target.ts";
import type { Traces } from "./traces.ts";

/** What one request needs of the gateway. */
export interface Passage {
  readonly edge: Edge;
  readonly clock: Clock;
  readonly route: Route;
  readonly upstream: Upstream<Target>;
  readonly traces: Traces;
  /** Told what came of each attempt. */
  readonly count: (answer: UpstreamAnswer) => void;
  /** Whether the gateway is draining: connections end with their answer. */
  readonly isDraining: () => boolean;
}
