import { type FormEvent, useRef, useState } from "react";
import type { FailureCode, Result } from "../../client/api.ts";
import { failureText } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import type { Credentials, FieldErrors } from "./rules.ts";

/** Failures that belong to one field. */
const FIELD_OF: Partial<Record<FailureCode, keyof Credentials>> = {
  "email-taken": "email",
  "weak-password": "password",
};

interface FormState {
  readonly errors: FieldErrors;
  readonly failure: string | null;
  readonly busy: boolean;
}

/** Reads the form, checks it, sends it, and puts each answer where it belongs; the first wrong field takes the focus. */
export function useCredentialsForm(
  check: (form: Credentials) => FieldErrors,
  send: (form: Credentials) => Promise<Result>,
) {
  const { t } = useI18n();
  const [state, setState] = useState<FormState>({ errors: {}, failure: null, busy: false });
  const form = useRef<HTMLFormElement>(null);

  function refuse(errors: FieldErrors, failure: string | null) {
    setState({ errors, failure, busy: false });
    const first = (["name", "email", "password"] as const).find((field) => errors[field] !== undefined);
    if (first) form.current?.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
  }

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (state.busy) return;
    const values = readForm(new FormData(event.currentTarget));
    const errors = check(values);
    if (Object.keys(errors).length > 0) return refuse(errors, null);
    setState({ errors: {}, failure: null, busy: true });
    const result = await send(values);
    if (result.ok) return setState({ errors: {}, failure: null, busy: false });
    const text = failureText(t, result);
    const field = FIELD_OF[result.code];
    refuse(field ? { [field]: text } : {}, field ? null : text);
  }

  return { ...state, form, submit };
}

function readForm(data: FormData): Credentials {
  const text = (name: string) => String(data.get(name) ?? "");
  return { name: text("name").trim(), email: text("email").trim(), password: text("password") };
}
