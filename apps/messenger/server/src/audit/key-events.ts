import type { Audit, AuditEvent } from "@rempart/audit";
import type { Database } from "@rempart/database";
import { type Clock, explain } from "@rempart/kernel";
import type { KeysEvent } from "@rempart/keys";
import type { Logger } from "@rempart/runtime";

export interface KeyEventPorts {
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Logger;
}

/** An outage bridges many data keys: the log hears of it this often, the metrics of each. */
const AT_MOST_EVERY_MS = 60_000;

/**
 * Records keys that were made or opened without the key service, and why. No act waits for it. The log itself is opened with
 * such keys: what happens before `recordTo` waits for it.
 */
export class KeyEvents {
  readonly #ports: KeyEventPorts;
  readonly #told = new Map<string, number>();
  #waiting: AuditEvent[] = [];
  #record = (event: AuditEvent): void => void this.#waiting.push(event);

  constructor(ports: KeyEventPorts) {
    this.#ports = ports;
  }

  recordTo(audit: Pick<Audit, "record">, database: Database): void {
    this.#record = (event) => {
      database
        .transaction((tx) => audit.record(tx, event))
        .catch((error: unknown) =>
          this.#ports.log.error({ error: explain(error) }, "a key failover was not recorded"),
        );
    };
    for (const event of this.#waiting) this.#record(event);
    this.#waiting = [];
  }

  observe(event: KeysEvent): void {
    if (event.type !== "failover" || !this.#isNews(`${event.provider} ${event.operation}`)) return;
    const { provider: id, operation, reason } = event;
    const resource = { type: "key-provider", id, metadata: { operation, reason } };
    this.#record({ type: "key.failover", actor: {}, resource });
  }

  #isNews(what: string): boolean {
    const now = this.#ports.clock.monotonic();
    if (now - (this.#told.get(what) ?? Number.NEGATIVE_INFINITY) < AT_MOST_EVERY_MS) return false;
    this.#told.set(what, now);
    return true;
  }
}
