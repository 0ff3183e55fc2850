import type { Context } from "../context.ts";
import { normaliseEmail } from "../email.ts";
import { IdentityError } from "../errors.ts";
import { normaliseLanguage, normaliseName } from "../names.ts";
import { choosePassword } from "../passwords/choose.ts";

/** Somebody without an account, whose address, name and password were found to be usable. */
export interface Newcomer {
  readonly email: string;
  readonly name: string;
  readonly language: string | null;
  readonly passwordHash: string;
}

export interface NewcomerInput {
  readonly email: string;
  readonly password: string;
  readonly name: string;
  readonly language?: string | undefined;
}

/** Throws `validation-failed`, `weak-password`, `unavailable`. */
export async function checkNewcomer(context: Context, input: NewcomerInput): Promise<Newcomer> {
  const email = normaliseEmail(input.email);
  if (email === null) throw invalid("email", "This is not an e-mail address");
  const name = normaliseName(input.name);
  if (name === null) throw invalid("name", "This name cannot be shown");
  const passwordHash = await choosePassword(context, input.password, { email, name });
  return { email, name, language: normaliseLanguage(input.language), passwordHash };
}

export function emailTaken(): IdentityError {
  return new IdentityError("email-taken", "This e-mail address is already in use");
}

function invalid(field: "email" | "name", message: string): IdentityError {
  return new IdentityError("validation-failed", message, { details: { field } });
}
