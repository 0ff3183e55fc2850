import { hash } from "node:crypto";
import type { Queryable } from "@rempart/database";
import type { Random, Uuid } from "@rempart/kernel";
import { toBase32 } from "./base32.ts";

const COUNT = 10;
/** 80 bits: sixteen characters, too many to search even with the hashes at hand. */
const CODE_BYTES = 10;
const CODE = /^[A-Z2-7]{16}$/;

/** Codes as they are shown, once: `ABCD-EFGH-IJKL-MNOP`. */
export function mintRecoveryCodes(random: Random): string[] {
  return Array.from({ length: COUNT }, () => {
    const text = toBase32(random.bytes(CODE_BYTES));
    return (text.match(/.{4}/g) ?? []).join("-");
  });
}

/** What is stored of a code, or null for a text that cannot be one. Case, spaces and hyphens do not matter. */
export function recoveryCodeHash(userId: Uuid, code: string): Buffer | null {
  if (code.length > 64) return null;
  const plain = code.replace(/[\s-]/g, "").toUpperCase();
  return CODE.test(plain) ? hash("sha256", `${userId}\n${plain}`, "buffer") : null;
}

/** Puts these codes in the place of the account's earlier ones. */
export async function storeRecoveryCodes(
  tx: Queryable,
  userId: Uuid,
  codes: readonly string[],
): Promise<void> {
  await dropRecoveryCodes(tx, userId);
  await tx.query("INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])", [
    userId,
    codes.map((code) => recoveryCodeHash(userId, code)),
  ]);
}

export async function dropRecoveryCodes(tx: Queryable, userId: Uuid): Promise<void> {
  await tx.query("DELETE FROM recovery_codes WHERE user_id = $1", [userId]);
}

export async function countRecoveryCodes(db: Queryable, userId: Uuid): Promise<number> {
  const [row] = await db.query<{ left: number }>(
    `SELECT count(*)::int AS "left" FROM recovery_codes WHERE user_id = $1`,
    [userId],
  );
  return row?.left ?? 0;
}

/** Uses the code up. False: there is no such code, or of two uses at once the other won. */
export async function useRecoveryCode(tx: Queryable, userId: Uuid, code: string): Promise<boolean> {
  const codeHash = recoveryCodeHash(userId, code);
  if (codeHash === null) return false;
  const used = await tx.query(
    "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2 RETURNING user_id",
    [userId, codeHash],
  );
  return used.length > 0;
}
