import type { Queryable } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { SecondFactor } from "../types.ts";

interface MethodsRow {
  totp: boolean;
  passkey: boolean;
  recovery_code: boolean;
}

/** What this account can answer a question for its second factor with. */
export async function factorMethods(db: Queryable, userId: Uuid): Promise<SecondFactor[]> {
  const [row] = await db.query<MethodsRow>(
    `SELECT EXISTS (SELECT 1 FROM totp_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS totp,
       EXISTS (SELECT 1 FROM passkeys WHERE user_id = $1) AS passkey,
       EXISTS (SELECT 1 FROM recovery_codes WHERE user_id = $1) AS recovery_code`,
    [userId],
  );
  const methods: SecondFactor[] = [];
  if (row?.passkey) methods.push("passkey");
  if (row?.totp) methods.push("totp");
  if (row?.recovery_code) methods.push("recovery-code");
  return methods;
}
