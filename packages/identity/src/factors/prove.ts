import type { Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { writeMail } from "../mail/outbox.ts";
import type { Binding } from "../passkeys/challenges.ts";
import { provePasskey } from "../passkeys/prove.ts";
import { parseResponse } from "../passkeys/response.ts";
import type { AuthMethod } from "../types.ts";
import { countRecoveryCodes, useRecoveryCode } from "./recovery-codes.ts";
import { proveTotp } from "./totp-factor.ts";

export type FactorProof =
  | { readonly method: "totp" | "recovery-code"; readonly code: string }
  /** `response`: the JSON form of what the browser gave, not yet looked at. */
  | { readonly method: "passkey"; readonly response: unknown };

/** False for a key's signature: there is nothing to guess, and nothing is charged. */
export function isGuessable(proof: FactorProof): boolean {
  return proof.method !== "passkey";
}

/** What a proof showed. */
export interface Evidence {
  readonly amr: readonly AuthMethod[];
  readonly passkeyId: Uuid | null;
}

/** A person the authenticator verified, by a key only it holds: two factors in one. */
export const PASSKEY_AMR: readonly AuthMethod[] = ["pop", "user", "mfa"];

interface Holder {
  readonly id: Uuid;
  readonly email: string;
  readonly language: string | null;
}

/** Judges a second factor and uses it up. Null when it is wrong. The caller holds the account and has charged the attempt. */
export async function proveFactor(
  context: Context,
  tx: Transaction,
  holder: Holder,
  proof: FactorProof,
  binding: Binding,
): Promise<Evidence | null> {
  switch (proof.method) {
    case "totp":
      return (await proveTotp(context, tx, holder.id, proof.code)) ? evidence("otp", "mfa") : null;
    case "recovery-code":
      return (await proveRecoveryCode(context, tx, holder, proof.code)) ? evidence("otp", "mfa") : null;
    case "passkey": {
      const response = parseResponse(proof.response);
      const passkey = response && (await provePasskey(context, tx, holder.id, response, binding));
      return passkey && { amr: PASSKEY_AMR, passkeyId: passkey.id };
    }
  }
}

function evidence(...amr: AuthMethod[]): Evidence {
  return { amr, passkeyId: null };
}

async function proveRecoveryCode(
  context: Context,
  tx: Transaction,
  { id: userId, email, language }: Holder,
  code: string,
): Promise<boolean> {
  if (!(await useRecoveryCode(tx, userId, code))) return false;
  const left = await countRecoveryCodes(tx, userId);
  await context.observe({ type: "auth.recovery-code.used", userId, left }, tx);
  const values = { left: String(left) };
  await writeMail(context, tx, { to: email, kind: "recovery-code-used", language, values });
  return true;
}

/** The methods of `RFC 8176` in the order they were shown, each once. */
export function joinAmr(...parts: readonly (readonly AuthMethod[])[]): AuthMethod[] {
  return [...new Set(parts.flat())];
}
