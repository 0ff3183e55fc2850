import { isUniqueViolation, type Transaction } from "@rempart/database";
import type { Context } from "../context.ts";
import { findOwner } from "../credentials/owner.ts";
import { ADMINS_LOCK, withdrawOpenInvitations } from "../invitations.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import { insertAccount, type NewAccount } from "../sign-in/insert-account.ts";
import { checkNewcomer, emailTaken } from "../sign-in/newcomer.ts";
import type { Account, Role } from "../types.ts";
import { demandPermission } from "./authority.ts";

export interface AccountToCreate {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly role: Role;
  /** Of the mails to this person: a language tag of RFC 5646. */
  readonly language?: string;
}

/** An account for somebody else, whose address counts as unproven. It opens no session. */
export async function createAccount(
  context: Context,
  actor: Actor,
  wanted: AccountToCreate,
): Promise<Account> {
  demandPermission(context, actor, "users.create");
  const account: NewAccount = {
    ...(await checkNewcomer(context, wanted)),
    id: context.newId(),
    role: wanted.role,
    createdAt: context.clock.now(),
    emailVerifiedAt: null,
    mfaEnabled: false,
  };
  try {
    await context.database.transaction((tx) => settle(context, tx, actor, account));
  } catch (error) {
    throw isUniqueViolation(error, "users_email_key") ? emailTaken() : error;
  }
  const { passwordHash, language, ...created } = account;
  return created;
}

async function settle(context: Context, tx: Transaction, actor: Actor, account: NewAccount): Promise<void> {
  const { id: userId, email, role, createdAt } = account;
  await tx.query(ADMINS_LOCK);
  if ((await findOwner(context, tx, email)) !== null) throw emailTaken();
  await insertAccount(tx, account);
  // The link that makes the first administrator has nobody left to make.
  if (role === "ADMIN") await withdrawOpenInvitations(tx, createdAt);
  await context.observe({ type: "account.created", userId, role, actor: refOf(actor) }, tx);
}
