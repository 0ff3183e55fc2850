import type { EventStream, ServerEvent } from "@rempart/edge";
import type { Random } from "@rempart/kernel";

/** Events that somebody who comes back may have missed. */
const KEPT = 64;
/** Events that may wait for a reader. One that is behind by more is closed: it comes back, and gets what it missed. */
const MAX_WAITING = 2 * KEPT;

interface Reader {
  readonly stream: EventStream;
  waiting: number;
}

/** What those who follow are told as it happens, and the last of it for those who come back. */
export class LiveEvents {
  /** Ids of another process, or of one before, are not ours. */
  readonly #origin: string;
  readonly #readers = new Set<Reader>();
  /** The newest of each kind: how things stand. */
  readonly #latest = new Map<string, object>();
  #count = 0;
  #kept: ServerEvent[] = [];

  constructor(random: Random) {
    this.#origin = Buffer.from(random.bytes(4)).toString("hex");
  }

  get readers(): number {
    return this.#readers.size;
  }

  publish(event: string, data: object): void {
    this.#count += 1;
    this.#latest.set(event, data);
    const told = { event, data: JSON.stringify(data), id: `${this.#origin}.${this.#count}` };
    this.#kept = [...this.#kept.slice(1 - KEPT), told];
    for (const reader of this.#readers) this.#send(reader, told);
  }

  /** The stream is told what happened after `lastId`; when that is not known here any more, how things stand. */
  join(stream: EventStream, lastId: string | null): void {
    if (stream.closed.aborted) return;
    const reader: Reader = { stream, waiting: 0 };
    this.#readers.add(reader);
    stream.closed.addEventListener("abort", () => this.#readers.delete(reader), { once: true });
    for (const event of this.#after(lastId) ?? [this.#snapshot()]) this.#send(reader, event);
  }

  close(): void {
    for (const { stream } of this.#readers) stream.close();
  }

  #after(lastId: string | null): readonly ServerEvent[] | null {
    if (lastId === this.#lastId()) return [];
    const index = this.#kept.findIndex(({ id }) => id === lastId);
    return index < 0 ? null : this.#kept.slice(index + 1);
  }

  #snapshot(): ServerEvent {
    const data = JSON.stringify(Object.fromEntries(this.#latest));
    return { event: "snapshot", data, id: this.#lastId() };
  }

  #lastId(): string {
    return `${this.#origin}.${this.#count}`;
  }

  #send(reader: Reader, event: ServerEvent): void {
    if (reader.waiting >= MAX_WAITING) {
      reader.stream.close();
      return;
    }
    reader.waiting += 1;
    reader.stream.send(event).then(() => {
      reader.waiting -= 1;
    });
  }
}
