import type { Queryable } from "@rempart/database";
import type { ProblemCode } from "@rempart/messaging/contract";

/** An application message on its way into the log; every field was validated against the contract. */
export interface Submission {
  readonly id: string;
  readonly conversationId: string;
  readonly senderId: string;
  readonly deviceId: string;
  readonly epoch: number;
  /** MLS PrivateMessage, as canonical base64url: what goes out again to the receivers. */
  readonly body: string;
  /** The same, decoded: what is stored. */
  readonly bytes: Buffer;
}

export type Outcome =
  /** Durable. `fresh` is false when the same id had been placed before: it was not stored again. */
  | { readonly kind: "placed"; readonly seq: number; readonly sentAt: number; readonly fresh: boolean }
  | { readonly kind: "refused"; readonly code: ProblemCode; readonly epoch?: number };

/** One statement, hence one commit, for the whole batch; what it does stands in `migrations/0004-append-messages.sql`. */
const APPEND = "SELECT * FROM append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9)";

interface VerdictRow {
  outcome: "placed" | "again" | RefusedCode;
  seq: number | null;
  earlier_sent_at: number | null;
  present_epoch: number | null;
}

type RefusedCode =
  | "unknown-conversation"
  | "id-taken"
  | "device-not-in-group"
  | "stale-epoch"
  | "pending-removals";

/**
 * Outcomes in the order of `batch`, which holds no id twice. When it resolves, what was placed is durable. Rejects with
 * the database's error: a unique violation means that one of the ids was placed elsewhere meanwhile, so asking again gets
 * the answer.
 */
export async function append(
  database: Queryable,
  batch: readonly Submission[],
  sentAt: number,
): Promise<Outcome[]> {
  const rows = await database.query<VerdictRow>(APPEND, parameters(batch, sentAt), {
    name: "messages-append",
  });
  return rows.map((row) => outcomeOf(row, sentAt));
}

function outcomeOf(row: VerdictRow, sentAt: number): Outcome {
  if (row.outcome === "placed") return { kind: "placed", seq: row.seq as number, sentAt, fresh: true };
  if (row.outcome === "again") {
    return {
      kind: "placed",
      seq: row.seq as number,
      sentAt: row.earlier_sent_at as number,
      fresh: false,
    };
  }
  if (row.outcome === "stale-epoch") {
    return { kind: "refused", code: row.outcome, epoch: row.present_epoch as number };
  }
  return { kind: "refused", code: row.outcome };
}

/**
 * The batch as nine parameters. Ids are validated UUIDs, so array literals need no quoting; bodies travel as one binary
 * string that the statement cuts up, which costs less than an array of binary strings in hexadecimal.
 */
function parameters(batch: readonly Submission[], sentAt: number): unknown[] {
  const ids: string[] = [];
  const conversations: string[] = [];
  const senders: string[] = [];
  const devices: string[] = [];
  const epochs: number[] = [];
  const starts: number[] = [];
  const sizes: number[] = [];
  const bodies: Buffer[] = [];
  let start = 1;
  for (const item of batch) {
    ids.push(item.id);
    conversations.push(item.conversationId);
    senders.push(item.senderId);
    devices.push(item.deviceId);
    epochs.push(item.epoch);
    starts.push(start);
    sizes.push(item.bytes.length);
    bodies.push(item.bytes);
    start += item.bytes.length;
  }
  const arrays = [ids, conversations, senders, devices, epochs, starts, sizes];
  return [...arrays.map(arrayLiteral), Buffer.concat(bodies), new Date(sentAt)];
}

function arrayLiteral(values: readonly (string | number)[]): string {
  return `{${values.join(",")}}`;
}
