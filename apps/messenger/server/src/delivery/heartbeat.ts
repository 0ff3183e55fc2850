import type { Clock } from "@rempart/kernel";
import { CLOSE, HEARTBEAT_MS } from "@rempart/messaging/contract";
import type { Connection } from "./connection.ts";
import type { Hub } from "./hub.ts";
import { encodeFrame } from "./wire.ts";

const TICK_MS = 1_000;
const SLOTS = HEARTBEAT_MS / TICK_MS;
/** Pairs in one beat frame: well inside the largest frame. */
const HEADS_PER_FRAME = 1_000;

/**
 * One timer for all sockets. Each second the sockets of one slot get their beat: the heads that moved since their last,
 * and a ping that a living peer answers before the next.
 */
export class Heartbeat {
  readonly #hub: Hub;
  readonly #clock: Clock;
  readonly #beaten: (connection: Connection) => void;
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<Connection>());
  #next = 0;
  #timer: NodeJS.Timeout | null = null;

  /** `beaten` is told of every socket that is alive at its beat. */
  constructor(hub: Hub, clock: Clock, beaten: (connection: Connection) => void) {
    this.#hub = hub;
    this.#clock = clock;
    this.#beaten = beaten;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.tick(), TICK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Its first beat comes a whole interval later. */
  add(connection: Connection): void {
    const slot = (this.#next + SLOTS - 1) % SLOTS;
    this.#slots[slot]?.add(connection);
    connection.slot = slot;
  }

  remove(connection: Connection): void {
    this.#slots[connection.slot]?.delete(connection);
  }

  /** One second's share of the beats. */
  tick(): void {
    this.#hub.beat += 1;
    const slot = this.#slots[this.#next] as Set<Connection>;
    this.#next = (this.#next + 1) % SLOTS;
    const now = this.#clock.now();
    for (const connection of slot) this.#beat(connection, now);
  }

  #beat(connection: Connection, now: number): void {
    if (!connection.heard) {
      connection.terminate();
      return;
    }
    if (connection.sessionExpiresAt <= now) {
      connection.close(CLOSE.unauthenticated);
      return;
    }
    connection.heard = false;
    const moved = this.#movedHeads(connection.userId);
    for (let start = 0; start === 0 || start < moved.length; start += HEADS_PER_FRAME) {
      const heads = moved.slice(start, start + HEADS_PER_FRAME);
      connection.write(heads.length === 0 ? EMPTY_BEAT : encodeFrame({ t: "beat", heads }));
    }
    connection.ping();
    this.#beaten(connection);
  }

  #movedHeads(userId: string): [string, number][] {
    const since = this.#hub.beat - SLOTS;
    const moved: [string, number][] = [];
    for (const topic of this.#hub.topics.user(userId)?.topics ?? []) {
      if (topic.movedAt >= since) moved.push([topic.id, topic.head]);
    }
    return moved;
  }
}

const EMPTY_BEAT = encodeFrame({ t: "beat", heads: [] });
