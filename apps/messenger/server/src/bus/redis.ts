import { randomUUID } from "node:crypto";
import { explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { createClient } from "redis";
import { type Bus, type BusListener, type BusMessage, busMessage } from "./bus.ts";

const CONNECT_TIMEOUT_MS = 2_000;
const LONGEST_RETRY_MS = 5_000;
/** Larger texts are not ours. */
const MAX_TEXT = 4 * 1024 * 1024;

export interface RedisBusOptions {
  url: string;
  log: Logger;
  /** Separates installations that share a Redis. */
  namespace?: string;
}

type Client = ReturnType<typeof connection>;

/**
 * One channel for each process, on which it alone publishes; all others listen to every channel of the namespace. While
 * Redis is away messages are lost and `healthy` is false; both connections come back by themselves.
 */
export class RedisBus implements Bus {
  readonly id: string = randomUUID();
  readonly #log: Logger;
  readonly #prefix: string;
  readonly #publisher: Client;
  readonly #subscriber: Client;
  #listener: BusListener = () => undefined;

  constructor({ url, log, namespace = "rempart" }: RedisBusOptions) {
    this.#log = log;
    this.#prefix = `${namespace}:messenger:`;
    this.#publisher = connection(url, log);
    this.#subscriber = connection(url, log);
  }

  get healthy(): boolean {
    return this.#publisher.isReady && this.#subscriber.isReady;
  }

  publish(message: BusMessage): void {
    if (!this.#publisher.isReady) return;
    const lost = (error: unknown) => this.#log.warn({ error: explain(error) }, "a bus message was lost");
    this.#publisher.publish(this.#prefix + this.id, JSON.stringify(message)).catch(lost);
  }

  listen(listener: BusListener): void {
    this.#listener = listener;
  }

  async open(): Promise<void> {
    await Promise.all([this.#publisher.connect(), this.#subscriber.connect()]);
    await this.#subscriber.pSubscribe(`${this.#prefix}*`, (text, channel) => this.#receive(text, channel));
  }

  async close(): Promise<void> {
    await Promise.all([this.#publisher, this.#subscriber].map(closeClient));
  }

  #receive(text: string, channel: string): void {
    const from = channel.slice(this.#prefix.length);
    if (from === this.id) return;
    const message = parse(text);
    if (message === null) this.#log.warn({ from }, "an unknown bus message was dropped");
    else this.#listener(message, from);
  }
}

function connection(url: string, log: Logger) {
  const client = createClient({
    url,
    // Commands given while Redis is away fail instead of piling up.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: (attempts) => Math.min(50 * 2 ** Math.min(attempts, 10), LONGEST_RETRY_MS),
    },
  });
  client.on("error", (error) => log.warn({ error: explain(error) }, "Redis cannot be reached"));
  return client;
}

async function closeClient(client: Client): Promise<void> {
  if (client.isOpen) client.destroy();
}

function parse(text: string): BusMessage | null {
  if (text.length > MAX_TEXT) return null;
  try {
    const parsed = busMessage.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
