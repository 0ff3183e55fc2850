import { connect as connectTcp, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import { GatewayError } from "../errors.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { ResponseReader, type ResponseSink } from "../http1/response-reader.ts";

/** Where a connection goes. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Null for plain http. `servername` is absent for an address without a name. */
  readonly tls: { readonly servername?: string; readonly secureContext: SecureContext } | null;
}

/** Whoever has the connection for one request. Exactly one of `onEnd`, `onTunnel` and `onFailure` is called, once and last. */
export interface ConnectionUser extends ResponseSink {
  /** Whether it asks for a WebSocket: it gets a connection of its own. */
  readonly wantsTunnel: boolean;
  /** A new connection stands. Nothing was sent before this. */
  onReady(): void;
  /** Everything received so far was handed on. */
  onPause(): void;
  /** What was written is out. */
  onDrain(): void;
  /** After the head of a 101: the socket is the user's, and `bytes` are the first of the tunnel. */
  onTunnel(socket: Socket, bytes: Buffer): void;
  onFailure(error: GatewayError): void;
}

/** The pool, as a connection sees it. */
export interface ConnectionOwner {
  /** Free for another request. */
  onIdle(connection: UpstreamConnection): void;
  onClosed(connection: UpstreamConnection): void;
}

/**
 * What is waited for: the handshake, that a request's body is taken, an answer's head, more of its body; the client, to
 * send or to read on; or another request.
 */
export type Phase = "connect" | "request" | "headers" | "body" | "client" | "idle";

const LIMITS = { headBytes: 65_536 };
const READ_BYTES = 65_536;

/**
 * One HTTP/1.1 connection to a target, one request at a time: no pipelining, so an answer can belong to one request only.
 * It is used again only after an answer whose end is certain, to a request that was sent whole, with no byte behind it.
 */
export class UpstreamConnection implements ResponseSink {
  readonly #owner: ConnectionOwner;
  readonly #reader = new ResponseReader(LIMITS);
  readonly #socket: Socket;
  #user: ConnectionUser | null;
  #isOver = false;
  #isSent = false;
  #isAnswered = false;
  #mayStay = false;
  #deadline = Number.POSITIVE_INFINITY;
  #phase: Phase = "connect";
  /** Whether it has served a request before: the peer may be ending it just now. */
  isUsed = false;
  /** How long the upstream says it keeps an idle connection. */
  idleSeconds: number | null = null;

  constructor(address: Address, user: ConnectionUser, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#user = user;
    const streams = user.wantsTunnel || address.tls !== null;
    const socket = open(address, streams ? null : this.#onData);
    this.#socket = socket;
    socket.once(address.tls === null ? "connect" : "secureConnect", () => this.#user?.onReady());
    if (streams) socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("end", this.#onEnd);
    socket.on("error", (cause) => this.#broken(cause));
    socket.on("close", () => this.#closed());
  }

  /** An idle connection is ready for its next user, and says so no more. */
  take(user: ConnectionUser): void {
    this.#user = user;
    this.isUsed = true;
  }

  /** Sends a request's head; `isWhole` when no body follows. */
  send(head: string, method: string, isWhole: boolean, expectsUpgrade = false): void {
    this.#isSent = isWhole;
    this.#isAnswered = false;
    this.#reader.expect(method, this, expectsUpgrade);
    this.#socket.write(head, "latin1");
  }

  /** False asks to wait for `onDrain`. */
  write(chunk: Uint8Array): boolean {
    return this.#socket.write(chunk);
  }

  /** A piece of a chunked body; null ends it. */
  writeChunk(chunk: Uint8Array | null): boolean {
    if (chunk === null) return this.#socket.write("0\r\n\r\n", "latin1");
    this.#socket.cork();
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
    this.#socket.write(chunk);
    const isRoomy = this.#socket.write("\r\n", "latin1");
    this.#socket.uncork();
    return isRoomy;
  }

  /** The request's body is out. */
  endRequest(): void {
    this.#isSent = true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Gives up at `deadline` on the owner's clock, unless told otherwise before. */
  await(phase: Phase, deadline: number): void {
    this.#phase = phase;
    this.#deadline = deadline;
  }

  /** Called by the owner from time to time. */
  expire(now: number): void {
    if (now < this.#deadline) return;
    if (this.#phase === "idle") this.destroy();
    else this.#fail(timedOut(this.#phase));
  }

  /** Whatever is under way is given up, without telling its user. */
  destroy(): void {
    this.#user = null;
    this.#isOver = true;
    this.#socket.destroy();
  }

  onHead(head: ResponseHead): void {
    this.#mayStay = head.keepAlive && head.framing.kind !== "until-close";
    this.idleSeconds = head.idleSeconds;
    this.#user?.onHead(head);
  }

  onBody(chunk: Buffer): void {
    this.#user?.onBody(chunk);
  }

  onEnd(trailers: readonly string[]): void {
    this.#isAnswered = true;
    const user = this.#user;
    this.#user = null;
    user?.onEnd(trailers);
  }

  readonly #onDrain = (): void => this.#user?.onDrain();

  readonly #onData = (chunk: Buffer): void => {
    let end: number;
    try {
      end = this.#reader.read(chunk);
    } catch (error) {
      this.#fail(unreadable(error));
      return;
    }
    if (this.#reader.isTunnel) this.#openTunnel(chunk.subarray(end));
    else if (this.#isAnswered) this.#release();
    else this.#user?.onPause();
  };

  #release(): void {
    this.#isAnswered = false;
    if (this.#mayStay && this.#isSent && !this.#isOver) this.#owner.onIdle(this);
    else this.#socket.destroy();
  }

  #openTunnel(bytes: Buffer): void {
    const user = this.#user;
    this.#user = null;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#socket.off("data", this.#onData).off("drain", this.#onDrain).off("end", this.#onEnd);
    if (user === null) this.#socket.destroy();
    else user.onTunnel(this.#socket, bytes);
  }

  readonly #onEnd = (): void => {
    try {
      this.#reader.end();
    } catch (error) {
      this.#fail(unreadable(error));
    }
    this.#socket.destroy();
  };

  #broken(cause: Error): void {
    this.#fail(new GatewayError("upstream-unreachable", "The connection to the upstream failed", { cause }));
  }

  #fail(error: GatewayError): void {
    const user = this.#user;
    this.destroy();
    user?.onFailure(error);
  }

  #closed(): void {
    this.#owner.onClosed(this);
    this.#fail(new GatewayError("upstream-unreachable", "The upstream closed the connection"));
  }
}

/** `onBytes` gets what is read into one buffer per connection, past the stream: less work for each answer. */
function open({ host, port, tls }: Address, onBytes: ((chunk: Buffer) => void) | null): Socket {
  const plain = { host, port, noDelay: true, keepAlive: true };
  if (tls === null) return connectTcp(onBytes === null ? plain : { ...plain, onread: reading(onBytes) });
  return connectTls({ host, port, ...tls, ALPNProtocols: ["http/1.1"] });
}

function reading(onBytes: (chunk: Buffer) => void): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (size: number): boolean => {
    onBytes(buffer.subarray(0, size));
    return true;
  };
  return { buffer, callback };
}

/** What a user could not pass on is the answer's fault too: it must not end the process. */
function unreadable(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  return new GatewayError("upstream-protocol", "The upstream's answer cannot be passed on", { cause: error });
}

function timedOut(phase: Phase): GatewayError {
  return new GatewayError("upstream-timeout", `Gave up waiting (${phase})`, { details: { phase } });
}
