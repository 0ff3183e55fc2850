import { randomUUID } from "node:crypto";
import type { Bus, BusListener, BusMessage } from "./bus.ts";

/** The processes that share a bus inside one operating-system process: one, or several servers of a test. */
export class MemoryNetwork {
  readonly #ends = new Set<MemoryBus>();

  join(): Bus {
    return new MemoryBus(this.#ends);
  }
}

class MemoryBus implements Bus {
  readonly id: string = randomUUID();
  readonly #ends: Set<MemoryBus>;
  #listener: BusListener = () => undefined;

  constructor(ends: Set<MemoryBus>) {
    this.#ends = ends;
  }

  get healthy(): boolean {
    return this.#ends.has(this);
  }

  publish(message: BusMessage): void {
    if (!this.healthy) return;
    for (const end of this.#ends) {
      if (end !== this) queueMicrotask(() => end.#receive(message, this.id));
    }
  }

  listen(listener: BusListener): void {
    this.#listener = listener;
  }

  async open(): Promise<void> {
    this.#ends.add(this);
  }

  async close(): Promise<void> {
    this.#ends.delete(this);
  }

  #receive(message: BusMessage, from: string): void {
    if (this.healthy) this.#listener(message, from);
  }
}
