import { randomUUID } from "node:crypto";
import { explain } from "@rempart/kernel";
import { type Dependency, dependency, type Logger } from "@rempart/runtime";
import { createClient } from "redis";
import { type Bus, type BusListener, type BusMessage, busMessage } from "./bus.ts";

const CONNECT_TIMEOUT_MS = 2_000;
/** Publications that a frozen Redis has not answered; more are lost. */
const MAX_UNANSWERED = 10_000;
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
  /** Nobody waits for a hint: what cannot be carried is skipped, and found by the repairing poll. */
  readonly #redis: Dependency<undefined> = dependency({
    name: "redis-bus",
    budgetMs: 1_000,
    onFailure: { mode: "skip", value: undefined },
    retry: "none",
    breaker: { failures: 5, halfOpenAfterMs: 1_000 },
  });
  #listener: BusListener = () => undefined;

  constructor({ url, log, namespace = "rempart" }: RedisBusOptions) {
    this.#log = log;
    this.#prefix = `${namespace}:messenger:`;
    this.#publisher = connection(url, log);
    this.#subscriber = connection(url, log);
  }

  get healthy(): boolean {
    const connected = this.#publisher.isReady && this.#subscriber.isReady;
    return connected && this.#redis.health().status === "up";
  }

  publish(message: BusMessage): void {
    if (!this.#publisher.isReady) return;
    void this.#redis.call(() => this.#publisher.publish(this.#prefix + this.id, JSON.stringify(message)));
  }

  listen(listener: BusListener): void {
    this.#listener = listener;
  }

  /** A Redis that is away does not keep the process from serving: the connections are made when it comes. */
  async open(): Promise<void> {
    const listening = this.#connect();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CONNECT_TIMEOUT_MS);
    await Promise.race([listening, late]);
    clearTimeout(timer);
  }

  async #connect(): Promise<void> {
    try {
      await Promise.all([this.#publisher.connect(), this.#subscriber.connect()]);
      await this.#subscriber.pSubscribe(`${this.#prefix}*`, (text, channel) => this.#receive(text, channel));
    } catch (error) {
      // Closing while it still connects ends here too.
      if (this.#subscriber.isOpen) this.#log.error({ error: explain(error) }, "the bus cannot listen");
    }
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
    commandsQueueMaxLength: MAX_UNANSWERED,
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
