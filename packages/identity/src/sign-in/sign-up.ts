import { isUniqueViolation, type Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { findOwner } from "../credentials/owner.ts";
import { mailVerification } from "../credentials/verify-email.ts";
import { demandInvitation, redeemInvitation } from "../invitations.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Account, Client, SignedIn, SignUpResult } from "../types.ts";
import { insertAccount } from "./insert-account.ts";
import { checkNewcomer, emailTaken, type Newcomer } from "./newcomer.ts";
import { requestSignUp } from "./pending-sign-up.ts";

export interface SignUpInput {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  /** From `createAdminInvitation`: the account gets its role, and exists at once. */
  readonly invitation?: string | undefined;
  /** Of the mails to this person: a language tag of RFC 5646. Anything else counts as none. */
  readonly language?: string | undefined;
}

/**
 * Creates an account and signs it in, in one transaction with the invitation it redeems; or, where addresses must be proven
 * first, mails a link and says the same to everybody.
 */
export async function signUp(
  context: Context,
  sessions: Sessions,
  input: SignUpInput,
  client: Client,
): Promise<SignUpResult> {
  const newcomer = await checkNewcomer(context, input);
  if (context.config.requireVerifiedEmail && input.invitation === undefined) {
    await requestSignUp(context, newcomer, client);
    return { status: "verify-email" };
  }
  try {
    const signedIn = await context.database.transaction((tx) =>
      settle(context, sessions, tx, newcomer, input.invitation, client),
    );
    return { status: "signed-in", ...signedIn };
  } catch (error) {
    throw isUniqueViolation(error, "users_email_key") ? emailTaken() : error;
  }
}

async function settle(
  context: Context,
  sessions: Sessions,
  tx: Transaction,
  newcomer: Newcomer,
  invitation: string | undefined,
  client: Client,
): Promise<SignedIn> {
  const account: Account = {
    id: context.newId(),
    email: newcomer.email,
    name: newcomer.name,
    role: "USER",
    createdAt: context.clock.now(),
    emailVerifiedAt: null,
    mfaEnabled: false,
  };
  if (invitation !== undefined) await demandInvitation(context, tx, invitation);
  if ((await findOwner(context, tx, account.email)) !== null) throw emailTaken();
  const { language, passwordHash } = newcomer;
  await insertAccount(tx, { ...account, language, passwordHash });
  const role = await invitedRole(context, tx, invitation, account.id);
  const opened = await sessions.open(tx, account.id, client);
  await mailVerification(context, tx, { account, language });
  await context.observe({ type: "auth.signup", userId: account.id, role, client }, tx);
  return { account: { ...account, role }, ...opened };
}

async function invitedRole(
  context: Context,
  tx: Transaction,
  invitation: string | undefined,
  userId: Uuid,
): Promise<Account["role"]> {
  return invitation === undefined ? "USER" : redeemInvitation(context, tx, invitation, userId);
}
