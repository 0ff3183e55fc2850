import type { Audit } from "@rempart/audit";
import type { Database } from "@rempart/database";
import type { Identity } from "@rempart/identity";
import type { Clock, Uuid } from "@rempart/kernel";
import type { Hub } from "../../delivery/hub.ts";
import type { KeyLog } from "../../devices/key-log.ts";
import type { ReceiptWriter } from "../../messages/receipts.ts";
import type { MessageWriter } from "../../messages/writer.ts";
import type { Metrics } from "../../telemetry/metrics.ts";

/** What the handlers work with. */
export interface Services {
  readonly database: Database;
  readonly identity: Identity;
  readonly audit: Pick<Audit, "record">;
  readonly keyLog: KeyLog;
  readonly clock: Clock;
  readonly newId: () => Uuid;
  readonly hub: Hub;
  readonly writer: MessageWriter;
  readonly receipts: ReceiptWriter;
  readonly metrics: Pick<Metrics, "messageStored" | "accessTokenIssued">;
  readonly incarnation: number;
  /** Whether what was erased up to now stands beside the backups; within a bounded time. */
  readonly erasuresRecorded: () => Promise<boolean>;
}
