import type { Queryable, Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { ACCOUNT_COLUMNS, type AccountRow, toAccount } from "../account-row.ts";
import { type Context, instant } from "../context.ts";
import { holdUser } from "../credentials/held.ts";
import { IdentityError } from "../errors.ts";
import { writeMail } from "../mail/outbox.ts";
import { plainText } from "../names.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { AuthMethod, Client, SignedIn } from "../types.ts";
import { addressKey } from "./address-key.ts";

export interface Candidate extends AccountRow {
  status: "ACTIVE" | "SUSPENDED" | "BANNED" | "DELETED";
  suspended_until: Date | null;
  language: string | null;
}

/**
 * The account as it is now, held until the transaction ends: a suspension that commits while a proof was checked is not
 * overtaken. Null: there is none any more.
 */
export async function holdCandidate(tx: Transaction, userId: Uuid): Promise<Candidate | null> {
  await holdUser(tx, userId);
  const [row] = await tx.query<Candidate>(
    `SELECT ${ACCOUNT_COLUMNS}, u.status, u.suspended_until, u.language
     FROM users u WHERE u.id = $1 AND u.status <> 'DELETED'`,
    [userId],
  );
  return row ?? null;
}

/** Why this account may not be entered, or null. A suspension that is over is lifted. */
export async function checkStatus(
  context: Context,
  tx: Transaction,
  row: Candidate,
  client: Client,
): Promise<IdentityError | null> {
  if (row.status === "ACTIVE") return null;
  const until = row.suspended_until?.getTime() ?? null;
  if (row.status === "SUSPENDED" && until !== null && until <= context.clock.now()) {
    await liftSuspension(tx, row.id);
    await context.observe({ type: "account.reactivated", userId: row.id, cause: "suspension-over" }, tx);
    return null;
  }
  const reason = row.status === "BANNED" ? "banned" : "suspended";
  await context.observe({ type: "auth.login.failed", userId: row.id, reason, client }, tx);
  return reason === "banned"
    ? new IdentityError("account-banned", "This account is banned")
    : new IdentityError("account-suspended", "This account is suspended", {
        details: { suspendedUntil: until },
      });
}

async function liftSuspension(tx: Queryable, userId: Uuid): Promise<void> {
  await tx.query(
    `UPDATE users SET status = 'ACTIVE', suspended_at = NULL, suspended_until = NULL, suspension_reason = NULL
     WHERE id = $1`,
    [userId],
  );
}

/** Who enters, what they have proved, and from where. */
interface Entrant {
  readonly row: Candidate;
  readonly amr: readonly AuthMethod[];
  readonly client: Client;
  /** With which passkey, if it was one. */
  readonly passkeyId: Uuid | null;
}

/** Opens the session of who has proved everything the account asks for. */
export async function enter(
  context: Context,
  sessions: Sessions,
  tx: Transaction,
  { row, amr, client, passkeyId }: Entrant,
): Promise<SignedIn> {
  const unfamiliar = await isUnfamiliar(tx, row.id, client.address);
  const opened = await sessions.open(tx, row.id, client, amr);
  if (passkeyId !== null) await notePasskey(tx, opened.session.id, passkeyId);
  await tx.query("UPDATE users SET last_active_at = $2 WHERE id = $1", [
    row.id,
    instant(context.clock.now()),
  ]);
  if (unfamiliar && context.config.mail.newSignIn) await mailNewSignIn(context, tx, row, client);
  const { session } = opened;
  await context.observe(
    { type: "auth.login.succeeded", userId: row.id, sessionId: session.id, amr, client },
    tx,
  );
  return { account: toAccount(row), ...opened };
}

/** Removing the passkey is to end what it opened. */
async function notePasskey(tx: Queryable, sessionId: Uuid, passkeyId: Uuid): Promise<void> {
  await tx.query("UPDATE sessions SET passkey_id = $2 WHERE id = $1", [sessionId, passkeyId]);
}

/** The account has been used, and never from here. */
async function isUnfamiliar(tx: Queryable, userId: Uuid, address: string): Promise<boolean> {
  const rows = await tx.query<{ ip_address: string }>(
    "SELECT DISTINCT ip_address FROM sessions WHERE user_id = $1",
    [userId],
  );
  const from = addressKey(address);
  return rows.length > 0 && !rows.some((row) => addressKey(row.ip_address) === from);
}

async function mailNewSignIn(
  context: Context,
  tx: Transaction,
  { email, language }: Candidate,
  client: Client,
): Promise<void> {
  const values = {
    address: plainText(client.address, 64),
    userAgent: plainText(client.userAgent, 256),
  };
  await writeMail(context, tx, { to: email, kind: "new-sign-in", language, values });
}
