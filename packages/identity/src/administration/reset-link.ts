import type { Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { readAccount } from "../credentials/held.ts";
import { writeLink } from "../credentials/links.ts";
import { IdentityError } from "../errors.ts";
import { type Actor, refOf } from "../roles/actor.ts";
import { holdTarget } from "./authority.ts";

export interface ResetLink {
  /** Shown once, stored nowhere. */
  readonly token: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** The link of a forgotten password, for whoever helps its owner to hand over. No mail is sent. */
export async function createResetLink(context: Context, actor: Actor, userId: Uuid): Promise<ResetLink> {
  const { resetPasswordMs } = context.config.links;
  return context.database.transaction(async (tx) => {
    await holdTarget(context, tx, actor, "users.reset-password", userId);
    const held = await readAccount(tx, userId);
    if (held === null) throw new IdentityError("unknown-user", "Unknown user");
    const token = await writeLink(context, tx, {
      userId,
      purpose: "reset-password",
      email: held.account.email,
      forMs: resetPasswordMs,
    });
    const by = { client: null, actor: refOf(actor) };
    await context.observe({ type: "auth.password.reset-requested", userId, ...by }, tx);
    return { token, expiresAt: context.clock.now() + resetPasswordMs };
  });
}
