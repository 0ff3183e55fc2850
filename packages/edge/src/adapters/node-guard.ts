import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Edge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";
import { type EdgeAnswer, isBodiless } from "../headers/answer.ts";
import { ADDED_TO } from "../headers/block.ts";

const EDGE = Symbol("edge");
const EXCHANGE = Symbol("exchange");
const PREEMPTED = Symbol("preempted");
const ON_HEAD = Symbol("head listener");

/** A response whose headers the edge completes, however the handler writes them. */
interface GuardedResponse extends ServerResponse {
  [EDGE]: Edge;
  [EXCHANGE]: Exchange;
  [PREEMPTED]?: boolean;
  [ON_HEAD]?: HeadListener;
}

/** Told of every header that goes out, set ones included. */
export type HeadListener = (headers: readonly OutgoingHttpHeader[]) => void;

type HandlerHeaders = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined;

/** Observes the end of the response. */
export function watch(edge: Edge, exchange: Exchange, response: ServerResponse): void {
  const watched = response as GuardedResponse;
  watched[EDGE] = edge;
  watched[EXCHANGE] = exchange;
  response.on("close", settle);
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
  response.writeHead = writeHead as typeof response.writeHead;
}

function writeHead(
  this: GuardedResponse,
  status: number,
  reason?: string | HandlerHeaders,
  given?: HandlerHeaders,
): ServerResponse {
  if (this[PREEMPTED]) return this;
  const edge = this[EDGE];
  const headers: OutgoingHttpHeader[] = edge.headers(this[EXCHANGE]);
  const names = this.getHeaderNames();
  if (names.length > 0) takeOver(this, names, headers, edge);
  append(headers, typeof reason === "string" ? given : (reason ?? given), edge);
  if (typeof reason === "string") this.statusMessage = reason;
  return writeHeadUnguarded(this, status, headers);
}

/** Writes the edge's own answer, in place of whatever a handler prepared. */
export function send(response: ServerResponse, answer: EdgeAnswer): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const { status, headers, body } = answer;
  if (!isBodiless(status)) headers.push("Content-Length", String(Buffer.byteLength(body)));
  // Node keeps what the header says to itself; the server must know before it looks at what is behind this request.
  if (headers.includes("Connection")) response.shouldKeepAlive = false;
  writeHeadUnguarded(response, status, headers);
  response.end(body);
}

/** Answers while the handler still works on the request: what it writes afterwards goes nowhere, without an error. */
export function preempt(response: ServerResponse, answer: EdgeAnswer): void {
  (response as GuardedResponse)[PREEMPTED] = true;
  response.on("error", () => {});
  send(response, answer);
}

function writeHeadUnguarded(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeader[],
): ServerResponse {
  (response as GuardedResponse)[ON_HEAD]?.([...setBefore(response), ...headers]);
  return (Object.getPrototypeOf(response) as ServerResponse).writeHead.call(response, status, headers);
}

function setBefore(response: ServerResponse): OutgoingHttpHeader[] {
  return response.getHeaderNames().flatMap((name) => [name, response.getHeader(name) as OutgoingHttpHeader]);
}

/**
 * Headers set one by one before: those the edge answers for are dropped. What adds up moves to the list, since `writeHead`
 * lets a listed header replace one that was set.
 */
function takeOver(
  response: ServerResponse,
  names: string[],
  headers: OutgoingHttpHeader[],
  edge: Edge,
): void {
  for (const name of names) {
    if (ADDED_TO.has(name)) headers.push(name, response.getHeader(name) as OutgoingHttpHeader);
    else if (!edge.owns(name)) continue;
    response.removeHeader(name);
  }
}

function append(headers: OutgoingHttpHeader[], given: HandlerHeaders, edge: Edge): void {
  if (given === undefined) return;
  if (isList(given)) {
    for (let i = 0; i < given.length; i += 2) add(headers, given[i] as string, given[i + 1], edge);
    return;
  }
  for (const name of Object.keys(given)) add(headers, name, given[name], edge);
}

function isList(given: NonNullable<HandlerHeaders>): given is readonly OutgoingHttpHeader[] {
  return Array.isArray(given);
}

function add(
  headers: OutgoingHttpHeader[],
  name: string,
  value: OutgoingHttpHeader | undefined,
  edge: Edge,
): void {
  if (value !== undefined && !edge.owns(name.toLowerCase())) headers.push(name, value);
}
