/** The edge as Hono middleware. Hono is matched by shape and never imported. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { EdgeAnswer } from "../headers/answer.ts";
import type { Problem } from "../problem.ts";
import { mutable, toResponse, writeOwed } from "./fetch-answer.ts";
import { FetchFacts } from "./fetch-facts.ts";
import { limitStreamedBody } from "./node-body.ts";
import { isWebSocket, NodeFacts } from "./node-facts.ts";
import { guard, watch } from "./node-guard.ts";

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
  /** Address of the connection's other end, where Hono does not run on `@hono/node-server`. */
  readonly peer?: (context: HonoContext) => string;
}

export type HonoMiddleware = (
  context: HonoContext,
  next: () => Promise<void>,
) => Promise<Response | undefined>;

/** What `@hono/node-server` hands on of the platform. */
interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Put it first: `app.use(honoEdge(edge))`. Protocol errors below Hono need `createEdgeServer` around it instead. */
export function honoEdge(edge: Edge, options: HonoEdgeOptions = {}): HonoMiddleware {
  return async (context, next) => {
    const node = nodeBindings(context.env);
    const facts = node
      ? new NodeFacts(node.incoming, isWebSocket(node.incoming.headers.upgrade))
      : new FetchFacts(context.req.raw, options.peer?.(context) ?? "");
    const admitted = edge.admit(facts);
    const exchange = admitted instanceof Promise ? await admitted : admitted;
    if (node) watch(edge, exchange, node.outgoing);
    if (exchange.verdict !== "pass") {
      const answer = edge.answer(exchange);
      if (!node) edge.settle(exchange, answer.status, false);
      return toResponse(answer);
    }
    if (node) {
      // Headers cost least where they are written, and there they reach answers too that Hono never sees.
      guard(node.outgoing);
      limitStreamedBody(edge, exchange, node.incoming, node.outgoing);
    }
    context.set("edge", exchange);
    await next();
    const isReplaced = replaceFailure(edge, exchange, context);
    if (!node) {
      if (!isReplaced) writeOwedTo(edge, exchange, context);
      edge.settle(exchange, context.res.status, false);
    }
    return undefined;
  };
}

/** A problem document as the answer of a handler. */
export function problemResponse(edge: Edge, context: HonoContext, problem: Problem): Response {
  const answer = edge.problem(context.get("edge") as Exchange, problem);
  return toResponse(nodeBindings(context.env) ? withoutOwed(answer) : answer);
}

/** For `app.onError` where the `node` adapter stands around Hono: what a handler threw, as a problem document. */
export function failureResponse(edge: Edge, context: HonoContext, error: unknown): Response {
  return problemResponse(edge, context, edge.failure(context.get("edge") as Exchange, error));
}

/** On Node `writeHead` adds what is owed: here it would be there twice. */
function withoutOwed({ status, headers, body, owed }: EdgeAnswer): EdgeAnswer {
  return { status, headers: headers.slice(owed), body, owed: 0 };
}

/** What a handler threw becomes a problem document, unless the application's own error handler found a better answer. */
function replaceFailure(edge: Edge, exchange: Exchange, context: HonoContext): boolean {
  if (context.error === undefined) return false;
  const problem = edge.failure(exchange, context.error);
  if (problem.status >= 500 && context.res.status < 500) return false;
  context.res = undefined;
  context.res = problemResponse(edge, context, problem);
  return true;
}

function nodeBindings(env: unknown): NodeBindings | null {
  const bindings = env as Partial<NodeBindings> | undefined;
  const isNode = bindings?.incoming?.rawHeaders !== undefined && bindings.outgoing?.writeHead !== undefined;
  return isNode ? (bindings as NodeBindings) : null;
}

function writeOwedTo(edge: Edge, exchange: Exchange, context: HonoContext): void {
  const response = mutable(context.res);
  if (response !== context.res) {
    context.res = undefined;
    context.res = response;
  }
  writeOwed(edge, exchange, response.headers);
}
