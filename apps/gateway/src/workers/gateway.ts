import { createEdge, type Edge, type EdgeConfig, type Exchange } from "@rempart/edge";
import { type KvNamespace, kvStore } from "@rempart/edge/kv";
import { type WaitUntil, type WorkerContext, workersHandler } from "@rempart/edge/workers";
import { systemClock } from "@rempart/kernel";
import type { GatewaySettings } from "../config/schema.ts";
import { compileRouting, edgeConfig, type Route } from "../core/routing.ts";
import { saidTrace, trustsTraces } from "../core/said-trace.ts";
import { HEALTHY } from "../core/upstream/health.ts";
import { Upstream } from "../core/upstream/upstream.ts";
import { GatewayError } from "../errors.ts";
import { KvBans, type KvReader } from "./bans.ts";
import { forward, type WorkerPassage, type WorkerTarget } from "./forward.ts";
import { readWorkerSettings } from "./settings.ts";

/** The bindings of a gateway, as `wrangler.jsonc` names them. */
export interface GatewayEnv {
  /** The configuration that the gateway on Node reads from a file. */
  readonly GATEWAY_CONFIG: unknown;
  /** Counts of rate limits. Absent: each instance counts alone. */
  readonly RATE_LIMIT_KV?: KvNamespace;
  /** Holds a ban snapshot under `bans`. Absent: nobody is banned. */
  readonly BANS_KV?: KvReader;
}

/** KV answers from the nearest data centre, and now and then from a far one. */
const KV_BUDGET_MS = 1000;

/** One request's context, and what the edge must leave to the upstream in its answer. */
interface RequestContext extends WorkerContext {
  readonly kept: [name: string, value: string][];
}

/** Everything that lasts as long as an instance. */
interface Instance {
  readonly settings: GatewaySettings;
  readonly bans: KvBans | null;
  readonly routing: (routeClass: string) => Route | null;
  readonly upstreams: ReadonlyMap<string, Upstream<WorkerTarget>>;
  readonly told: WorkerPassage["told"];
}

/** A gateway on Workers: `export default createWorkerGateway()`. What it reads of `env` is read with the first request. */
export function createWorkerGateway(): {
  fetch(request: Request, env: GatewayEnv, worker: WorkerContext): Promise<Response>;
} {
  let instance: Instance | null = null;
  let edge: Edge;
  const handler = workersHandler<GatewayEnv, RequestContext>(
    (env, waitUntil) => {
      edge = createEdge(workerEdgeConfig(instance as Instance, env, waitUntil));
      return edge;
    },
    async (request, _env, { kept }, context) => {
      const { told } = instance as Instance;
      const passage = passageOf(instance as Instance, context.routeClass);
      const response = await forward({ ...passage, owns: edge.owns, told }, request, context as Exchange);
      for (const name of passage.route.kept) keep(kept, name, response);
      return response;
    },
    { streamBodies: true },
  );
  return {
    async fetch(request, env, worker) {
      instance ??= createInstance(env);
      const waitUntil: WaitUntil = (work) => worker.waitUntil(work);
      await instance.bans?.refresh(waitUntil);
      const kept: RequestContext["kept"] = [];
      const response = await handler.fetch(request, env, { waitUntil, kept });
      for (const [name, value] of kept) response.headers.set(name, value);
      return response;
    },
  };
}

function keep(kept: RequestContext["kept"], name: string, { headers }: Response): void {
  const value = headers.get(name);
  if (value !== null) kept.push([name, value]);
}

function createInstance({ GATEWAY_CONFIG, BANS_KV: namespace }: GatewayEnv): Instance {
  const settings = readWorkerSettings(GATEWAY_CONFIG);
  const failed = (reason: string): void => warn({ kind: "bans-not-read", reason });
  return {
    settings,
    bans: namespace === undefined ? null : new KvBans({ namespace, clock: systemClock, failed }),
    routing: compileRouting(settings),
    told: trustsTraces(settings) ? saidTrace : () => null,
    upstreams: new Map(
      Object.entries(settings.upstreams).map(([name, own]) => [name, createUpstream(name, own)]),
    ),
  };
}

function createUpstream(
  name: string,
  settings: GatewaySettings["upstreams"][string],
): Upstream<WorkerTarget> {
  const targets = settings.targets.map((text) => ({
    name: new URL(text).origin,
    health: HEALTHY,
    inFlight: 0,
  }));
  return new Upstream<WorkerTarget>(name, settings, targets, systemClock, warn);
}

function workerEdgeConfig({ settings, bans }: Instance, env: GatewayEnv, waitUntil: WaitUntil): EdgeConfig {
  const config = edgeConfig(settings, warn);
  const { rateLimit } = config;
  const namespace = env.RATE_LIMIT_KV;
  const isCounted = rateLimit !== undefined && rateLimit !== false && namespace !== undefined;
  return {
    ...config,
    ...(bans !== null && { bans: bans.bans }),
    ...(isCounted && {
      rateLimit: {
        ...rateLimit,
        store: kvStore({ namespace, waitUntil }),
        budgetMs: KV_BUDGET_MS,
        onFailure: "local",
      },
    }),
  };
}

function passageOf({ routing, upstreams }: Instance, routeClass: string) {
  const route = routing(routeClass);
  const upstream = route === null ? undefined : upstreams.get(route.upstream);
  if (route === null || upstream === undefined)
    throw new GatewayError("no-route", "No route serves this path");
  return { route, upstream };
}

/** One line of JSON in the Worker's log. */
function warn(event: object): void {
  console.warn(JSON.stringify(event));
}
