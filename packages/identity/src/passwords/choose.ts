import type { Context } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { normalisePassword, passwordWeakness } from "./policy.ts";

/** The hash of a password somebody chose for themselves. Throws `weak-password`, `unavailable`. */
export async function choosePassword(
  context: Context,
  password: string,
  person: { readonly email: string; readonly name: string },
): Promise<string> {
  const { email, name } = person;
  const weakness = passwordWeakness(password, { email, name, context: context.config.contextWords });
  const normalised = normalisePassword(password);
  if (weakness !== null || normalised === null) {
    throw new IdentityError("weak-password", "This password is too easy to guess", {
      details: { reason: weakness },
    });
  }
  return context.hasher.hash(normalised);
}
