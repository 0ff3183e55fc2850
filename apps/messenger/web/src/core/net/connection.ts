import {
  CLOSE,
  type ClientFrame,
  HEARTBEAT_MS,
  type ServerFrame,
  serverFrame,
} from "@rempart/messaging/contract";
import type { Connection as ConnectionState } from "../../client/api.ts";
import type { CorePorts, Socket } from "../ports.ts";
import { backoff } from "./backoff.ts";

/** Larger than any frame the contract allows: a commit of 1 MiB in base64url, and room. */
const MAX_FRAME_CHARACTERS = 4 * 1024 * 1024;

export type Refusal = "unauthenticated" | "device-revoked";

/** What the browser reports when a connection ended without a close frame (RFC 6455, section 7.4.1). */
const ABNORMAL_CLOSURE = 1006;

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [CLOSE.unauthenticated, "unauthenticated"],
  [CLOSE.deviceRevoked, "device-revoked"],
]);

export interface ConnectionEvents {
  /** Every understood frame, in order. `ready` is the first of each connection. */
  frame(frame: ServerFrame): void;
  state(state: ConnectionState): void;
  /** The server will not have this device or this session: the connection is not tried again. */
  refused(reason: Refusal): void;
}

export interface Connection {
  start(): void;
  stop(): void;
  /** Try now. Does nothing while connected. */
  reconnect(): void;
  /** False when there is no connection to send on; the frame is then dropped. */
  send(frame: ClientFrame): boolean;
}

type Ports = Pick<CorePorts, "openSocket" | "onNetwork" | "clock" | "random" | "timers" | "report">;

/** One WebSocket at a time, made again for ever with exponential backoff, and given up when it falls silent. */
export function createConnection(ports: Ports, path: string, events: ConnectionEvents): Connection {
  let socket: Socket | null = null;
  let ready = false;
  let attempt = 0;
  let running = false;
  let cancelTimer = (): void => undefined;
  let stopListening = (): void => undefined;

  const schedule = (milliseconds: number, work: () => void): void => {
    cancelTimer();
    cancelTimer = ports.timers.after(milliseconds, work);
  };

  const connect = (): void => {
    events.state({ status: "connecting", retryAt: null });
    let heartbeatMs = HEARTBEAT_MS;
    const mine: Socket = ports.openSocket(path, {
      opened: () => undefined,
      received(data) {
        if (socket !== mine) return;
        schedule(2 * heartbeatMs, giveUp);
        const frame = parseFrame(data);
        if (frame === null) {
          ports.report("bad-frame");
          return;
        }
        if (frame.t === "ready") {
          heartbeatMs = frame.heartbeatMs;
          ready = true;
          attempt = 0;
          events.state({ status: "online", retryAt: null });
        }
        events.frame(frame);
      },
      closed(code) {
        if (socket !== mine) return;
        drop();
        if (running) lost(code);
      },
    });
    socket = mine;
    schedule(2 * heartbeatMs, giveUp);
  };

  /** Counts the socket as lost now: on a dead network its own farewell could take minutes. */
  const giveUp = (): void => {
    const silent = socket;
    if (silent === null) return;
    drop();
    silent.close();
    lost(ABNORMAL_CLOSURE);
  };

  const drop = (): void => {
    cancelTimer();
    socket = null;
    ready = false;
  };

  const lost = (code: number): void => {
    const refusal = REFUSALS.get(code);
    if (refusal !== undefined) {
      refuse(refusal);
      return;
    }
    const wait = backoff(attempt, ports.random);
    attempt += 1;
    events.state({ status: "offline", retryAt: ports.clock.now() + wait });
    schedule(wait, connect);
  };

  const refuse = (reason: Refusal): void => {
    running = false;
    stopListening();
    events.state({ status: "offline", retryAt: null });
    events.refused(reason);
  };

  const reconnect = (): void => {
    if (!running || socket !== null) return;
    attempt = 0;
    connect();
  };

  return {
    start() {
      if (running) return;
      running = true;
      stopListening = ports.onNetwork((online) => (online ? reconnect() : giveUp()));
      connect();
    },
    stop() {
      running = false;
      stopListening();
      const open = socket;
      drop();
      open?.close();
      events.state({ status: "offline", retryAt: null });
    },
    reconnect,
    send(frame) {
      if (!ready || socket === null) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
  };
}

/** Null for anything the contract does not know: too long, not text, not JSON, another shape. */
export function parseFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string" || data.length > MAX_FRAME_CHARACTERS) return null;
  try {
    const parsed = serverFrame.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
