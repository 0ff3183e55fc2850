import type { MessengerConfig } from "../config.ts";
import type { Delivery } from "../delivery/delivery.ts";
import { readClockSkew } from "../telemetry/clock-skew.ts";
import { readDatabase } from "../telemetry/database-metrics.ts";
import { readDisk } from "../telemetry/disk-metrics.ts";
import { inTurns } from "../telemetry/in-turns.ts";
import {
  readQueues,
  unplacedEntries,
  waitingMails,
  waitingNotifications,
} from "../telemetry/queue-metrics.ts";
import { readRedis } from "../telemetry/redis-metrics.ts";
import type { Core } from "./core.ts";
import type { Ports } from "./ports.ts";

/** What the metrics tell of everything this process stands on. */
export function registerReadings(
  { dataDirectory }: MessengerConfig,
  { clock }: Ports,
  { registry, storage: { database }, counts }: Core,
  { writer }: Delivery,
): void {
  const looking = inTurns(database);
  readDatabase({ registry, database: looking, pool: () => database.stats(), clock });
  readClockSkew({ registry, database, clock });
  readDisk(registry, dataDirectory, clock);
  readQueues(registry, {
    messages: () => writer.waiting,
    mail: waitingMails(looking),
    audit: unplacedEntries(looking),
    notifications: waitingNotifications(looking),
  });
  if (counts !== null) readRedis({ registry, clock, info: counts.info });
}
