import { isUniqueViolation, type Transaction } from "@rempart/database";
import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { IdentityError } from "../errors.ts";
import { redeemInvitation } from "../invitations.ts";
import { normaliseName, searchForm } from "../names.ts";
import { normalisePassword, passwordWeakness } from "../passwords/policy.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Account, Client, SignedIn } from "../types.ts";

export interface SignUpInput {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  /** From `createAdminInvitation`: the account gets its role. */
  readonly invitation?: string | undefined;
}

interface Newcomer {
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly invitation: string | undefined;
}

/** Creates an account and signs it in, in one transaction with the invitation it redeems. */
export async function signUp(
  context: Context,
  sessions: Sessions,
  input: SignUpInput,
  client: Client,
): Promise<SignedIn> {
  const newcomer = await checkNewcomer(context, input);
  try {
    return await context.database.transaction((tx) => settle(context, sessions, tx, newcomer, client));
  } catch (error) {
    if (!isUniqueViolation(error, "users_email_key")) throw error;
    throw new IdentityError("email-taken", "This e-mail address is already in use");
  }
}

async function checkNewcomer(context: Context, input: SignUpInput): Promise<Newcomer> {
  const email = normaliseEmail(input.email);
  if (email === null) throw invalid("email", "This is not an e-mail address");
  const name = normaliseName(input.name);
  if (name === null) throw invalid("name", "This name cannot be shown");
  const words = { email, name, context: context.config.contextWords };
  const weakness = passwordWeakness(input.password, words);
  const password = normalisePassword(input.password);
  if (weakness !== null || password === null) {
    throw new IdentityError("weak-password", "This password is too easy to guess", {
      details: { reason: weakness },
    });
  }
  return { email, name, passwordHash: await context.hasher.hash(password), invitation: input.invitation };
}

async function settle(
  context: Context,
  sessions: Sessions,
  tx: Transaction,
  newcomer: Newcomer,
  client: Client,
): Promise<SignedIn> {
  const account: Account = {
    id: context.newId(),
    email: newcomer.email,
    name: newcomer.name,
    role: "USER",
    createdAt: context.clock.now(),
  };
  await insertAccount(tx, account, newcomer.passwordHash);
  const role = await invitedRole(context, tx, newcomer.invitation, account.id);
  const opened = await sessions.open(tx, account.id, client);
  await context.observe({ type: "auth.signup", userId: account.id, role, client }, tx);
  return { account: { ...account, role }, ...opened };
}

async function insertAccount(tx: Transaction, account: Account, passwordHash: string): Promise<void> {
  const { id, email, name, createdAt } = account;
  const now = instant(createdAt);
  await tx.query(
    "INSERT INTO users (id, email, name, created_at, last_active_at) VALUES ($1, $2, $3, $4, $4)",
    [id, email, name, now],
  );
  await tx.query("INSERT INTO credentials (user_id, password_hash, changed_at) VALUES ($1, $2, $3)", [
    id,
    passwordHash,
    now,
  ]);
  await tx.query("INSERT INTO directory_entries (user_id, search_name) VALUES ($1, $2)", [
    id,
    searchForm(name),
  ]);
}

async function invitedRole(
  context: Context,
  tx: Transaction,
  invitation: string | undefined,
  userId: Uuid,
): Promise<Account["role"]> {
  return invitation === undefined ? "USER" : redeemInvitation(context, tx, invitation, userId);
}

function invalid(field: "email" | "name", message: string): IdentityError {
  return new IdentityError("validation-failed", message, { details: { field } });
}
