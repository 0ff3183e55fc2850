import { randomUUID } from "node:crypto";
import { explain } from "@rempart/kernel";
import { type CallTracer, type Dependency, dependency, type Logger } from "@rempart/runtime";
import { CONNECT_TIMEOUT_MS, closeRedis, type RedisClient, redisClient } from "../redis-client.ts";
import { type Bus, type BusListener, type BusMessage, busMessage } from "./bus.ts";

/** Larger texts are not ours. */
const MAX_TEXT = 4 * 1024 * 1024;

export interface RedisBusOptions {
  url: string;
  log: Logger;
  trace?: CallTracer | undefined;
  /** Separates installations that share a Redis. */
  namespace?: string;
}

/**
 * One channel for each process, on which it alone publishes; all others listen to every channel of the namespace. While
 * Redis is away messages are lost and `healthy` is false; both connections come back by themselves.
 */
export class RedisBus implements Bus {
  readonly id: string = randomUUID();
  readonly #log: Logger;
  readonly #prefix: string;
  readonly #publisher: RedisClient;
  readonly #subscriber: RedisClient;
  /** Nobody waits for a hint: what cannot be carried is skipped, and found by the repairing poll. */
  readonly #redis: Dependency<undefined>;
  #listener: BusListener = () => undefined;

  constructor({ url, log, trace, namespace = "rempart" }: RedisBusOptions) {
    this.#redis = dependency(
      {
        name: "redis-bus",
        budgetMs: 1_000,
        onFailure: { mode: "skip", value: undefined },
        retry: "none",
        breaker: { failures: 5, halfOpenAfterMs: 1_000 },
      },
      trace === undefined ? {} : { trace },
    );
    this.#log = log;
    this.#prefix = `${namespace}:messenger:`;
    this.#publisher = redisClient(url, log);
    this.#subscriber = redisClient(url, log);
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
    await Promise.all([this.#publisher, this.#subscriber].map(closeRedis));
  }

  #receive(text: string, channel: string): void {
    const from = channel.slice(this.#prefix.length);
    if (from === this.id) return;
    const message = parse(text);
    if (message === null) this.#log.warn({ from }, "an unknown bus message was dropped");
    else this.#listener(message, from);
  }
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
