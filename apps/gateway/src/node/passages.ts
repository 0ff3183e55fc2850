import { once } from "node:events";
import type { Duplex } from "node:stream";
import type { Edge, Exchange } from "@rempart/edge";
import type { NodeHandler, NodeUpgradeHandler } from "@rempart/edge/node";
import type { Clock } from "@rempart/kernel";
import type { Route } from "../core/routing.ts";
import type { Upstream } from "../core/upstream/upstream.ts";
import { GatewayError } from "../errors.ts";
import { Forward } from "./forward.ts";
import { Handshake } from "./handshake.ts";
import type { Passage } from "./passage.ts";
import { refuseAmbiguous } from "./refuse.ts";
import type { Target } from "./target.ts";
import type { Traces } from "./traces.ts";

export interface PassagesOptions {
  readonly edge: Edge;
  readonly clock: Clock;
  readonly routing: (routeClass: string) => Route | null;
  readonly upstreams: ReadonlyMap<string, Upstream<Target>>;
  readonly traces: Traces;
  readonly counts: ReadonlyMap<string, Passage["count"]>;
}

/** What is done with a request that the edge let pass. */
export class Passages {
  readonly #options: PassagesOptions;
  /** By the edge's name of the route. */
  readonly #passages = new Map<string, Passage>();
  /** Of clients, from the request for a WebSocket to its end: the server counts them as open and does not cut them itself. */
  readonly #upgraded = new Set<Duplex>();
  #tunnels = 0;
  isDraining = false;

  constructor(options: PassagesOptions) {
    this.#options = options;
  }

  get tunnels(): number {
    return this.#tunnels;
  }

  readonly handler: NodeHandler = (request, response, context) => {
    const passage = this.#passage(context.routeClass);
    refuseAmbiguous(request, response);
    const { traces, upstream } = passage;
    const pass = () =>
      traces.follow(
        upstream.name,
        () => new Forward(passage, request, response, context as Exchange).settled,
      );
    // Pipelined: it waits for those before it, which may end the connection or change what it asks for (RFC 9112, 9.3.2).
    return response.socket === null ? once(response, "socket").then(pass) : pass();
  };

  readonly onUpgrade: NodeUpgradeHandler = async (request, socket, head, context) => {
    const passage = this.#passage(context.routeClass);
    refuseAmbiguous(request);
    if (head.length > 0) socket.unshift(head);
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    await passage.traces.follow(
      passage.upstream.name,
      () => new Handshake(passage, request, socket, context as Exchange).opened,
    );
    this.#tunnels += 1;
    socket.once("close", () => {
      this.#tunnels -= 1;
    });
  };

  /** Ends every WebSocket, also one whose handshake is under way. */
  cutTunnels(): void {
    for (const client of this.#upgraded) client.destroy();
  }

  #passage(routeClass: string): Passage {
    const known = this.#passages.get(routeClass);
    if (known !== undefined) return known;
    const { edge, clock, routing, upstreams, traces, counts } = this.#options;
    const route = routing(routeClass);
    const upstream = route === null ? undefined : upstreams.get(route.upstream);
    const count = route === null ? undefined : counts.get(route.upstream);
    if (route === null || upstream === undefined || count === undefined)
      throw new GatewayError("no-route", "No route serves this path");
    const passage = { edge, clock, route, upstream, traces, count, isDraining: () => this.isDraining };
    this.#passages.set(routeClass, passage);
    return passage;
  }
}
