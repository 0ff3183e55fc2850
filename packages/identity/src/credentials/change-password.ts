import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { writeMail } from "../mail/outbox.ts";
import { choosePassword } from "../passwords/choose.ts";
import { chargeFactor, isPresentPassword, provePassword, writePasswordHash } from "../passwords/prove.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { forgiveAttempt } from "../sign-in/attempts.ts";
import type { Authenticated } from "../types.ts";
import { hold } from "./held.ts";
import { dropLinks } from "./links.ts";

export interface PasswordChange {
  readonly current: string;
  readonly next: string;
  /** Ended unless told. */
  readonly keepOtherSessions?: boolean | undefined;
}

/** Changes the password of who knows the present one. Links to reset it end. */
export async function changePassword(
  context: Context,
  sessions: Sessions,
  who: Authenticated,
  { current, next, keepOtherSessions = false }: PasswordChange,
): Promise<void> {
  const { id: userId } = who.account;
  const attempt = await chargeFactor(context, userId);
  const present = await provePassword(context, attempt, userId, current);
  if (present === null) throw wrongPassword();
  const nextHash = await choosePassword(context, next, who.account);
  await context.database.transaction(async (tx) => {
    const { account, language } = await hold(context, tx, who);
    // Of two changes at once the second proved a password that is not the present one any more.
    if (!(await isPresentPassword(tx, userId, present.version))) throw wrongPassword();
    await forgiveAttempt(tx, attempt);
    await writePasswordHash(tx, userId, nextHash, instant(context.clock.now()));
    await dropLinks(tx, userId, ["reset-password"]);
    if (!keepOtherSessions) await sessions.endAllIn(tx, userId, "password-changed", who.session.id);
    await context.observe({ type: "auth.password.changed", userId, sessionId: who.session.id }, tx);
    await writeMail(context, tx, {
      to: account.email,
      kind: "password-changed",
      language,
      values: { cause: "change" },
    });
  });
}

function wrongPassword(): IdentityError {
  return new IdentityError("wrong-credentials", "This is not the present password");
}
