import { type IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "@rempart/edge";
import type { TraceHeaders } from "@rempart/observability/telemetry";
import { answerFields, trailerFields } from "../core/answer-fields.ts";
import { requestFields, toldOf } from "../core/request-fields.ts";
import type { GatewayError } from "../errors.ts";
import { type BodyFraming, writeRequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { Attempts } from "./attempts.ts";
import type { ConnectionUser, UpstreamConnection } from "./connection.ts";
import type { Passage } from "./passage.ts";

/** Bodies up to this size that came with their head leave with it, in one piece. */
const SMALL_BODY = 16_384;

/**
 * One request on its way to an upstream and its answer on its way back. Nothing is buffered but the pieces in hand: either
 * side waits for the other. `settled` rejects with a `GatewayError`; the edge then answers, or cuts an answer that has begun.
 */
export class Forward implements ConnectionUser {
  readonly wantsTunnel = false;
  readonly #passage: Passage;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #framing: BodyFraming;
  /** Asked for at once: what comes from a connection comes outside of any trace. */
  readonly #trace: TraceHeaders | null;
  readonly #attempts: Attempts;
  readonly #end = Promise.withResolvers<void>();
  #connection: UpstreamConnection | null = null;
  #isDone = false;
  /** The answer's head, until it is written. */
  #head: ResponseHead | null = null;
  /** How long a body may be silent. */
  #bodyMs: number;

  /** Throws where nothing can be tried at all. */
  constructor(passage: Passage, request: IncomingMessage, response: ServerResponse, exchange: Exchange) {
    this.#passage = passage;
    this.#request = request;
    this.#response = response;
    this.#exchange = exchange;
    this.#framing = bodyFraming(request);
    this.#bodyMs = passage.upstream.settings.timeouts.idleMs;
    this.#trace = passage.traces.told(exchange.facts);
    this.#attempts = new Attempts(passage, exchange.requestId, request.method ?? "", this.#hasBody);
    response.on("close", () => this.#clientClosed());
    this.#open();
  }

  get settled(): Promise<void> {
    return this.#end.promise;
  }

  onReady(): void {
    const { upstream } = this.#passage;
    const connection = this.#connection as UpstreamConnection;
    const { method = "", url = "", rawHeaders, headers } = this.#request;
    const asked = headers.host ?? "";
    const host = upstream.settings.host === "client" ? asked : this.#attempts.targetHost;
    const fields = requestFields(rawHeaders, headers.connection, toldOf(this.#exchange, asked, this.#trace));
    connection.send(writeRequestHead(method, url, host, fields, this.#framing), method, !this.#hasBody);
    this.#attempts.sent();
    if (this.#hasBody) this.#pumpRequest(connection);
    else this.#awaitHead(connection);
  }

  onHead(head: ResponseHead): void {
    this.#attempts.answered(head.status);
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
    if (this.#response.write(Buffer.from(chunk))) connection.await("body", this.#now() + this.#bodyMs);
    else this.#waitForClient(connection);
  }

  onPause(): void {
    if (this.#head === null) return;
    this.#writeHead(this.#head);
    this.#response.flushHeaders();
    this.#connection?.await("body", this.#now() + this.#bodyMs);
  }

  onEnd(trailers: readonly string[]): void {
    if (this.#head !== null) this.#writeHead(this.#head);
    if (trailers.length > 0) this.#writeTrailers(trailers);
    if (!this.#response.writableEnded) this.#response.end();
    // An answer before the request's end: the rest of the body, bounded by its limit, is of no use to anyone.
    if (!this.#request.complete) this.#request.resume();
    this.#finish();
    this.#end.resolve();
  }

  onDrain(): void {
    this.#request.resume();
  }

  onTunnel(): void {
    throw new TypeError("no tunnel was asked for");
  }

  onFailure(error: GatewayError): void {
    if (this.#attempts.failed(error)) this.#openAgain();
    else this.#fail(error);
  }

  get #hasBody(): boolean {
    const { kind } = this.#framing;
    return kind === "chunked" || (kind === "length" && this.#framing.text !== "0");
  }

  #now(): number {
    return this.#passage.clock.monotonic();
  }

  #open(): void {
    this.#connection = this.#attempts.open(this);
    if (this.#connection.isUsed) this.onReady();
  }

  #openAgain(): void {
    try {
      this.#open();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#isDone = true;
    this.#end.reject(error);
  }

  #awaitHead(connection: UpstreamConnection): void {
    connection.await("headers", this.#now() + this.#passage.upstream.settings.timeouts.headersMs);
  }

  #pumpRequest(connection: UpstreamConnection): void {
    const { idleMs } = this.#passage.upstream.settings.timeouts;
    const isChunked = this.#framing.kind === "chunked";
    connection.await("client", this.#now() + idleMs);
    this.#request.on("data", (chunk: Buffer) => {
      if (this.#isDone) return;
      connection.await("client", this.#now() + idleMs);
      const isRoomy = isChunked ? connection.writeChunk(chunk) : connection.write(chunk);
      if (isRoomy) return;
      this.#request.pause();
      connection.await("request", this.#now() + idleMs);
    });
    this.#request.on("end", () => {
      if (this.#isDone) return;
      if (isChunked) connection.writeChunk(null);
      connection.endRequest();
      this.#awaitHead(connection);
    });
  }

  #waitForClient(connection: UpstreamConnection): void {
    connection.pause();
    connection.await("client", this.#now() + this.#passage.upstream.settings.timeouts.idleMs);
    this.#response.once("drain", () => {
      if (this.#isDone) return;
      connection.await("body", this.#now() + this.#bodyMs);
      connection.resume();
    });
  }

  /**
   * Past the edge's guard on the response: the rule of `answerFields`, which may keep a header of the upstream's, has been
   * applied already.
   */
  #writeHead({ status, fields, length }: ResponseHead): void {
    this.#head = null;
    if (this.#response.headersSent) return;
    const { edge, route, isDraining } = this.#passage;
    const rule = { owns: edge.owns, kept: route.kept };
    const list = answerFields(edge.headers(this.#exchange), fields, length, rule);
    if (isDraining()) list.push("Connection", "close");
    if (isEventStream(fields)) this.#bodyMs = Number.POSITIVE_INFINITY;
    ServerResponse.prototype.writeHead.call(this.#response, status, list);
  }

  #writeTrailers(trailers: readonly string[]): void {
    const fields = trailerFields(trailers, this.#passage.edge.owns);
    const pairs: [string, string][] = [];
    for (let i = 0; i < fields.length; i += 2) pairs.push([fields[i] as string, fields[i + 1] as string]);
    this.#response.addTrailers(pairs);
  }

  #finish(): void {
    this.#isDone = true;
    this.#attempts.close();
  }

  /** The client is gone, or was answered by somebody else: a body past its limit is refused while it streams. */
  #clientClosed(): void {
    if (this.#isDone) return;
    this.#finish();
    this.#connection?.destroy();
    this.#end.resolve();
  }
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
