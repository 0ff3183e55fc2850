import type { IncomingMessage, ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import { EdgeError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { preempt } from "./node-guard.ts";

/**
 * Counts a body that came without `Content-Length` (with one, the parser holds the peer to it). Past the limit the client
 * gets 413 when nothing was answered yet, and whoever reads the body gets an `EdgeError`: never a body cut short. False
 * when it was refused already.
 */
export function limitStreamedBody(
  edge: Edge,
  exchange: Exchange,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (request.headers["transfer-encoding"] === undefined) return true;
  const limit = exchange.matched.bodyBytes;
  const push = request.push;
  // A remote store may have been asked meanwhile: what arrived is buffered already.
  let received = request.readableLength;
  if (received > limit) {
    refuse(edge, exchange, request, response);
    return false;
  }
  request.push = (chunk: Buffer | null, encoding) => {
    if (received > limit) return true;
    received += chunk?.length ?? 0;
    if (received <= limit) return push.call(request, chunk, encoding);
    refuse(edge, exchange, request, response);
    return true;
  };
  return true;
}

function refuse(edge: Edge, exchange: Exchange, request: IncomingMessage, response: ServerResponse): void {
  const error = new EdgeError("body-too-large", "The request's body passed its limit");
  if (response.headersSent) {
    request.destroy(error);
    return;
  }
  const answer = edge.problem(exchange, EDGE_PROBLEMS.bodyTooLarge);
  answer.headers.push("Connection", "close");
  response.once("finish", () => request.destroy(error));
  preempt(response, answer);
}
