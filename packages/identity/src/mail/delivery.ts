import type { Uuid } from "@rempart/kernel";
import { repeat, timeLimit } from "@rempart/runtime";
import { type Context, instant } from "../context.ts";
import type { Envelopes, Mail, Mailer, MailKind } from "../ports.ts";
import { valuesWhere } from "./outbox.ts";

interface OutboxRow {
  id: Uuid;
  recipient: string;
  kind: MailKind;
  language: string;
  sealed_values: string;
  withheld: boolean;
  expires_at: Date;
  attempts: number;
}

/** Mails under way at once. */
const BATCH = 10;

/** Empties the outbox, in every process at once without sending anything twice while all goes well. */
export interface Delivery {
  /** Sends what is due. Rejects when the database fails; a mailer's failure is a mail's, and is tried again later. */
  deliver(): Promise<void>;
  /** The same, soon, without anybody waiting for it. */
  kick(): void;
  /** Resolves when the mails in hand are settled; the others wait for the next process. */
  stop(): Promise<void>;
}

export function startDelivery(context: Context, mailer: Mailer, envelopes: Envelopes): Delivery {
  let running: Promise<void> = Promise.resolve();
  let queued: Promise<void> | null = null;
  const stopping = new AbortController();

  /** One run at a time; whoever asks before the next one has begun shares it. */
  const deliver = (): Promise<void> => {
    if (queued !== null) return queued;
    const next = running.then(() => {
      queued = null;
      return emptyOutbox(context, mailer, envelopes, stopping.signal);
    });
    queued = next;
    running = next.catch(() => {});
    return next;
  };
  const quietly = async (): Promise<void> => {
    await deliver().catch((error: unknown) => {
      context.log.warn({ err: error }, "cannot read the mails to send; they wait for the database");
    });
  };
  const polling = repeat(stopping.signal, async () => {
    await quietly();
    return context.config.mail.pollMs;
  });

  return {
    deliver,
    kick: () => void quietly(),
    async stop() {
      stopping.abort();
      await polling;
      await running;
    },
  };
}

async function emptyOutbox(
  context: Context,
  mailer: Mailer,
  envelopes: Envelopes,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    const claimed = await claim(context);
    const settled = await Promise.allSettled(claimed.map((row) => settle(context, mailer, envelopes, row)));
    const failed = settled.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
    if (claimed.length < BATCH) return;
  }
}

/** Until the lease is over nobody else takes these. A process that dies lets go of them that way. */
function claim(context: Context): Promise<OutboxRow[]> {
  const now = context.clock.now();
  return context.database.query<OutboxRow>(
    `UPDATE mail_outbox SET attempts = attempts + 1, next_attempt_at = $2 WHERE id IN (
       SELECT id FROM mail_outbox WHERE next_attempt_at <= $1 ORDER BY next_attempt_at
       LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)
     RETURNING id, recipient, kind, language, sealed_values, withheld, expires_at, attempts`,
    [instant(now), instant(now + context.config.mail.leaseMs)],
  );
}

async function settle(context: Context, mailer: Mailer, envelopes: Envelopes, row: OutboxRow): Promise<void> {
  if (row.withheld) return remove(context, row.id);
  if (row.expires_at.getTime() <= context.clock.now()) return drop(context, row);
  try {
    await send(context, mailer, await toMail(envelopes, row));
  } catch (error) {
    context.log.warn({ err: error, mailId: row.id, attempts: row.attempts }, "a mail could not be sent");
    return postpone(context, row);
  }
  return remove(context, row.id);
}

async function toMail(envelopes: Envelopes, row: OutboxRow): Promise<Mail> {
  const values = await envelopes.open(row.sealed_values, valuesWhere(row.id));
  return {
    id: row.id,
    to: row.recipient,
    kind: row.kind,
    language: row.language,
    values: JSON.parse(Buffer.from(values).toString()),
  };
}

/** Half the lease: a mailer that hangs is given up before another process may take the mail. */
async function send(context: Context, mailer: Mailer, mail: Mail): Promise<void> {
  const inTime = await timeLimit(mailer.send(mail), context.config.mail.leaseMs / 2);
  if (!inTime) throw new Error("the mailer did not answer in time");
}

async function remove(context: Context, id: Uuid): Promise<void> {
  await context.database.query("DELETE FROM mail_outbox WHERE id = $1", [id]);
}

async function drop(context: Context, { id, kind, attempts }: OutboxRow): Promise<void> {
  await context.database.transaction(async (tx) => {
    const dropped = await tx.query("DELETE FROM mail_outbox WHERE id = $1 RETURNING id", [id]);
    if (dropped.length === 0) return;
    await context.observe({ type: "mail.dropped", mailId: id, kind, attempts: attempts - 1 }, tx);
  });
}

async function postpone(context: Context, { id, attempts }: OutboxRow): Promise<void> {
  const { firstRetryMs, maxRetryMs } = context.config.mail;
  const delay = Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempts - 1, 31));
  await context.database.query("UPDATE mail_outbox SET next_attempt_at = $2 WHERE id = $1", [
    id,
    instant(context.clock.now() + delay),
  ]);
}
