/** The edge as Hono middleware. Hono is matched by shape and never imported. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { EdgeAnswer } from "../headers/answer.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { mutable, toResponse, writeOwed } from "./fetch-answer.ts";
import { type BodyOptions, countBody, isReadFirst, readBody as readFetchBody } from "./fetch-body.ts";
import { FetchFacts } from "./fetch-facts.ts";
import { recorded } from "./fetch-recorded.ts";
import { limitStreamedBody } from "./node-body.ts";
import { isWebSocket, NodeFacts } from "./node-facts.ts";
import { guard, watch } from "./node-guard.ts";
import { readBody } from "./node-handler.ts";
import { record } from "./node-recorded.ts";

/** What is used of Hono's `Context`. */
export interface HonoContext {
  readonly req: { raw: Request };
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

/** `streamBodies` is for where Hono does not run on `@hono/node-server`: there bodies always stream, counted. */
export interface HonoEdgeOptions extends BodyOptions {
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
  return (context, next) => {
    const node = nodeBindings(context.env);
    if (node !== null) return onNode(edge, node, context, next);
    return onFetch(edge, options, context, next);
  };
}

async function onNode(
  edge: Edge,
  { incoming, outgoing }: NodeBindings,
  context: HonoContext,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const admitted = edge.admit(new NodeFacts(incoming, isWebSocket(incoming.headers.upgrade)));
  const exchange = admitted instanceof Promise ? await admitted : admitted;
  if (!watch(edge, exchange, outgoing)) return goesNowhere();
  if (exchange.verdict !== "pass") return toResponse(edge.answer(exchange));
  // Headers cost least where they are written, and there they reach answers too that Hono never sees.
  guard(outgoing);
  if (!limitStreamedBody(edge, exchange, incoming, outgoing)) return goesNowhere();
  if (exchange.needsBody) {
    if (!(await readBody(edge, exchange, incoming))) return goesNowhere();
    if (exchange.verdict !== "pass") return toResponse(withoutOwed(edge.answer(exchange)));
    if (exchange.attempt !== null) record(edge, exchange, exchange.attempt, outgoing);
  }
  context.set("edge", exchange);
  await exchange.run(next);
  replaceFailure(edge, exchange, context);
  return undefined;
}

/** Hono wants a response where the peer is gone, or was answered already: the guarded `writeHead` drops it. */
function goesNowhere(): Response {
  return new Response(null);
}

async function onFetch(
  edge: Edge,
  options: HonoEdgeOptions,
  context: HonoContext,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const admitted = edge.admit(new FetchFacts(context.req.raw, options.peer?.(context) ?? ""));
  const exchange = admitted instanceof Promise ? await admitted : admitted;
  const isPassed = exchange.verdict === "pass";
  const answer = isPassed ? await readRaw(edge, exchange, context, options) : edge.answer(exchange);
  if (answer !== null) {
    edge.settle(exchange, answer.status, false);
    return toResponse(answer);
  }
  context.set("edge", exchange);
  await exchange.run(next);
  const isReplaced = replaceFailure(edge, exchange, context);
  if (exchange.attempt !== null) replace(context, await recorded(edge, exchange, context.res));
  if (!isReplaced) writeOwedTo(edge, exchange, context);
  edge.settle(exchange, context.res.status, false);
  return undefined;
}

/** Reads a body that must be whole before the handler runs; what the edge answers to it, or null. */
async function readRaw(
  edge: Edge,
  exchange: Exchange,
  { req }: HonoContext,
  options: BodyOptions,
): Promise<EdgeAnswer | null> {
  if (!isReadFirst(exchange, req.raw, options)) return null;
  const counted = countBody(req.raw, exchange.matched.bodyBytes);
  try {
    req.raw = await readFetchBody(edge, exchange, counted.request);
  } catch (error) {
    const isTooLarge = counted.passedLimit();
    return edge.problem(exchange, isTooLarge ? EDGE_PROBLEMS.bodyTooLarge : edge.failure(exchange, error));
  }
  return exchange.verdict === "pass" ? null : edge.answer(exchange);
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
  replace(context, problemResponse(edge, context, problem));
  return true;
}

function replace(context: HonoContext, response: Response): void {
  context.res = undefined;
  context.res = response;
}

function nodeBindings(env: unknown): NodeBindings | null {
  const bindings = env as Partial<NodeBindings> | undefined;
  const isNode = bindings?.incoming?.rawHeaders !== undefined && bindings.outgoing?.writeHead !== undefined;
  return isNode ? (bindings as NodeBindings) : null;
}

function writeOwedTo(edge: Edge, exchange: Exchange, context: HonoContext): void {
  const response = mutable(context.res);
  if (response !== context.res) replace(context, response);
  writeOwed(edge, exchange, response.headers);
}
