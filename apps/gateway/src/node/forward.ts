import { type IncomingMessage, ServerResponse } from "node:http";
import type { Edge, Exchange } from "@rempart/edge";
import type { Clock } from "@rempart/kernel";
import { answerFields, trailerFields } from "../core/answer-fields.ts";
import { requestFields } from "../core/request-fields.ts";
import type { Route } from "../core/routing.ts";
import { mayRetry } from "../core/upstream/retry.ts";
import type { GatewayError } from "../errors.ts";
import { type BodyFraming, writeRequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { ConnectionUser, UpstreamConnection } from "./connection.ts";
import type { Target } from "./target.ts";
import type { Upstream } from "./upstream.ts";

/** What one request needs of the gateway. */
export interface Passage {
  readonly edge: Edge;
  readonly clock: Clock;
  readonly route: Route;
  readonly upstream: Upstream;
  /** Whether the gateway is draining: connections end with their answer. */
  readonly isDraining: () => boolean;
}

/** Bodies up to this size that came with their head leave with it, in one piece. */
const SMALL_BODY = 16_384;
/** Statuses of an upstream that stands but does not serve. */
const FAILING = new Set([502, 503, 504]);

/**
 * One request on its way to an upstream and its answer on its way back. Nothing is buffered but the pieces in hand: either
 * side waits for the other. `settled` rejects with a `GatewayError`; the edge then answers, or cuts an answer that has begun.
 */
export class Forward implements ConnectionUser {
  readonly #passage: Passage;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #framing: BodyFraming;
  readonly #end = Promise.withResolvers<void>();
  #connection: UpstreamConnection | null = null;
  #target: Target | null = null;
  #tried: Set<Target> | null = null;
  #attempts = 0;
  #wasSent = false;
  #wasAnswered = false;
  #isDone = false;
  /** The answer's head, until it is written. */
  #head: ResponseHead | null = null;
  #bodyMs: number;

  constructor(passage: Passage, request: IncomingMessage, response: ServerResponse, exchange: Exchange) {
    this.#passage = passage;
    this.#request = request;
    this.#response = response;
    this.#exchange = exchange;
    this.#framing = bodyFraming(request);
    this.#bodyMs = passage.upstream.settings.timeouts.idleMs;
  }

  get settled(): Promise<void> {
    return this.#end.promise;
  }

  /** Throws where nothing can be tried at all. */
  start(): void {
    this.#passage.upstream.admit();
    this.#response.on("close", () => this.#clientClosed());
    this.#attempt(false);
  }

  onReady(): void {
    const { upstream } = this.#passage;
    const connection = this.#connection as UpstreamConnection;
    const { method = "", url = "", rawHeaders, headers } = this.#request;
    const asked = headers.host ?? "";
    const host = upstream.settings.host === "client" ? asked : (this.#target as Target).host;
    const fields = requestFields(rawHeaders, headers.connection, told(this.#exchange, asked));
    connection.send(writeRequestHead(method, url, host, fields, this.#framing), method, !this.#hasBody);
    this.#wasSent = true;
    if (this.#hasBody) this.#pumpRequest(connection);
    else this.#awaitHead(connection);
  }

  onHead(head: ResponseHead): void {
    const { upstream } = this.#passage;
    this.#wasAnswered = true;
    upstream.tell(this.#target as Target, !FAILING.has(head.status));
    this.#head = head;
  }

  onBody(chunk: Buffer): void {
    const head = this.#head;
    if (head !== null && chunk.length === head.length && chunk.length <= SMALL_BODY) {
      this.#writeHead(head);
      // As text the body leaves in one write with the head, which costs less than two.
      this.#response.end(chunk.toString("latin1"), "latin1");
      return;
    }
    if (head !== null) this.#writeHead(head);
    const connection = this.#connection as UpstreamConnection;
    if (this.#response.write(chunk)) connection.await("body", this.#now() + this.#bodyMs);
    else this.#waitForClient(connection);
  }

  onPause(): void {
    if (this.#head === null) return;
    this.#writeHead(this.#head);
    this.#response.flushHeaders();
    (this.#connection as UpstreamConnection).await("body", this.#now() + this.#bodyMs);
  }

  onEnd(trailers: readonly string[]): void {
    if (this.#head !== null) this.#writeHead(this.#head);
    const { edge } = this.#passage;
    if (trailers.length > 0) this.#response.addTrailers(pairs(trailerFields(trailers, edge.owns)));
    if (!this.#response.writableEnded) this.#response.end();
    this.#finish();
  }

  onDrain(): void {
    this.#request.resume();
  }

  onTunnel(): void {
    throw new TypeError("no tunnel was asked for");
  }

  onFailure(error: GatewayError): void {
    const target = this.#target as Target;
    target.inFlight -= 1;
    const isStale = this.#isStale(error);
    if (!isStale && error.details.phase !== "client" && !this.#wasAnswered)
      this.#passage.upstream.tell(target, false);
    if (!this.#mayRetry(isStale)) {
      this.#isDone = true;
      this.#end.reject(error);
      return;
    }
    if (!isStale) (this.#tried ??= new Set()).add(target);
    this.#tryAgain(isStale);
  }

  get #hasBody(): boolean {
    return (
      this.#framing.kind === "chunked" || (this.#framing.kind === "length" && this.#framing.text !== "0")
    );
  }

  #now(): number {
    return this.#passage.clock.monotonic();
  }

  #attempt(isFresh: boolean): void {
    const target = this.#passage.upstream.choose(this.#tried);
    const connection = target.acquire(this, isFresh);
    target.inFlight += 1;
    this.#target = target;
    this.#connection = connection;
    this.#attempts += 1;
    this.#wasSent = false;
    if (connection.isUsed) this.onReady();
  }

  #tryAgain(isFresh: boolean): void {
    try {
      this.#attempt(isFresh);
    } catch (error) {
      this.#isDone = true;
      this.#end.reject(error);
    }
  }

  /** An idle connection that ended just as it was used says nothing about the target, and does not count as an attempt. */
  #isStale({ code }: GatewayError): boolean {
    const wasUsed = this.#connection?.isUsed === true;
    return wasUsed && code === "upstream-unreachable" && this.#wasSent && !this.#wasAnswered;
  }

  #mayRetry(isStale: boolean): boolean {
    const { upstream } = this.#passage;
    const attempt = {
      method: this.#request.method ?? "",
      made: isStale ? 0 : this.#attempts,
      wasSent: this.#wasSent,
      hasBody: this.#hasBody,
      wasAnswered: this.#wasAnswered,
    };
    if (this.#isDone || !mayRetry(attempt, upstream.settings.retry)) return false;
    return isStale || upstream.spendRetry();
  }

  #awaitHead(connection: UpstreamConnection): void {
    connection.await("headers", this.#now() + this.#passage.upstream.settings.timeouts.headersMs);
  }

  #pumpRequest(connection: UpstreamConnection): void {
    const { idleMs } = this.#passage.upstream.settings.timeouts;
    const isChunked = this.#framing.kind === "chunked";
    this.#request.on("data", (chunk: Buffer) => {
      if (this.#isDone) return;
      connection.await("client", this.#now() + idleMs);
      const isRoomy = isChunked ? connection.writeChunk(chunk) : connection.write(chunk);
      if (!isRoomy) this.#request.pause();
    });
    this.#request.on("end", () => {
      if (this.#isDone) return;
      if (isChunked) connection.writeChunk(null);
      connection.endRequest();
      if (!this.#wasAnswered) this.#awaitHead(connection);
    });
    connection.await("client", this.#now() + idleMs);
  }

  #waitForClient(connection: UpstreamConnection): void {
    connection.pause();
    connection.await("client", this.#now() + this.#passage.upstream.settings.timeouts.idleMs);
    this.#response.once("drain", () => {
      connection.await("body", this.#now() + this.#bodyMs);
      connection.resume();
    });
  }

  /**
   * Past the edge's guard on the response: the rule of `answerFields`, which may keep a header of the upstream's, has been
   * applied already.
   */
  #writeHead(head: ResponseHead): void {
    this.#head = null;
    if (this.#response.headersSent) return;
    const { edge, route, isDraining } = this.#passage;
    const { status, fields, length } = head;
    const rule = { owns: edge.owns, kept: route.kept };
    const list = answerFields(edge.headers(this.#exchange), fields, length, rule);
    if (isDraining()) list.push("Connection", "close");
    if (isEventStream(fields)) this.#bodyMs = Number.POSITIVE_INFINITY;
    ServerResponse.prototype.writeHead.call(this.#response, status, list);
  }

  #finish(): void {
    this.#isDone = true;
    (this.#target as Target).inFlight -= 1;
    // An answer before the request's end: the rest of the body, bounded by its limit, is of no use to anyone.
    if (!this.#request.complete) this.#request.resume();
    this.#end.resolve();
  }

  /** The client is gone, or was answered by somebody else: a body past its limit is refused while it streams. */
  #clientClosed(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    (this.#target as Target).inFlight -= 1;
    this.#connection?.destroy();
    this.#end.resolve();
  }
}

function told(exchange: Exchange, host: string) {
  const { client, scheme, requestId, facts } = exchange;
  const seen = facts.encrypted ? "https" : "http";
  return { client: client.text, scheme: scheme ?? seen, host, requestId } as const;
}

function bodyFraming({ headers }: IncomingMessage): BodyFraming {
  if (headers["transfer-encoding"] !== undefined) return { kind: "chunked" };
  const text = headers["content-length"];
  // The number, not the text: `007` is one length to us and might be another, or none, to the next reader.
  return text === undefined ? { kind: "none" } : { kind: "length", text: String(Number(text)) };
}

function isEventStream(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name.length === 12 && name.toLowerCase() === "content-type")
      return (fields[i + 1] as string).toLowerCase().startsWith("text/event-stream");
  }
  return false;
}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i] as string, flat[i + 1] as string]);
  return list;
}
