import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Edge } from "../edge.ts";
import type { EdgeContext, Exchange } from "../exchange.ts";
import type { Problem } from "../problem.ts";
import { limitStreamedBody } from "./node-body.ts";
import { NodeFacts } from "./node-facts.ts";
import { guard, send, watch } from "./node-guard.ts";
import { sendRaw } from "./node-raw.ts";
import { record } from "./node-recorded.ts";
import { wholeBody } from "./node-whole-body.ts";

/** May answer in its own time. What it throws or rejects with becomes a problem document. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  context: EdgeContext,
) => unknown;
export type NodeUpgradeHandler = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  context: EdgeContext,
) => unknown;

const CONTEXT = Symbol("edge context");

interface AdmittedRequest extends IncomingMessage {
  [CONTEXT]?: EdgeContext;
}

/** The context of a request that came through `nodeHandler`, for frameworks that hand on only the request. */
export function contextOf(request: IncomingMessage): EdgeContext | undefined {
  return (request as AdmittedRequest)[CONTEXT];
}

type Invite = (response: ServerResponse) => void;

/** What begins with a request. Where its decision takes time, a promise that is fulfilled once that has been carried out. */
export type Begin = (request: IncomingMessage, response: ServerResponse) => Promise<void> | undefined;

export function nodeHandler(edge: Edge, handler: NodeHandler, invite?: Invite): Begin {
  return (request, response) => {
    const admitted = edge.admit(new NodeFacts(request, false));
    if (admitted instanceof Promise)
      return admitted.then((exchange) => serve(edge, handler, request, response, exchange, invite));
    serve(edge, handler, request, response, admitted, invite);
    return undefined;
  };
}

/** What happens to a request once it is decided. `invite` asks an admitted peer for its body. */
export function serve(
  edge: Edge,
  handler: NodeHandler,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  invite?: Invite,
): void {
  if (!watch(edge, exchange, response)) return;
  if (exchange.verdict !== "pass") {
    refuse(edge, request, response, exchange);
    return;
  }
  guard(response);
  if (!limitStreamedBody(edge, exchange, request, response)) return;
  (request as AdmittedRequest)[CONTEXT] = exchange;
  invite?.(response);
  if (exchange.needsBody) void serveWithBody(edge, handler, request, response, exchange);
  else handle(edge, handler, request, response, exchange);
}

/** For a route whose body is judged, or whose answer is kept, before the handler runs. */
async function serveWithBody(
  edge: Edge,
  handler: NodeHandler,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
): Promise<void> {
  if (!(await readBody(edge, exchange, request))) return;
  if (exchange.verdict !== "pass") {
    send(response, edge.answer(exchange));
    return;
  }
  if (exchange.attempt !== null) record(edge, exchange, exchange.attempt, response);
  handle(edge, handler, request, response, exchange);
}

/** False when there is nobody left to answer: the peer went away, or was refused while it sent. */
export async function readBody(edge: Edge, exchange: Exchange, request: IncomingMessage): Promise<boolean> {
  const body = await wholeBody(request, exchange.matched.bodyBytes).catch(() => null);
  if (body !== null) await edge.admitBody(exchange, body);
  return body !== null;
}

function handle(
  edge: Edge,
  handler: NodeHandler,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
): void {
  try {
    const pending = exchange.run(() => handler(request, response, exchange));
    if (pending instanceof Promise) pending.catch((error: unknown) => fail(edge, response, exchange, error));
  } catch (error) {
    fail(edge, response, exchange, error);
  }
}

/** A body of unknown length that nobody will read is not worth keeping the connection for. */
function refuse(edge: Edge, request: IncomingMessage, response: ServerResponse, exchange: Exchange): void {
  const answer = edge.answer(exchange);
  if (request.headers["transfer-encoding"] !== undefined) answer.headers.push("Connection", "close");
  send(response, answer);
}

/** `stated` is what the error says of itself, where the application's own translation finds only a failure. */
export function fail(
  edge: Edge,
  response: ServerResponse,
  exchange: Exchange,
  error: unknown,
  stated: Problem | null = null,
): void {
  const found = edge.failure(exchange, error);
  const problem = found.status >= 500 && stated !== null ? stated : found;
  if (!response.headersSent) send(response, edge.problem(exchange, problem));
  // Half an answer must not look like a whole one.
  else if (!response.writableEnded) response.destroy();
}

/** For the server's `upgrade` event. Refusals are whole HTTP answers, with every header. */
export function upgradeHandler(
  edge: Edge,
  onUpgrade: NodeUpgradeHandler,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    // Stays for good: a handler that authenticates first would otherwise leave the socket's errors to nobody meanwhile.
    socket.on("error", destroy);
    const proceed = (exchange: Exchange): void => {
      if (exchange.verdict !== "pass") {
        const answer = edge.answer(exchange);
        sendRaw(socket, answer);
        edge.settle(exchange, answer.status, false);
        return;
      }
      void handOver(edge, onUpgrade, request, socket, head, exchange);
    };
    const admitted = edge.admit(new NodeFacts(request, true));
    if (admitted instanceof Promise) void admitted.then(proceed);
    else proceed(admitted);
  };
}

/** Shared, so that a socket that lives for days keeps no request alive. */
function destroy(this: Duplex): void {
  this.destroy();
}

async function handOver(
  edge: Edge,
  onUpgrade: NodeUpgradeHandler,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  exchange: Exchange,
): Promise<void> {
  try {
    await exchange.run(() => onUpgrade(request, socket, head, exchange));
    edge.settle(exchange, 101, false);
  } catch (error) {
    const answer = edge.problem(exchange, edge.failure(exchange, error));
    sendRaw(socket, answer);
    edge.settle(exchange, answer.status, false);
  }
}
