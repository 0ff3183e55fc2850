import type { Socket } from "node:net";
import { CLOSE, type ServerFrame } from "@rempart/messaging/contract";
import type { Origin } from "@rempart/observability/telemetry";
import { WebSocket } from "ws";
import type { Outcome, Submission } from "../messages/append.ts";
import type { Sink } from "../messages/writer.ts";
import { ackFrame, encodeFrame, PING, textFrame } from "./wire.ts";

/** Unsent bytes past which a socket counts as too slow: its client fetches the gap instead. */
export const MAX_UNSENT_BYTES = 1024 * 1024;
/** How long a client gets to answer a close frame. */
const CLOSE_GRACE_MS = 2_000;

/** Shared by every connection with nothing to write. Never added to. */
const NONE: Buffer[] = [];

/** The one thing that differs between sockets; listeners are shared functions that find it here. */
export class ClientSocket extends WebSocket {
  connection: Connection | undefined;
  gateway: SocketListener | undefined;
}

/** Who is told what happens on a socket. */
export interface SocketListener {
  received(connection: Connection, data: Buffer, isBinary: boolean): void;
  closed(connection: Connection): void;
}

export interface Identified {
  readonly userId: string;
  readonly deviceId: string;
  readonly sessionId: string;
  /** Unix milliseconds. */
  readonly sessionExpiresAt: number;
  /** The request that opened the socket. */
  readonly origin: Origin | undefined;
}

/**
 * An authenticated socket. Frames are written past the WebSocket library, already framed and shared between sockets; what
 * one turn of the event loop writes goes out in one system call.
 */
export class Connection implements Sink {
  readonly userId: string;
  readonly deviceId: string;
  readonly sessionId: string;
  readonly sessionExpiresAt: number;
  readonly origin: Origin | undefined;
  /** Something was heard since the last beat. */
  heard = true;
  badFrames = 0;
  /** Of the heartbeat. */
  slot = 0;
  /** Frames the client may still send now, and when that was counted (monotonic milliseconds). */
  budget: number;
  countedAt: number;
  /** Whose presence the client shows. */
  watched: readonly string[] = [];
  readonly #ws: ClientSocket;
  readonly #socket: Socket;
  /** Frames of the present turn of the event loop. */
  #pending: Buffer[] = NONE;
  #closing = false;

  constructor(ws: ClientSocket, socket: Socket, who: Identified, budget: number, now: number) {
    this.#ws = ws;
    this.#socket = socket;
    this.userId = who.userId;
    this.deviceId = who.deviceId;
    this.sessionId = who.sessionId;
    this.sessionExpiresAt = who.sessionExpiresAt;
    this.origin = who.origin;
    this.budget = budget;
    this.countedAt = now;
  }

  get open(): boolean {
    return !this.#closing && this.#ws.readyState === WebSocket.OPEN;
  }

  /** Writes a whole WebSocket frame. A socket that does not take what it is sent is told to resynchronise and closed. */
  write(frame: Buffer): void {
    if (!this.open) return;
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) {
      this.#overflow();
      return;
    }
    if (this.#pending !== NONE) {
      this.#pending.push(frame);
      return;
    }
    this.#pending = [frame];
    if (writing.push(this) === 1) setImmediate(flushAll);
  }

  send(frame: ServerFrame): void {
    this.write(encodeFrame(frame));
  }

  ping(): void {
    this.write(PING);
  }

  settled(submission: Submission, outcome: Outcome): void {
    if (outcome.kind === "placed") {
      this.write(ackFrame(submission, outcome.seq, outcome.sentAt));
      return;
    }
    const { code, epoch } = outcome;
    this.send({ t: "nack", id: submission.id, code, ...(epoch === undefined ? {} : { epoch }) });
  }

  close(code: number, reason = ""): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#flush();
    this.#ws.close(code, reason);
    setTimeout(terminate, CLOSE_GRACE_MS, this.#ws).unref();
  }

  terminate(): void {
    this.#closing = true;
    this.#ws.terminate();
  }

  #overflow(): void {
    this.#flush();
    this.#socket.write(RESYNC);
    this.close(CLOSE.resync, "too slow");
  }

  /** One write for all frames of a turn: joining small buffers costs less than handing them over one by one. */
  #flush(): void {
    const frames = this.#pending;
    if (frames === NONE) return;
    this.#pending = NONE;
    this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  static flush(connection: Connection): void {
    connection.#flush();
  }
}

const RESYNC = textFrame('{"t":"resync"}');

function terminate(ws: WebSocket): void {
  ws.terminate();
}

let writing: Connection[] = [];

function flushAll(): void {
  const connections = writing;
  writing = [];
  for (const connection of connections) Connection.flush(connection);
}
