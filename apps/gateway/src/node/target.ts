import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "@rempart/kernel";
import type { UpstreamSettings } from "../config/schema.ts";
import { HEALTHY, type Health, isEjected } from "../core/upstream/health.ts";
import type { JudgedTarget } from "../core/upstream/upstream.ts";
import { GatewayError } from "../errors.ts";
import { type Address, type ConnectionOwner, type ConnectionUser, UpstreamConnection } from "./connection.ts";

/** Less than what the upstream says it keeps an idle connection, so that it is not used as it ends. */
const IDLE_MARGIN_MS = 1000;

/** A connection serves many requests: what it causes must not be taken for the first one's. */
const outside = AsyncLocalStorage.snapshot();

/** One address of an upstream: its connections and its health. */
export class Target implements JudgedTarget, ConnectionOwner {
  /** As configured: `http://127.0.0.1:3000`. */
  readonly name: string;
  /** What its own `Host` is. */
  readonly host: string;
  readonly address: Address;
  readonly #settings: UpstreamSettings;
  readonly #clock: Clock;
  readonly #open = new Set<UpstreamConnection>();
  /** The latest last: it is the warmest, and the others can end. */
  readonly #idle: UpstreamConnection[] = [];
  health: Health = HEALTHY;
  inFlight = 0;

  constructor(name: string, host: string, address: Address, settings: UpstreamSettings, clock: Clock) {
    this.name = name;
    this.host = host;
    this.address = address;
    this.#settings = settings;
    this.#clock = clock;
  }

  get connections(): number {
    return this.#open.size;
  }

  get isEjected(): boolean {
    return isEjected(this.health, this.#clock.monotonic());
  }

  /**
   * An idle connection (`isUsed`), ready as it is, or a new one that will tell `user` when it is. Throws
   * `upstream-unavailable` when all are taken.
   */
  acquire(user: ConnectionUser, isFresh: boolean): UpstreamConnection {
    const idle = isFresh || user.wantsTunnel ? undefined : this.#idle.pop();
    if (idle !== undefined) {
      idle.take(user);
      return idle;
    }
    if (this.#open.size >= this.#settings.connections && !this.#giveUpIdle())
      throw new GatewayError("upstream-unavailable", `Every connection to ${this.name} is taken`);
    const connection = outside(() => new UpstreamConnection(this.address, user, this));
    connection.await("connect", this.#clock.monotonic() + this.#settings.timeouts.connectMs);
    this.#open.add(connection);
    return connection;
  }

  onIdle(connection: UpstreamConnection): void {
    const { keepAliveMs } = this.#settings.timeouts;
    const told = connection.idleSeconds;
    const keepMs = told === null ? keepAliveMs : Math.min(keepAliveMs, told * 1000 - IDLE_MARGIN_MS);
    if (keepMs <= 0) {
      connection.destroy();
      return;
    }
    connection.await("idle", this.#clock.monotonic() + keepMs);
    this.#idle.push(connection);
  }

  onClosed(connection: UpstreamConnection): void {
    this.#open.delete(connection);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** Called from time to time: gives up what has waited too long. */
  expire(now: number): void {
    for (const connection of this.#open) connection.expire(now);
  }

  close(): void {
    for (const connection of this.#open) connection.destroy();
  }

  /** Room for a connection that must be new. */
  #giveUpIdle(): boolean {
    const oldest = this.#idle.shift();
    if (oldest === undefined) return false;
    this.#open.delete(oldest);
    oldest.destroy();
    return true;
  }
}
