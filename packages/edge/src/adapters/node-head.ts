import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from "node:http";
import type { Edge } from "../edge.ts";
import type { Exchange } from "../exchange.ts";

/** Headers in one of the forms that `writeHead` takes. */
export type Listed = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined;

export const EDGE = Symbol("edge");
export const EXCHANGE = Symbol("exchange");

/** A response that knows what the edge owes it. */
export interface OwedResponse extends ServerResponse {
  [EDGE]: Edge;
  [EXCHANGE]: Exchange;
}

/** Writes the head of a response: what its handler says, and what the edge owes. */
export type WriteHead = (response: OwedResponse, status: number, given: Listed) => ServerResponse;

/** Where Node's `writeHead` has every head put together. It is not documented. */
interface HeadStore {
  _storeHeader(firstLine: string, headers: Listed): void;
}

const node = ServerResponse.prototype as ServerResponse & HeadStore;

/**
 * Puts the edge's lines right behind the status line. They were checked when they were compiled: as a list, Node would look
 * at each of some twenty headers with two regular expressions, which cost a request 3 of its 4 µs for headers.
 */
export const writeHeadByLines: WriteHead = (response, status, given) => {
  (response as OwedResponse & HeadStore)._storeHeader = storeHeadWithLines;
  return writeHeadOf(response, status, given);
};

function storeHeadWithLines(this: OwedResponse, firstLine: string, headers: Listed): void {
  node._storeHeader.call(this, firstLine + this[EDGE].headerLines(this[EXCHANGE]), headers);
}

/** The same by documented means, for a Node that puts heads together elsewhere. */
export const writeHeadByFields: WriteHead = (response, status, given) => {
  const own = flat(given);
  for (let i = 0; i < own.length; i += 2) response.removeHeader(own[i] as string);
  const all = [...own, ...response[EDGE].headers(response[EXCHANGE])];
  for (let i = 0; i < all.length; i += 2)
    response.appendHeader(all[i] as string, all[i + 1] as string | string[]);
  return writeHeadOf(response, status, undefined);
};

export const writeHead: WriteHead = storesHeads() ? writeHeadByLines : writeHeadByFields;

function storesHeads(): boolean {
  let stored = "";
  const response = new ServerResponse({ method: "GET" } as IncomingMessage) as ServerResponse & HeadStore;
  response._storeHeader = (firstLine) => {
    stored = firstLine;
  };
  response.writeHead(200);
  return typeof node._storeHeader === "function" && stored === "HTTP/1.1 200 OK\r\n";
}

/** `writeHead` as the response's own class has it, whatever stands before it. */
export function writeHeadOf(response: ServerResponse, status: number, headers: Listed): ServerResponse {
  return (Object.getPrototypeOf(response) as ServerResponse).writeHead.call(response, status, headers);
}

/** Name, value, name, value. */
export function flat(given: Listed): readonly OutgoingHttpHeader[] {
  if (given === undefined) return [];
  return Array.isArray(given) ? given : (Object.entries(given).flat() as OutgoingHttpHeader[]);
}
