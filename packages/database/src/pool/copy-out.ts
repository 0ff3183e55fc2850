import type { Duplex } from "node:stream";
import type pg from "pg";

/** Messages that belong to a copy or may come at any time (protocol 3, Message Formats). All others are for `pg` to read. */
const COPY_DATA = 0x64;
const WITHIN: ReadonlySet<number> = new Set(Buffer.from("dHNSA"));

/** A letter, and the length of the rest in four bytes, these included. */
const HEAD_BYTES = 5;
const LENGTH_BYTES = 4;

/** Takes the messages of a copy apart, which may be cut anywhere. */
export class CopyMessages {
  /** From the first message that is none of the copy's: null until it comes. */
  rest: Buffer | null = null;
  #code = 0;
  #headRead = 0;
  /** Of the body. */
  #left = 0;

  /** The rows in a part, moved together in its own memory: a copy makes no garbage of its own. */
  take(part: Buffer): Buffer {
    let to = 0;
    let at = 0;
    while (at < part.length && this.rest === null) {
      if (this.#headRead < HEAD_BYTES) {
        this.#readHead(part, at);
        at += 1;
        continue;
      }
      const end = Math.min(at + this.#left, part.length);
      if (this.#code === COPY_DATA) {
        part.copyWithin(to, at, end);
        to += end - at;
      }
      this.#left -= end - at;
      if (this.#left === 0) this.#headRead = 0;
      at = end;
    }
    return part.subarray(0, to);
  }

  #readHead(part: Buffer, at: number): void {
    const byte = part[at] as number;
    if (this.#headRead > 0) this.#left = this.#left * 256 + byte;
    else if (WITHIN.has(byte)) this.#code = byte;
    else this.rest = part.subarray(at);
    this.#headRead += 1;
    if (this.#headRead < HEAD_BYTES) return;
    this.#left -= LENGTH_BYTES;
    if (this.#left < 0) throw new RangeError("a message of the server is shorter than its length");
    if (this.#left === 0) this.#headRead = 0;
  }
}

type Reader = (part: Buffer) => void;

/**
 * `COPY … TO STDOUT` as a statement that `pg` submits, and the bytes of its rows. The socket is read only as they are taken, so
 * a slow reader slows the server down. Whoever stops in the middle must close the connection.
 */
export class CopyQuery implements pg.Submittable, AsyncIterable<Uint8Array> {
  /** `pg` adds the end of its limit for an answer, which is none for a copy: that lasts as long as somebody takes it. */
  callback: () => void = () => {};
  readonly #text: string;
  #stream: Duplex | null = null;
  #reader: Reader = () => {};
  #ended = false;
  #error: unknown = null;
  /** Something has come, or no more will. */
  #wake: () => void = () => {};
  readonly #onReadable = (): void => this.#wake();

  constructor(text: string) {
    this.#text = text;
  }

  submit(connection: pg.Connection): void {
    this.callback();
    this.#stream = connection.stream;
    this.#reader = this.#stream.listeners("data")[0] as Reader;
    this.#stream.off("data", this.#reader);
    this.#stream.pause();
    this.#stream.on("readable", this.#onReadable);
    connection.query(this.#text);
  }

  handleError(error: unknown): void {
    this.#error = error;
    this.#ended = true;
    this.#wake();
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const messages = new CopyMessages();
    while (messages.rest === null && !this.#ended) {
      const part = this.#stream?.read() as Buffer | null | undefined;
      const rows = part ? messages.take(part) : await this.#more();
      if (rows !== undefined && rows.length > 0) yield rows;
    }
    if (messages.rest !== null) this.#giveBack(messages.rest);
    while (!this.#ended) await this.#more();
    if (this.#error !== null) throw this.#error;
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }

  /** The rest is for `pg` to read, and whatever comes after it. */
  #giveBack(rest: Buffer): void {
    this.#stream?.off("readable", this.#onReadable);
    this.#stream?.on("data", this.#reader);
    this.#reader(rest);
    // Only when the stream has noticed that nobody waits to read it any more.
    process.nextTick(() => this.#stream?.resume());
  }
}
