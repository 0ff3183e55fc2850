import { LIMITS } from "@rempart/messaging/contract";
import type { Catalogue } from "../i18n/en.ts";

export interface Credentials {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

export type FieldErrors = Partial<Record<keyof Credentials, string>>;

/** As loose as a browser's own check: the server has the last word. */
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PASSWORD_CHARACTERS = 8;

/** What can be said about a form before it is sent; empty when there is nothing. */
export function signUpErrors(t: Catalogue, form: Credentials): FieldErrors {
  const errors: FieldErrors = signInErrors(t, form);
  const name = form.name.trim();
  if (name === "") errors.name = t.door.nameMissing;
  else if (name.length > LIMITS.nameCharacters) errors.name = t.door.nameTooLong(LIMITS.nameCharacters);
  if (form.password.length > 0 && form.password.length < PASSWORD_CHARACTERS) {
    errors.password = t.door.passwordTooShort;
  }
  return errors;
}

export function signInErrors(t: Catalogue, form: Pick<Credentials, "email" | "password">): FieldErrors {
  const errors: FieldErrors = {};
  if (!EMAIL.test(form.email.trim())) errors.email = t.door.emailInvalid;
  if (form.password === "") errors.password = t.door.passwordMissing;
  return errors;
}
