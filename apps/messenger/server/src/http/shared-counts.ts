import type { RateLimitEvent, RateLimitStore } from "@rempart/edge";
import { redisStore } from "@rempart/edge/redis";
import { explain } from "@rempart/kernel";
import type { Logger, Secret } from "@rempart/runtime";
import { CONNECT_TIMEOUT_MS, closeRedis, redisClient } from "../redis-client.ts";

/** Counts of the limits that all processes of an installation share. */
export interface SharedCounts {
  readonly store: RateLimitStore;
  /** Says when the store goes and comes back: meanwhile each process counts for itself. */
  observe(event: RateLimitEvent): void;
  /** A Redis that is away does not keep the process from serving. */
  open(): Promise<void>;
  /** What `INFO` answers. Rejects while Redis is away. */
  info(): Promise<string>;
  close(): Promise<void>;
}

export function sharedCounts(url: Secret, log: Logger): SharedCounts {
  const client = redisClient(url.reveal(), log);
  return {
    store: redisStore({ client }),
    observe(event) {
      if (event.kind === "store-down")
        log.warn({ error: explain(event.cause) }, "limits are counted in each process until Redis answers");
      if (event.kind === "store-up") log.info({ downMs: event.downMs }, "limits are counted in Redis again");
    },
    async open() {
      const connecting = client.connect().then(
        () => undefined,
        // It is tried again, and the client has said why.
        () => undefined,
      );
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CONNECT_TIMEOUT_MS);
      await Promise.race([connecting, late]);
      clearTimeout(timer);
    },
    info: () => client.info(),
    close: () => closeRedis(client),
  };
}
