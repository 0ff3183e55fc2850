import type { Transaction } from "@rempart/database";
import { utf8 } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import type { MailKind, Where } from "../ports.ts";

export interface MailToWrite {
  readonly to: string;
  readonly kind: MailKind;
  /** Null: the installation's own. */
  readonly language: string | null;
  readonly values?: Readonly<Record<string, string>>;
  /** Milliseconds the mail is of use; as long as a notice's unless told. */
  readonly forMs?: number;
  /** Written like any other and never sent. */
  readonly withheld?: boolean;
}

export function valuesWhere(mailId: string): Where {
  return { table: "mail_outbox", column: "sealed_values", row: mailId };
}

/** Throws `not-configured` when this installation sends no mail. */
export function demandMails(context: Context): void {
  if (!context.mails) throw new IdentityError("not-configured", "This installation sends no mail");
}

/** Writes a mail in the transaction of the act it tells of. It is sent after the commit. */
export async function writeMail(context: Context, tx: Transaction, mail: MailToWrite): Promise<void> {
  const { clock, config, envelopes, newId } = context;
  if (!context.mails || envelopes === null) return;
  const id = newId();
  const now = clock.now();
  const sealed = await envelopes.seal(utf8(JSON.stringify(mail.values ?? {})), valuesWhere(id));
  await tx.query(
    `INSERT INTO mail_outbox
       (id, recipient, kind, language, sealed_values, withheld, created_at, expires_at, next_attempt_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7)`,
    [
      id,
      mail.to,
      mail.kind,
      mail.language ?? config.mail.language,
      sealed,
      mail.withheld ?? false,
      instant(now),
      instant(now + (mail.forMs ?? config.mail.noticeMs)),
    ],
  );
}
