import type { Audit } from "@rempart/audit";
import type { Database } from "@rempart/database";
import { type Clock, explain } from "@rempart/kernel";
import type { KeysEvent } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";

export interface KeyEventPorts {
  readonly database: Database;
  readonly audit: Pick<Audit, "record">;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Logger;
}

/** An outage bridges many data keys: the log hears of it this often, the metrics of each. */
const AT_MOST_EVERY_MS = 60_000;

/** Records keys that were made or opened without the key service, and why. No act waits for it. */
export function keyEvents({ database, audit, clock, log }: KeyEventPorts): (event: KeysEvent) => void {
  const told = new Map<string, number>();
  return (event) => {
    if (event.type !== "failover") return;
    const { provider, operation, reason } = event;
    const last = told.get(`${provider} ${operation}`) ?? Number.NEGATIVE_INFINITY;
    if (clock.monotonic() - last < AT_MOST_EVERY_MS) return;
    told.set(`${provider} ${operation}`, clock.monotonic());
    const resource = { type: "key-provider", id: provider, metadata: { operation, reason } };
    database
      .transaction((tx) => audit.record(tx, { type: "key.failover", actor: {}, resource }))
      .catch((error: unknown) => log.error({ error: explain(error) }, "a key failover was not recorded"));
  };
}
