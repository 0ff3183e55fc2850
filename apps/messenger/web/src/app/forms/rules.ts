import { LIMITS } from "@rempart/messaging/contract";
import type { Catalogue } from "../i18n/en.ts";

/** What is said about some of a form's fields. */
export type FieldErrors<Field extends string> = Partial<Record<Field, string>>;

export interface Credentials {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

/** As loose as a browser's own check: the server has the last word. */
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;
const PASSWORD_CHARACTERS = 8;

export function emailError(t: Catalogue, email: string): string | null {
  return EMAIL.test(email.trim()) ? null : t.door.emailInvalid;
}

/** What can be said about a password that is being chosen: whether it is easy to guess, the server knows. */
export function newPasswordError(t: Catalogue, password: string): string | null {
  if (password === "") return t.door.passwordMissing;
  return password.length < PASSWORD_CHARACTERS ? t.door.passwordTooShort : null;
}

function nameError(t: Catalogue, name: string): string | null {
  if (name.trim() === "") return t.door.nameMissing;
  return name.trim().length > LIMITS.nameCharacters ? t.door.nameTooLong(LIMITS.nameCharacters) : null;
}

/** What can be said about a form before it is sent; empty when there is nothing. */
export function signUpErrors(t: Catalogue, form: Credentials): FieldErrors<keyof Credentials> {
  return found({
    name: nameError(t, form.name),
    email: emailError(t, form.email),
    password: newPasswordError(t, form.password),
  });
}

export function signInErrors(
  t: Catalogue,
  form: Pick<Credentials, "email" | "password">,
): FieldErrors<"email" | "password"> {
  return found({
    email: emailError(t, form.email),
    password: form.password === "" ? t.door.passwordMissing : null,
  });
}

/** The fields that something is said about. */
export function found<Field extends string>(said: Record<Field, string | null>): FieldErrors<Field> {
  const errors: FieldErrors<Field> = {};
  for (const [field, text] of Object.entries<string | null>(said)) {
    if (text !== null) errors[field as Field] = text;
  }
  return errors;
}
