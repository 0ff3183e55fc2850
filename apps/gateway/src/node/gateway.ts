import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createEdge, type EdgeContext, type Exchange, type Observer } from "@rempart/edge";
import { createEdgeServer, type NodeHandler } from "@rempart/edge/node";
import { type Clock, systemClock } from "@rempart/kernel";
import { type Logger, silentLogger } from "@rempart/runtime";
import { readGatewayConfig } from "../config/read.ts";
import type { GatewayConfig, GatewaySettings } from "../config/schema.ts";
import { compileRouting, edgeConfig } from "../core/routing.ts";
import { GatewayError } from "../errors.ts";
import { Forward } from "./forward.ts";
import { listen } from "./listen.ts";
import { refuseAmbiguous } from "./refuse.ts";
import { createTargets } from "./targets.ts";
import { Upstream, type UpstreamEvent } from "./upstream.ts";

export interface GatewayPorts {
  readonly log?: Logger;
  readonly clock?: Clock;
  /** Takes the access log, whole lines at a time; absent: there is none. */
  readonly accessLog?: (lines: string) => void;
  readonly observers?: readonly Observer[];
}

export interface Gateway {
  /** Where it serves: `http://127.0.0.1:8080`, no slash at the end. */
  readonly url: string;
  /** Null when the configuration has no administration listener. */
  readonly adminUrl: string | null;
  /** Takes nothing new, lets what is under way end within its deadline, then closes. */
  drain(): Promise<void>;
  /** Cuts everything. */
  close(): Promise<void>;
}

/** How often waiting connections are looked at: a time-out comes this much later than said at most. */
const SWEEP_MS = 100;

/**
 * Serves as configured. Rejects with `GatewayError` `invalid-configuration`, which names the fields, `invalid-certificate`
 * or `listen-failed`, or with the edge's own `invalid-configuration`.
 */
export async function startGateway(config: GatewayConfig, ports: GatewayPorts = {}): Promise<Gateway> {
  const settings = readGatewayConfig(config);
  const { log = silentLogger, clock = systemClock, observers = [] } = ports;
  const upstreams = createUpstreams(settings, clock, (event) => log.warn(event, "upstream"));
  const edge = createEdge({
    ...edgeConfig(settings, (event) => log.warn(event, "detector")),
    observers,
    clock,
  });
  const routing = compileRouting(settings);
  let isDraining = false;

  const handler: NodeHandler = (request: IncomingMessage, response: ServerResponse, context: EdgeContext) => {
    const route = routing(context.routeClass);
    if (route === null) throw new GatewayError("no-route", "No route serves this path");
    refuseAmbiguous(request);
    const upstream = upstreams.get(route.upstream) as Upstream;
    const passage = { edge, clock, route, upstream, isDraining: () => isDraining };
    const forward = new Forward(passage, request, response, context as Exchange);
    forward.start();
    return forward.settled;
  };
  const server = createEdgeServer(edge, { handler });
  const sweep = setInterval(() => expire(upstreams, clock), SWEEP_MS);
  sweep.unref();
  const url = `http://${await listen(server, settings.listen)}`;
  const close = async (): Promise<void> => {
    clearInterval(sweep);
    await closeServer(server);
    for (const upstream of upstreams.values()) for (const target of upstream.targets) target.close();
  };
  return {
    url,
    adminUrl: null,
    drain: async () => {
      isDraining = true;
      await close();
    },
    close,
  };
}

function createUpstreams(
  settings: GatewaySettings,
  clock: Clock,
  observe: (event: UpstreamEvent) => void,
): Map<string, Upstream> {
  const entries = Object.entries(settings.upstreams);
  return new Map(
    entries.map(([name, own]) => [name, new Upstream(name, own, createTargets(own, clock), clock, observe)]),
  );
}

function expire(upstreams: ReadonlyMap<string, Upstream>, clock: Clock): void {
  const now = clock.monotonic();
  for (const { targets } of upstreams.values()) for (const target of targets) target.expire(now);
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
