/** The edge on Cloudflare Workers, as the module's default export. The platform is matched by shape. */
import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { BodyOptions } from "./fetch-body.ts";
import { FetchFacts } from "./fetch-facts.ts";
import { serveFetch } from "./fetch-handler.ts";

export { type PassedOn, passOn } from "./workers-body.ts";

/** What is used of a Worker's execution context. */
export interface WorkerContext {
  waitUntil(work: Promise<unknown>): void;
}

/** Keeps the instance alive until the work is done, on account of the request being decided or settled. */
export type WaitUntil = (work: Promise<unknown>) => void;

export type WorkerHandler<Env, Context extends WorkerContext> = (
  request: Request,
  env: Env,
  worker: Context,
  context: EdgeContext,
) => Response | Promise<Response>;

export interface WorkersOptions extends BodyOptions {
  /** Address of the client; default what Cloudflare itself writes into `CF-Connecting-IP`. */
  readonly peer?: (request: Request) => string;
}

/**
 * `export default workersHandler(create, handler)`. `create` is called once per instance, with the first request: bindings
 * are known and randomness is allowed only then. Observers and stores may hand lasting work to its `waitUntil`, at once.
 */
export function workersHandler<Env, Context extends WorkerContext = WorkerContext>(
  create: (env: Env, waitUntil: WaitUntil) => Edge,
  handler: WorkerHandler<Env, Context>,
  { peer = connectingAddress, streamBodies = false }: WorkersOptions = {},
): { fetch(request: Request, env: Env, worker: Context): Promise<Response> } {
  let edge: Edge | null = null;
  let current: WorkerContext | null = null;
  const waitUntil: WaitUntil = (work) => current?.waitUntil(work);
  return {
    fetch(request, env, worker) {
      current = worker;
      edge ??= create(env, waitUntil);
      const compiled = edge;
      const settle = (exchange: Exchange, status: number): void => {
        current = worker;
        compiled.settle(exchange, status, false);
      };
      return serveFetch(compiled, new FetchFacts(request, peer(request)), request, {
        handler: (admitted, context) => handler(admitted, env, worker, context),
        settle,
        streamBodies,
      });
    },
  };
}

function connectingAddress(request: Request): string {
  return request.headers.get("cf-connecting-ip") ?? "";
}
