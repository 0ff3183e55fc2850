/** The order of requests on one connection, which a peer may send without waiting for answers (RFC 9112, 9.3.2). */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Begin } from "./node-handler.ts";

const LATEST = Symbol("latest response");
const DECIDING = Symbol("decision under way");
const WAITING = Symbol("requests that wait");

export interface OrderedSocket extends Socket {
  /** The answer to the latest request that was begun. */
  [LATEST]?: ServerResponse;
  /** Fulfilled once every request that came is decided. Absent when they are. */
  [DECIDING]?: Promise<void> | undefined;
  [WAITING]?: number;
}

/** Requests of one connection that wait for the decision on another; nobody honest sends more ahead of an answer. */
const MAX_WAITING = 256;

export function latestOf(socket: OrderedSocket): ServerResponse | undefined {
  return socket[LATEST];
}

/** Requests begin in the order they came: one that is still being decided holds back what is behind it. */
export function inTurn(begin: Begin): (request: IncomingMessage, response: ServerResponse) => void {
  const take = unlessEnded(begin);
  return (request, response) => {
    const socket = request.socket as OrderedSocket;
    const before = socket[DECIDING];
    const turn =
      before === undefined ? take(request, response) : queue(socket, before, () => take(request, response));
    if (turn === undefined) return;
    socket[DECIDING] = turn;
    void turn.then(() => {
      if (socket[DECIDING] === turn) socket[DECIDING] = undefined;
    });
  };
}

function queue(
  socket: OrderedSocket,
  before: Promise<void>,
  take: () => Promise<void> | undefined,
): Promise<void> | undefined {
  const waiting = socket[WAITING] ?? 0;
  if (waiting >= MAX_WAITING) {
    socket.destroy();
    return undefined;
  }
  socket[WAITING] = waiting + 1;
  return before.then(() => {
    socket[WAITING] = (socket[WAITING] as number) - 1;
    return take();
  });
}

/**
 * Nothing behind a request that ends its connection is carried out, though Node reads on (RFC 9112, 9.6). Declining an
 * upgrade ends it too: the parser drops what came in the same packet and would take the next one for the start of a request.
 */
function unlessEnded(begin: Begin): Begin {
  return (request, response) => {
    const socket = request.socket as OrderedSocket;
    if (socket[LATEST]?.shouldKeepAlive === false || response.destroyed) return undefined;
    socket[LATEST] = response;
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    return begin(request, response);
  };
}

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** An upgrade behind a request that is still being answered would have that answer written into its socket. */
export function alone(upgrade: Upgrade): Upgrade {
  return (request, socket, head) => {
    const latest = latestOf(socket as OrderedSocket);
    if (latest === undefined || latest.writableFinished) upgrade(request, socket, head);
    else socket.destroy();
  };
}
