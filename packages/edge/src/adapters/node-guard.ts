import type { OutgoingHttpHeader, ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { type EdgeAnswer, isBodiless } from "../headers/answer.ts";
import { EDGE, EXCHANGE, flat, type Listed, type OwedResponse, writeHead, writeHeadOf } from "./node-head.ts";

const PREEMPTED = Symbol("preempted");
const ON_HEAD = Symbol("head listener");

/** A response whose headers the edge completes, however the handler writes them. */
interface GuardedResponse extends OwedResponse {
  [PREEMPTED]?: boolean;
  [ON_HEAD]?: HeadListener;
}

/** Told of the headers that go out, set ones included; those the edge answers for may be among them. */
export type HeadListener = (headers: readonly OutgoingHttpHeader[]) => void;

/**
 * Observes the end of the response. False when it is over already: the peer went away while a remote limiter was asked, and
 * its end, which settles the request, has been told to nobody.
 */
export function watch(edge: Edge, exchange: Exchange, response: ServerResponse): boolean {
  const watched = response as GuardedResponse;
  watched[EDGE] = edge;
  watched[EXCHANGE] = exchange;
  if (response.destroyed) settle.call(response);
  else response.on("close", settle);
  return !response.destroyed;
}

function settle(this: ServerResponse): void {
  const { [EDGE]: edge, [EXCHANGE]: exchange, statusCode, writableFinished } = this as GuardedResponse;
  edge.settle(exchange, statusCode, !writableFinished);
}

export function onHead(response: ServerResponse, listener: HeadListener): void {
  (response as GuardedResponse)[ON_HEAD] = listener;
}

/** Takes `writeHead`, through which every way of answering passes. One shared function: no closure per request. */
export function guard(response: ServerResponse): void {
  response.writeHead = writeGuardedHead as typeof response.writeHead;
}

function writeGuardedHead(
  this: GuardedResponse,
  status: number,
  reason?: string | Listed,
  given?: Listed,
): ServerResponse {
  if (this[PREEMPTED]) return this;
  const edge = this[EDGE];
  for (const name of this.getHeaderNames()) if (edge.owns(name)) this.removeHeader(name);
  const own = withoutOwned(typeof reason === "string" ? given : (reason ?? given), edge);
  if (typeof reason === "string") this.statusMessage = reason;
  tell(this, own);
  return writeHead(this, status, own);
}

/** Writes the edge's own answer, in place of whatever a handler prepared. */
export function send(response: ServerResponse, answer: EdgeAnswer): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const { status, headers, body } = answer;
  if (!isBodiless(status)) headers.push("Content-Length", String(Buffer.byteLength(body)));
  // Node keeps what the header says to itself; the server must know before it looks at what is behind this request.
  if (headers.includes("Connection")) response.shouldKeepAlive = false;
  tell(response, headers);
  writeHeadOf(response, status, headers);
  response.end(body);
}

/** Answers while the handler still works on the request: what it writes afterwards goes nowhere, without an error. */
export function preempt(response: ServerResponse, answer: EdgeAnswer): void {
  (response as GuardedResponse)[PREEMPTED] = true;
  response.on("error", () => {});
  send(response, answer);
}

function tell(response: ServerResponse, given: Listed): void {
  const listener = (response as GuardedResponse)[ON_HEAD];
  if (listener === undefined) return;
  const set = response
    .getHeaderNames()
    .flatMap((name) => [name, response.getHeader(name) as OutgoingHttpHeader]);
  listener([...set, ...flat(given)]);
}

/** Without the headers the edge answers for. Most lists hold none of them, and are kept as they are. */
function withoutOwned(given: Listed, edge: Edge): Listed {
  if (given === undefined) return given;
  const isOwned = (name: unknown): boolean => edge.owns(String(name).toLowerCase());
  if (Array.isArray(given)) {
    for (let i = 0; i < given.length; i += 2)
      if (isOwned(given[i])) return given.filter((_, at) => !isOwned(given[at - (at % 2)]));
    return given;
  }
  if (!Object.keys(given).some(isOwned)) return given;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !isOwned(name)));
}
