/** The edge in Next.js 16: `proxy.ts` for pages, and route handlers. Next.js is matched by shape and never imported. */
import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { EdgeAnswer } from "../headers/answer.ts";
import { toResponse, writeOwed } from "./fetch-answer.ts";
import type { BodyOptions } from "./fetch-body.ts";
import { FetchFacts } from "./fetch-facts.ts";
import { serveFetch } from "./fetch-handler.ts";

/** `NextResponse`, or what is used of it. */
export interface NextResponseFactory {
  next(init: { request: { headers: Headers } }): Response;
}

export interface NextOptions {
  /** Address of the connection's other end. Next.js tells nobody: without this, configure `proxies`. */
  readonly peer?: (request: Request) => string;
}

const CSP = "content-security-policy";

/**
 * `export const proxy = nextProxy(edge, NextResponse)`. Pages find the nonce in the request header `x-nonce`, the request's
 * id in `x-request-id`, the client's address in `x-client-address`, and its variants as JSON in `x-variants`: whatever the
 * client sent under these names is gone.
 * Next.js gives the nonce to its own scripts by itself. What the page answers is not seen: its outcome has status 0.
 */
export function nextProxy(
  edge: Edge,
  { next }: NextResponseFactory,
  { peer = unknownPeer }: NextOptions = {},
): (request: Request) => Promise<Response> {
  return async (request) => {
    const admitted = edge.admit(new FetchFacts(request, peer(request)));
    const exchange = admitted instanceof Promise ? await admitted : admitted;
    const answer = ownAnswer(edge, exchange);
    if (answer !== null) {
      edge.settle(exchange, answer.status, false);
      return toResponse(answer);
    }
    const response = handOn(edge, exchange, request, next);
    edge.settle(exchange, 0, false);
    return response;
  };
}

/** Null for a request the page answers. Next.js shows the proxy no body to judge: such a route is refused, not let through. */
function ownAnswer(edge: Edge, exchange: Exchange): EdgeAnswer | null {
  if (exchange.verdict !== "pass") return edge.answer(exchange);
  if (!exchange.needsBody) return null;
  const error = new TypeError("bodies and idempotency keys are for route handlers: nextProxy sees no body");
  return edge.problem(exchange, edge.failure(exchange, error));
}

function handOn(
  edge: Edge,
  exchange: Exchange,
  request: Request,
  next: NextResponseFactory["next"],
): Response {
  const owed = new Headers();
  writeOwed(edge, exchange, owed);
  const headers = new Headers(request.headers);
  const policy = owed.get(CSP);
  // Next.js takes the nonce of its scripts from this header: a client must not choose it.
  if (policy === null) headers.delete(CSP);
  else headers.set(CSP, policy);
  headers.delete("content-security-policy-report-only");
  headers.set("x-nonce", exchange.nonce);
  headers.set("x-request-id", exchange.requestId);
  headers.set("x-client-address", exchange.client.text);
  headers.set("x-variants", JSON.stringify(exchange.variants));
  const response = next({ request: { headers } });
  for (const [name, value] of owed) response.headers.append(name, value);
  return response;
}

export type NextRouteHandler<R extends Request, Segment> = (
  request: R,
  segment: Segment,
  context: EdgeContext,
) => Response | Promise<Response>;

export interface NextRouteOptions extends NextOptions, BodyOptions {}

/**
 * `export const GET = nextRoute(edge, handler)`. Admits the request by itself: leave such paths out of the proxy's
 * `matcher`, or they are counted twice.
 */
export function nextRoute<R extends Request, Segment>(
  edge: Edge,
  handler: NextRouteHandler<R, Segment>,
  { peer = unknownPeer, streamBodies = false }: NextRouteOptions = {},
): (request: R, segment: Segment) => Promise<Response> {
  const settle = (exchange: Exchange, status: number): void => edge.settle(exchange, status, false);
  return (request, segment) =>
    serveFetch(edge, new FetchFacts(request, peer(request)), request, {
      handler: (admitted, context) => handler(admitted, segment, context),
      settle,
      streamBodies,
    });
}

function unknownPeer(): string {
  return "";
}
