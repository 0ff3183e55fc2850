import { protocolError } from "../errors.ts";
import { ChunkedReader } from "./chunked-reader.ts";
import { type ResponseHead, readHead } from "./response-head.ts";

/** Told of one answer, in this order. `chunk` is the reader's to reuse: copy what must outlive the call. */
export interface ResponseSink {
  onHead(head: ResponseHead): void;
  onBody(chunk: Buffer): void;
  /** Flat list of trailer fields, empty for most answers. */
  onEnd(trailers: readonly string[]): void;
}

export interface ReaderLimits {
  readonly headBytes: number;
}

/** Interim answers (1xx) let pass before the final one; more is a peer that plays for time. */
const MAX_INTERIM = 16;
const HEAD_END = Buffer.from("\r\n\r\n");

type State = "idle" | "head" | "length" | "chunked" | "until-close" | "tunnel";

/**
 * Reads the answers of one connection, one request at a time. Bytes nobody asked for are an error: they would be taken for
 * the answer to the next request. Every method throws `GatewayError` `upstream-protocol`; the connection is then unusable.
 */
export class ResponseReader {
  readonly #limits: ReaderLimits;
  #state: State = "idle";
  #method = "";
  #expectsUpgrade = false;
  #sink: ResponseSink | null = null;
  #pending: Buffer | null = null;
  #interim = 0;
  #left = 0;
  readonly #chunked: ChunkedReader;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
    this.#chunked = new ChunkedReader(limits);
  }

  /** After a 101: what follows is not HTTP. */
  get isTunnel(): boolean {
    return this.#state === "tunnel";
  }

  /** A request was sent: its answer goes to `sink`. */
  expect(method: string, sink: ResponseSink, expectsUpgrade = false): void {
    this.#state = "head";
    this.#method = method;
    this.#sink = sink;
    this.#expectsUpgrade = expectsUpgrade;
    this.#interim = 0;
  }

  /** Returns where the answer's bytes end in `chunk` when a tunnel begins there (101), else its length. */
  read(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length && this.#state !== "tunnel") at = this.#step(chunk, at);
    return at;
  }

  /** The peer ended the connection: the end of an answer without a length, an error within any other. */
  end(): void {
    if (this.#state === "until-close") this.#finish([]);
    else if (this.#state !== "idle" && this.#state !== "tunnel")
      throw protocolError("it ended in the middle");
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#readHead(chunk, at);
      case "length":
        return this.#readLength(chunk, at);
      case "chunked":
        return this.#readChunked(chunk, at);
      case "until-close":
        this.#sink?.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      default:
        throw protocolError("bytes that nobody asked for");
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const before = this.#pending?.length ?? 0;
    const whole = this.#pending === null ? chunk : Buffer.concat([this.#pending, chunk.subarray(at)]);
    const start = this.#pending === null ? at : 0;
    const end = whole.indexOf(HEAD_END, Math.max(start, before - HEAD_END.length + 1));
    const length = (end < 0 ? whole.length : end) - start;
    if (length > this.#limits.headBytes) throw protocolError("a head that is too long");
    if (end < 0) {
      this.#pending = this.#pending === null ? Buffer.from(whole.subarray(start)) : whole;
      return chunk.length;
    }
    this.#pending = null;
    this.#takeHead(readHead(whole.toString("latin1", start, end), this.#method));
    return at + (end + HEAD_END.length - start - before);
  }

  #takeHead(head: ResponseHead): void {
    if (head.status === 101) {
      this.#openTunnel(head);
      return;
    }
    if (head.status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) throw protocolError("interim answers without end");
      return;
    }
    const { framing } = head;
    this.#sink?.onHead(head);
    switch (framing.kind) {
      case "none":
        this.#finish([]);
        return;
      case "length":
        this.#left = framing.bytes;
        if (framing.bytes > 0) this.#state = "length";
        else this.#finish([]);
        return;
      case "chunked":
        this.#chunked.begin();
        this.#state = "chunked";
        return;
      case "until-close":
        this.#state = "until-close";
    }
  }

  #openTunnel(head: ResponseHead): void {
    if (!this.#expectsUpgrade) throw protocolError("an upgrade that nobody asked for");
    this.#state = "tunnel";
    this.#sink?.onHead(head);
  }

  #readLength(chunk: Buffer, at: number): number {
    const size = Math.min(this.#left, chunk.length - at);
    this.#left -= size;
    this.#sink?.onBody(at === 0 && size === chunk.length ? chunk : chunk.subarray(at, at + size));
    if (this.#left === 0) this.#finish([]);
    return at + size;
  }

  #readChunked(chunk: Buffer, at: number): number {
    const next = this.#chunked.read(chunk, at, this.#onBody);
    if (this.#chunked.isDone) this.#finish(this.#chunked.trailers);
    return next;
  }

  readonly #onBody = (part: Buffer): void => this.#sink?.onBody(part);

  #finish(trailers: readonly string[]): void {
    const sink = this.#sink;
    this.#state = "idle";
    this.#sink = null;
    sink?.onEnd(trailers);
  }
}
