import type { DetectorEvent, EdgeConfig, RouteRule } from "@rempart/edge";
import type { GatewaySettings, RouteSettings } from "../config/schema.ts";
import { gatewayProblem } from "./problems.ts";

/** Where a request goes, by the name of the edge's route rule that matched it. */
export interface Route {
  readonly name: string;
  readonly upstream: string;
  /** Lower-case names of headers of which the upstream's own value holds. */
  readonly kept: ReadonlySet<string>;
}

/**
 * The edge matches the path, and the gateway only looks up what it found: one reading of the path decides the policies and
 * the destination. Routes that are denied have no destination.
 */
export function compileRouting({
  routes,
}: Pick<GatewaySettings, "routes">): (routeClass: string) => Route | null {
  const byName = new Map<string, Route>();
  for (const { name, upstream, keep } of routes) {
    if (upstream !== undefined) byName.set(name, { name, upstream, kept: new Set(keep) });
  }
  return (routeClass) => byName.get(routeClass) ?? null;
}

/** The edge's configuration that a gateway's settings ask for. `observe` is told what the detector finds, where it is on. */
export function edgeConfig(
  { edge: { detector = false, ...edge }, routes }: Pick<GatewaySettings, "edge" | "routes">,
  observe: (event: DetectorEvent) => void,
): EdgeConfig {
  return {
    ...edge,
    detector: detector === false ? false : { ...detector, observe },
    routes: routes.map(toRule),
    toProblem: gatewayProblem,
  };
}

function toRule({ upstream: _, keep: __, ...rule }: RouteSettings): RouteRule {
  return rule;
}
