/** The edge as Express 5 middleware, for NestJS on Express too. Both are matched by shape and never imported. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { EDGE_PROBLEMS, type Problem } from "../problem.ts";
import { isWebSocket, NodeFacts } from "./node-facts.ts";
import { contextOf, fail, serve } from "./node-handler.ts";

export { contextOf } from "./node-handler.ts";

/** What is used of Express's request beside Node's. */
export interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string;
}

export type ExpressMiddleware = (request: ExpressRequest, response: ServerResponse, next: () => void) => void;

export type ExpressErrorMiddleware = (
  error: unknown,
  request: ExpressRequest,
  response: ServerResponse,
  next: (error: unknown) => void,
) => void;

/** Put it first: `app.use(expressEdge(edge))`. `contextOf(request)` is then the context. */
export function expressEdge(edge: Edge): ExpressMiddleware {
  return (request, response, next) => {
    const proceed = (exchange: Exchange): void => serve(edge, () => next(), request, response, exchange);
    const { headers, originalUrl } = request;
    const admitted = edge.admit(new NodeFacts(request, isWebSocket(headers.upgrade), originalUrl));
    if (admitted instanceof Promise) void admitted.then(proceed);
    else proceed(admitted);
  };
}

/** Put it last: `app.use(expressProblems(edge))`. What a handler threw becomes a problem document. */
export function expressProblems(edge: Edge): ExpressErrorMiddleware {
  return (error, request, response, next) => {
    const exchange = contextOf(request) as Exchange | undefined;
    if (exchange === undefined) next(error);
    else fail(edge, response, exchange, error, statedProblem(error));
  };
}

/** What is used of the host that NestJS hands to a filter. */
interface NestHost {
  switchToHttp(): { getRequest<R>(): R; getResponse<R>(): R };
}

export interface NestFilter {
  catch(error: unknown, host: NestHost): void;
}

/** The same for NestJS, which keeps errors from Express: `app.useGlobalFilters(nestProblems(edge))`. */
export function nestProblems(edge: Edge): NestFilter {
  return {
    catch(error, host) {
      const http = host.switchToHttp();
      const request = http.getRequest<ExpressRequest>();
      const exchange = contextOf(request) as Exchange | undefined;
      if (exchange === undefined) throw error;
      fail(edge, http.getResponse<ServerResponse>(), exchange, error, statedProblem(error));
    },
  };
}

/** What an error may state of itself, and the problem a client knows it by. */
const STATED: ReadonlyMap<number, Problem> = new Map(
  [
    EDGE_PROBLEMS.badRequest,
    EDGE_PROBLEMS.unauthenticated,
    EDGE_PROBLEMS.denied,
    EDGE_PROBLEMS.notFound,
    EDGE_PROBLEMS.conflict,
    EDGE_PROBLEMS.bodyTooLarge,
    EDGE_PROBLEMS.unsupportedMediaType,
    EDGE_PROBLEMS.unprocessable,
  ].map((problem) => [problem.status, problem]),
);

/**
 * A refusal that an error of the framework states itself, as `http-errors` (`status`) and NestJS (`getStatus`) do. Its
 * message is not repeated: body parsers quote the body in theirs.
 */
function statedProblem(error: unknown): Problem | null {
  const stated = error as { status?: unknown; getStatus?: () => unknown } | null | undefined;
  const status = typeof stated?.getStatus === "function" ? stated.getStatus() : stated?.status;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 400 || status > 499) return null;
  return STATED.get(status) ?? { ...EDGE_PROBLEMS.badRequest, status };
}
