import { utf8 } from "@rempart/kernel";
import { formatEvent, type ServerEvent } from "./event.ts";

export interface EventStreamOptions {
  /** Ends the stream, usually the request's own signal. */
  readonly signal?: AbortSignal;
  /** A comment goes out after so long a silence, so that no proxy takes the stream for dead; default 15,000 ms. */
  readonly heartbeatMs?: number;
  /** Bytes that may wait for a slow reader before `send` waits too; default 64 KiB. */
  readonly highWaterBytes?: number;
}

export interface EventStream {
  /** For `new Response(stream.body, { headers: SSE_HEADERS })`, or `Readable.fromWeb(stream.body)` on Node. */
  readonly body: ReadableStream<Uint8Array>;
  /** Aborted when the stream has ended, whoever ended it: stop your sources then. */
  readonly closed: AbortSignal;
  /**
   * Resolves when the reader keeps up: `true` if the event went out, `false` if the stream has ended. Await it, and a slow
   * reader slows its source; memory stays within `highWaterBytes` and what is sent without waiting.
   */
  send(event: ServerEvent): Promise<boolean>;
  close(): void;
}

/** `no-transform` and `X-Accel-Buffering` keep compressors and nginx from holding events back. */
export const SSE_HEADERS = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-cache, no-store, no-transform",
  "X-Accel-Buffering": "no",
} as const;

const HEARTBEAT = utf8(":\n\n");

export function createEventStream(options: EventStreamOptions = {}): EventStream {
  return new Stream(options);
}

class Stream implements EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #ended = new AbortController();
  readonly #heartbeatMs: number;
  readonly #signal: AbortSignal | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #room = Promise.withResolvers<void>();

  constructor({ signal, heartbeatMs = 15_000, highWaterBytes = 65_536 }: EventStreamOptions) {
    this.#heartbeatMs = heartbeatMs;
    this.#signal = signal;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#makeRoom(),
        cancel: () => this.#end(),
      },
      { highWaterMark: highWaterBytes, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    signal?.addEventListener("abort", this.close, { once: true });
    if (signal?.aborted) this.close();
    else this.#beatLater();
  }

  get closed(): AbortSignal {
    return this.#ended.signal;
  }

  async send(event: ServerEvent): Promise<boolean> {
    const bytes = utf8(formatEvent(event));
    while (!this.closed.aborted && this.#isFull()) await this.#room.promise;
    if (this.closed.aborted) return false;
    this.#controller.enqueue(bytes);
    this.#beatLater();
    return true;
  }

  readonly close = (): void => {
    if (this.closed.aborted) return;
    this.#controller.close();
    this.#end();
  };

  #isFull(): boolean {
    return (this.#controller.desiredSize ?? 0) <= 0;
  }

  #makeRoom(): void {
    this.#room.resolve();
    this.#room = Promise.withResolvers<void>();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.close);
    this.#ended.abort();
    this.#makeRoom();
  }

  #beatLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#isFull()) this.#controller.enqueue(HEARTBEAT);
      this.#beatLater();
    }, this.#heartbeatMs);
  }
}
