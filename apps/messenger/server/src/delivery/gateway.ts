import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Database } from "@rempart/database";
import { type Authenticated, type Identity, parseSessionCookie } from "@rempart/identity";
import { type Clock, explain, isUuid } from "@rempart/kernel";
import { CLOSE, HEARTBEAT_MS, LIMITS } from "@rempart/messaging/contract";
import type { Tracing } from "@rempart/observability/telemetry";
import type { Logger } from "@rempart/runtime";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { ownDeviceState, touchDevice } from "../devices/devices.ts";
import { ClientSocket, Connection } from "./connection.ts";
import type { Frames } from "./frames.ts";
import type { Heartbeat } from "./heartbeat.ts";
import type { Hub } from "./hub.ts";
import type { Presence } from "./presence.ts";

export interface GatewayOptions {
  database: Database;
  identity: Identity;
  hub: Hub;
  presence: Presence;
  heartbeat: Heartbeat;
  frames: Frames;
  clock: Clock;
  log: Logger;
  tracing: Tracing;
  incarnation: number;
  socketsPerUser: number;
}

interface Accepted {
  readonly who: Authenticated;
  readonly deviceId: string;
}

/** A browser cannot see why an upgrade failed, so these are told by the close code of an accepted socket. */
type CloseCode = (typeof CLOSE)[keyof typeof CLOSE] | 1013;

const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;
/** An accepted socket that is refused gets this long to go. */
const REFUSAL_GRACE_MS = 2_000;

/** Turns upgraded connections into authenticated sockets. The edge has checked Origin and limits before. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #server = new WebSocketServer<typeof ClientSocket>({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: LIMITS.frameBytes,
    WebSocket: ClientSocket,
  });
  #stopping = false;
  #count = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Authenticated sockets that are open now. */
  get connections(): number {
    return this.#count;
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // The peer may reset the connection while it is being judged, and nobody else listens then.
    socket.on("error", ignore);
    const judged = await this.#judge(request);
    if (socket.destroyed) return;
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      ws.on("error", ignore);
      if (typeof judged === "number") refuse(ws, judged);
      else void this.#open(ws, socket as Socket, judged);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#options.hub.closeWhere(() => true, GOING_AWAY);
    const deadline = Date.now() + REFUSAL_GRACE_MS;
    while (this.#count > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    this.#server.close();
  }

  async #judge(request: IncomingMessage): Promise<Accepted | CloseCode> {
    if (this.#stopping) return TRY_AGAIN_LATER;
    try {
      const query = new URL(request.url ?? "/", "http://socket").searchParams;
      const who = await this.#authenticate(request, query.get("ticket"));
      if (who === null) return CLOSE.unauthenticated;
      const deviceId = query.get("device") ?? "";
      if (!isUuid(deviceId)) return CLOSE.deviceRevoked;
      const state = await ownDeviceState(this.#options.database, who.account.id, deviceId);
      if (state !== "active") return CLOSE.deviceRevoked;
      return this.#isFull(who.account.id) ? CLOSE.rateLimited : { who, deviceId };
    } catch (error) {
      this.#options.log.warn({ error: explain(error) }, "a socket could not be authenticated");
      return TRY_AGAIN_LATER;
    }
  }

  #authenticate(request: IncomingMessage, ticket: string | null): Promise<Authenticated | null> {
    const { identity } = this.#options;
    if (ticket !== null) return identity.redeemTicket(ticket);
    const token = parseSessionCookie(request.headers.cookie);
    return token === null ? Promise.resolve(null) : identity.authenticate(token);
  }

  #isFull(userId: string): boolean {
    const open = this.#options.hub.topics.user(userId)?.connections.size ?? 0;
    return open >= this.#options.socketsPerUser;
  }

  async #open(ws: ClientSocket, socket: Socket, { who, deviceId }: Accepted): Promise<void> {
    const { clock, frames, hub, database, log, tracing } = this.#options;
    const { id: sessionId, expiresAt } = who.session;
    const origin = tracing.origin();
    const identified = { userId: who.account.id, deviceId, sessionId, sessionExpiresAt: expiresAt, origin };
    const connection = new Connection(ws, socket, identified, frames.burst, clock.monotonic());
    try {
      await hub.attach(connection);
      await this.#judgeAgain(connection);
      if (!connection.open) return this.#gone(connection);
      this.#ready(ws, connection);
      await touchDevice(database, deviceId, clock.now());
    } catch (error) {
      log.warn({ error: explain(error) }, "a socket could not be opened");
      connection.close(TRY_AGAIN_LATER);
      this.#gone(connection);
    }
  }

  /** The device or the session may have ended while the socket was not yet known to the hub. */
  async #judgeAgain(connection: Connection): Promise<void> {
    const { database, identity } = this.#options;
    const [state, sessions] = await Promise.all([
      ownDeviceState(database, connection.userId, connection.deviceId),
      identity.sessions(connection.userId),
    ]);
    if (state !== "active") connection.close(CLOSE.deviceRevoked);
    const live = sessions.some((session) => session.id === connection.sessionId);
    if (!live) connection.close(CLOSE.unauthenticated);
  }

  #ready(ws: ClientSocket, connection: Connection): void {
    const { hub, presence, heartbeat, clock, incarnation } = this.#options;
    const { userId, deviceId } = connection;
    ws.connection = connection;
    ws.gateway = this;
    ws.on("message", onMessage);
    ws.on("pong", onPong);
    ws.on("close", onClose);
    this.#count += 1;
    heartbeat.add(connection);
    const serverTime = clock.now();
    connection.send({ t: "ready", userId, deviceId, incarnation, serverTime, heartbeatMs: HEARTBEAT_MS });
    if (hub.topics.user(userId)?.connections.size === 1) presence.changed(userId, true);
  }

  received(connection: Connection, data: Buffer, isBinary: boolean): void {
    this.#options.frames.received(connection, data, isBinary);
  }

  closed(connection: Connection): void {
    this.#count -= 1;
    this.#options.heartbeat.remove(connection);
    this.#gone(connection);
  }

  #gone(connection: Connection): void {
    const { hub, presence } = this.#options;
    presence.unwatch(connection);
    if (hub.detach(connection)) presence.changed(connection.userId, false);
  }
}

function refuse(ws: ClientSocket, code: number): void {
  ws.close(code);
  setTimeout(() => ws.terminate(), REFUSAL_GRACE_MS).unref();
}

// Shared by all sockets: a closure for each would cost more than the socket's own state.

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { connection, gateway } = this as ClientSocket;
  // `nodebuffer`, the library's default, makes every message one Buffer.
  if (connection !== undefined) gateway?.received(connection, data as Buffer, isBinary);
}

function onPong(this: WebSocket): void {
  const { connection } = this as ClientSocket;
  if (connection !== undefined) connection.heard = true;
}

function onClose(this: WebSocket): void {
  const { connection, gateway } = this as ClientSocket;
  if (connection !== undefined) gateway?.closed(connection);
}

/** Protocol errors end the socket, which `close` tells. */
function ignore(): void {}
