import type { Queryable } from "@rempart/database";
import { registerLabelledReader, shippedMetrics } from "@rempart/observability";
import type { Registry } from "prom-client";
import { soon } from "./shared-look.ts";

/** How many wait in a queue. What rejects has no sample. */
export type Queue = () => number | Promise<number>;

/** How much waits, by the name of each queue, asked when the metrics are read. */
export function readQueues(registry: Registry, queues: Readonly<Record<string, Queue>>): void {
  registerLabelledReader(registry, shippedMetrics.queueMessages, async () => {
    const asked = Object.entries(queues).map(async ([queue, waiting]) => ({
      labels: { queue },
      value: await soon(Promise.resolve(waiting())),
    }));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  });
}

export function waitingMails(database: Queryable): Queue {
  return counted(database, "SELECT count(*) FROM mail_outbox WHERE NOT withheld");
}

/** Entries of the audit log that are committed and have no place yet. */
export function unplacedEntries(database: Queryable): Queue {
  return counted(
    database,
    `SELECT count(*) FROM audit_sequence, audit_entries
     WHERE transaction_id >= pg_snapshot_xmin(drained::pg_snapshot)
       AND NOT pg_visible_in_snapshot(transaction_id, drained::pg_snapshot)`,
  );
}

/** What receivers are to be told, and will be tried with again. */
export function waitingNotifications(database: Queryable): Queue {
  return counted(
    database,
    "SELECT count(*) FROM alerting_entries WHERE kind = 'letter' AND body -> 'dead' = 'null'",
  );
}

function counted(database: Queryable, text: string): Queue {
  return async () => {
    const [row] = await database.query<{ count: number }>(text);
    return row?.count ?? 0;
  };
}
