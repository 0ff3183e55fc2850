/** The edge as Hono middleware. Hono is matched by shape and never imported. */
import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import type { EdgeAnswer } from "../headers/answer.ts";
import type { Problem } from "../problem.ts";

/** What is used of Hono's `Context`. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  readonly error: Error | undefined;
  get res(): Response;
  /** Hono merges the headers of the response before, unless that was taken away first. */
  set res(response: Response | undefined);
  set(key: "edge", value: EdgeContext): void;
  get(key: "edge"): EdgeContext;
}

/** Type it as `new Hono<{ Variables: EdgeVariables }>()`, then `c.get("edge")` is the context. */
export interface EdgeVariables {
  edge: EdgeContext;
}

export interface HonoEdgeOptions {
  /** Address of the connection's other end; by default that of `@hono/node-server`'s socket. */
  readonly peer?: (context: HonoContext) => string;
}

export type HonoMiddleware = (
  context: HonoContext,
  next: () => Promise<void>,
) => Promise<Response | undefined>;

/** Put it first: `app.use(honoEdge(edge))`. Protocol errors below Hono need the `node` adapter's server around it. */
export function honoEdge(edge: Edge, options: HonoEdgeOptions = {}): HonoMiddleware {
  const peer = options.peer ?? socketAddress;
  return async (context, next) => {
    const admitted = edge.admit(new FetchFacts(context, peer(context)));
    const exchange = admitted instanceof Promise ? await admitted : admitted;
    if (exchange.verdict !== "pass") {
      const answer = edge.answer(exchange);
      edge.settle(exchange, answer.status, false);
      return toResponse(answer);
    }
    context.set("edge", exchange);
    await next();
    complete(edge, exchange, context);
    edge.settle(exchange, context.res.status, false);
    return undefined;
  };
}

/** A problem document with every header, as the answer of a handler. */
export function problemResponse(edge: Edge, context: HonoContext, problem: Problem): Response {
  return toResponse(edge.problem(context.get("edge") as Exchange, problem));
}

/** What a handler threw becomes a problem, and whatever answer there is gets the headers it owes. */
function complete(edge: Edge, exchange: Exchange, context: HonoContext): void {
  if (context.error !== undefined) {
    const problem = edge.failure(exchange, context.error);
    // An error handler of the application may have found a better answer than a failure.
    if (problem.status < 500 || context.res.status >= 500) {
      context.res = undefined;
      context.res = toResponse(edge.problem(exchange, problem));
      return;
    }
  }
  writeOwed(edge, exchange, mutableHeaders(context));
}

/** The headers of a fetched response that a handler passes on cannot be changed: then a copy is answered. */
function mutableHeaders(context: HonoContext): Headers {
  try {
    context.res.headers.delete("x-powered-by");
  } catch {
    const copy = new Response(context.res.body, context.res);
    context.res = undefined;
    context.res = copy;
  }
  return context.res.headers;
}

function writeOwed(edge: Edge, exchange: Exchange, headers: Headers): void {
  const owed = edge.headers(exchange);
  for (const name of [...headers.keys()]) if (edge.owns(name)) headers.delete(name);
  for (let i = 0; i < owed.length; i += 2) {
    const name = owed[i] as string;
    if (name === "Vary") headers.append(name, owed[i + 1] as string);
    else headers.set(name, owed[i + 1] as string);
  }
}

function toResponse({ status, headers, body }: EdgeAnswer): Response {
  const list = new Headers();
  for (let i = 0; i < headers.length; i += 2) list.append(headers[i] as string, headers[i + 1] as string);
  return new Response(status === 204 ? null : body, { status, headers: list });
}

class FetchFacts implements RequestFacts {
  readonly #request: Request;
  readonly peer: string;
  readonly upgrade: boolean;

  constructor(context: HonoContext, peer: string) {
    this.#request = context.req.raw;
    this.peer = peer;
    this.upgrade = this.header("upgrade")?.toLowerCase() === "websocket";
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    const { url } = this.#request;
    const path = url.indexOf("/", url.indexOf("://") + 3);
    return path < 0 ? "/" : url.slice(path);
  }

  get encrypted(): boolean {
    return this.#request.url.startsWith("https:");
  }

  get headerCount(): number {
    let count = 0;
    for (const _ of this.#request.headers) count += 1;
    return count;
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined;
  }

  /** The platform has joined repeated lines; of those that may not be, the comma gives them away. */
  repeated(name: string): boolean {
    return this.header(name)?.includes(",") ?? false;
  }
}

function socketAddress({ env }: HonoContext): string {
  const { incoming } = (env ?? {}) as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? "";
}
