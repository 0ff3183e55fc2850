import type { Queryable, Transaction } from "@rempart/database";
import { isUuid, type Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { type Held, holdFresh } from "../credentials/held.ts";
import { IdentityError } from "../errors.ts";
import { writeMail } from "../mail/outbox.ts";
import { normaliseName } from "../names.ts";
import { deletePasskey, listPasskeys, type Passkey, renamePasskeyRow } from "../passkeys/store.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Authenticated } from "../types.ts";
import { demandsMfa } from "./assurance.ts";
import {
  countRecoveryCodes,
  dropRecoveryCodes,
  mintRecoveryCodes,
  storeRecoveryCodes,
} from "./recovery-codes.ts";
import { deleteTotp, findTotp, type TotpFactor } from "./totp-factor.ts";

export interface Factors {
  readonly totp: TotpFactor | null;
  readonly passkeys: readonly Passkey[];
  readonly recoveryCodesLeft: number;
}

/** What the settings page of an account shows. */
export async function listFactors(db: Queryable, userId: Uuid): Promise<Factors> {
  const passkeys = await listPasskeys(db, userId);
  return {
    totp: await findTotp(db, userId),
    passkeys: passkeys.map(({ id, name, createdAt, lastUsedAt, backedUp }) => ({
      ...{ id, name, createdAt, lastUsedAt, backedUp },
    })),
    recoveryCodesLeft: await countRecoveryCodes(db, userId),
  };
}

/**
 * Takes a factor from an account. Sessions that were opened with a passkey end with it; recovery codes go with the last factor.
 * Throws `step-up-required`, `last-factor`, `unknown-factor`.
 */
export async function removeFactor(
  context: Context,
  sessions: Sessions,
  who: Authenticated,
  factorId: Uuid,
): Promise<void> {
  await context.database.transaction(async (tx) => {
    const held = await holdFresh(context, tx, who);
    const { id: userId, role } = held.account;
    const factor = isUuid(factorId) ? await remove(tx, userId, factorId) : null;
    if (factor === null) throw unknownFactor();
    const left = await listFactors(tx, userId);
    if (left.totp === null && left.passkeys.length === 0) {
      if (demandsMfa(role)) throw lastFactor();
      await dropRecoveryCodes(tx, userId);
    }
    if (factor === "passkey") await sessions.endOfPasskeyIn(tx, factorId, held.session.id);
    await tell(context, tx, held, "removed", factor, factorId);
  });
}

async function remove(tx: Transaction, userId: Uuid, factorId: Uuid): Promise<"totp" | "passkey" | null> {
  if (await deleteTotp(tx, userId, factorId)) return "totp";
  return (await deletePasskey(tx, userId, factorId)) ? "passkey" : null;
}

/** Records and mails that a factor came or went. */
export async function tell(
  context: Context,
  tx: Transaction,
  { account, session, language }: Held,
  what: "added" | "removed",
  factor: "totp" | "passkey",
  factorId: Uuid,
): Promise<void> {
  await context.observe(
    { type: `auth.factor.${what}`, userId: account.id, sessionId: session.id, factor, factorId },
    tx,
  );
  const { email: to } = account;
  await writeMail(context, tx, { to, kind: `factor-${what}`, language, values: { factor } });
}

/** Codes for an account that just got its first factor; null when it has some. */
export async function firstRecoveryCodes(
  context: Context,
  tx: Transaction,
  userId: Uuid,
): Promise<string[] | null> {
  if ((await countRecoveryCodes(tx, userId)) > 0) return null;
  const codes = mintRecoveryCodes(context.random);
  await storeRecoveryCodes(tx, userId, codes);
  return codes;
}

/** Ten fresh codes in the place of the earlier ones. Throws `step-up-required`, `unknown-factor` without any factor. */
export async function replaceRecoveryCodes(context: Context, who: Authenticated): Promise<string[]> {
  const codes = mintRecoveryCodes(context.random);
  await context.database.transaction(async (tx) => {
    const { account, session, language } = await holdFresh(context, tx, who);
    if (!account.mfaEnabled) throw unknownFactor();
    await storeRecoveryCodes(tx, account.id, codes);
    await context.observe(
      { type: "auth.recovery-codes.replaced", userId: account.id, sessionId: session.id },
      tx,
    );
    await writeMail(context, tx, { to: account.email, kind: "recovery-codes-replaced", language });
  });
  return codes;
}

/** Throws `validation-failed`, `unknown-factor`. */
export async function renamePasskey(
  context: Context,
  userId: Uuid,
  passkeyId: Uuid,
  input: string,
): Promise<void> {
  const name = passkeyName(input);
  const known = isUuid(passkeyId) && (await renamePasskeyRow(context.database, userId, passkeyId, name));
  if (!known) throw unknownFactor();
}

export function passkeyName(input: string): string {
  const name = normaliseName(input);
  if (name !== null) return name;
  throw new IdentityError("validation-failed", "This name cannot be shown", { details: { field: "name" } });
}

function unknownFactor(): IdentityError {
  return new IdentityError("unknown-factor", "There is no such factor");
}

function lastFactor(): IdentityError {
  return new IdentityError("last-factor", "Your role demands a second factor: add another one first");
}
