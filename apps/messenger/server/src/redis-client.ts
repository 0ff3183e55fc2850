import { createRequire } from "node:module";
import { explain } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";

const require = createRequire(import.meta.url);

export const CONNECT_TIMEOUT_MS = 2_000;
/** Commands that a frozen Redis has not answered; more fail at once. */
const MAX_UNANSWERED = 10_000;
const LONGEST_RETRY_MS = 5_000;

export type RedisClient = ReturnType<typeof redisClient>;

/** Not connected yet; comes back by itself. */
export function redisClient(url: string, log: Logger) {
  // A third of all modules, for those who have a Redis alone.
  const { createClient } = require("redis") as typeof import("redis");
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

export async function closeRedis(client: RedisClient): Promise<void> {
  if (client.isOpen) client.destroy();
}
