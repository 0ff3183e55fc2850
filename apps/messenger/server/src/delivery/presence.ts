import type { Clock } from "@rempart/kernel";
import type { Bus, BusMessage } from "../bus/bus.ts";
import type { Connection } from "./connection.ts";
import { encodeFrame } from "./wire.ts";

/** A process that said nothing for this long is gone, and its users with it. */
const PROCESS_TIMEOUT_MS = 35_000;
/** Ids in one bus message. */
const CHUNK = 5_000;

interface Neighbour {
  readonly users: Set<string>;
  heardAt: number;
}

/**
 * Who is online: whoever has a socket in any process. Nothing is stored; a process that joins asks the others, and one
 * that dies without a word is forgotten after 35 seconds.
 */
export class Presence {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #local = new Set<string>();
  readonly #neighbours = new Map<string, Neighbour>();
  readonly #watchers = new Map<string, Set<Connection>>();

  constructor(bus: Bus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  isOnline(userId: string): boolean {
    if (this.#local.has(userId)) return true;
    for (const neighbour of this.#neighbours.values()) if (neighbour.users.has(userId)) return true;
    return false;
  }

  /** The first socket of a user here, or the end of the last. */
  changed(userId: string, online: boolean): void {
    this.#moving(userId, () => {
      if (online) this.#local.add(userId);
      else this.#local.delete(userId);
    });
    this.#bus.publish({ kind: "presence", id: userId, online });
  }

  /** Replaces whom this socket watches, and tells it how they are now. */
  watch(connection: Connection, userIds: readonly string[]): void {
    this.unwatch(connection);
    connection.watched = userIds;
    for (const userId of userIds) {
      const watchers = this.#watchers.get(userId);
      if (watchers === undefined) this.#watchers.set(userId, new Set([connection]));
      else watchers.add(connection);
      connection.send({ t: "presence", userId, online: this.isOnline(userId) });
    }
  }

  unwatch(connection: Connection): void {
    for (const userId of connection.watched) {
      const watchers = this.#watchers.get(userId);
      watchers?.delete(connection);
      if (watchers?.size === 0) this.#watchers.delete(userId);
    }
    connection.watched = [];
  }

  announce(): void {
    this.#bus.publish({ kind: "who" });
    this.#tellAll();
  }

  /** To be called every ten seconds or so. */
  tick(): void {
    this.#bus.publish({ kind: "alive" });
    const limit = this.#clock.monotonic() - PROCESS_TIMEOUT_MS;
    for (const [id, neighbour] of this.#neighbours) {
      if (neighbour.heardAt < limit) this.#forget(id, neighbour);
    }
  }

  receive(message: BusMessage, from: string): void {
    const neighbour = this.#neighbour(from);
    if (message.kind === "presence") this.#set(neighbour, message.id, message.online);
    if (message.kind === "here") for (const id of message.ids) this.#set(neighbour, id, true);
    if (message.kind === "who") this.#tellAll();
  }

  #tellAll(): void {
    const ids = [...this.#local];
    for (let start = 0; start < ids.length; start += CHUNK) {
      this.#bus.publish({ kind: "here", ids: ids.slice(start, start + CHUNK) });
    }
  }

  #neighbour(from: string): Neighbour {
    const known = this.#neighbours.get(from);
    const heardAt = this.#clock.monotonic();
    if (known !== undefined) {
      known.heardAt = heardAt;
      return known;
    }
    const neighbour = { users: new Set<string>(), heardAt };
    this.#neighbours.set(from, neighbour);
    return neighbour;
  }

  #forget(id: string, neighbour: Neighbour): void {
    this.#neighbours.delete(id);
    for (const userId of neighbour.users) if (!this.isOnline(userId)) this.#tell(userId, false);
  }

  #set(neighbour: Neighbour, userId: string, online: boolean): void {
    this.#moving(userId, () => {
      if (online) neighbour.users.add(userId);
      else neighbour.users.delete(userId);
    });
  }

  #moving(userId: string, change: () => void): void {
    const before = this.isOnline(userId);
    change();
    const after = this.isOnline(userId);
    if (before !== after) this.#tell(userId, after);
  }

  #tell(userId: string, online: boolean): void {
    const watchers = this.#watchers.get(userId);
    if (watchers === undefined) return;
    const frame = encodeFrame({ t: "presence", userId, online });
    for (const connection of watchers) connection.write(frame);
  }
}
