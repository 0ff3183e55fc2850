import { type FormEvent, useRef, useState } from "react";
import type { FailureCode, Result } from "../../client/api.ts";
import { failureText } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import type { FieldErrors } from "./rules.ts";

type Texts<Field extends string> = Readonly<Record<Field, string>>;

/** What a failure means in this form: another sentence than the usual one, or the field it belongs to. */
export interface Meaning<Field extends string> {
  readonly field?: Field;
  readonly text?: string;
}

export interface FormOptions<Field extends string, T> {
  /** The names of its controls, the first one first. */
  readonly fields: readonly Field[];
  /** What can be said before anything is sent; empty when there is nothing. */
  readonly check: (values: Texts<Field>) => FieldErrors<Field>;
  readonly send: (values: Texts<Field>) => Promise<Result<T>>;
  readonly done?: (value: T, values: Texts<Field>) => void;
  readonly meanings?: Partial<Record<FailureCode, Meaning<Field>>>;
}

interface FormState<Field extends string> {
  readonly errors: FieldErrors<Field>;
  readonly failure: string | null;
  readonly busy: boolean;
}

/** Reads the form, checks it, sends it, and puts each answer where it belongs; the first wrong field takes the focus. */
export function useForm<Field extends string, T = void>(options: FormOptions<Field, T>) {
  const { fields, check, send, done, meanings = {} as NonNullable<typeof options.meanings> } = options;
  const { t } = useI18n();
  const [state, setState] = useState<FormState<Field>>({ errors: {}, failure: null, busy: false });
  const form = useRef<HTMLFormElement>(null);

  function refuse(errors: FieldErrors<Field>, failure: string | null) {
    setState({ errors, failure, busy: false });
    const first = fields.find((field) => errors[field] !== undefined);
    if (first) form.current?.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
  }

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (state.busy) return;
    const values = textsOf(new FormData(event.currentTarget), fields);
    const errors = check(values);
    if (Object.keys(errors).length > 0) return refuse(errors, null);
    setState({ errors: {}, failure: null, busy: true });
    const result = await send(values);
    if (!result.ok) {
      const { field, text = failureText(t, result) } = meanings[result.code] ?? {};
      return field === undefined ? refuse({}, text) : refuse({ [field]: text } as FieldErrors<Field>, null);
    }
    setState({ errors: {}, failure: null, busy: false });
    done?.(result.value, values);
  }

  return { ...state, form, submit };
}

function textsOf<Field extends string>(data: FormData, fields: readonly Field[]): Texts<Field> {
  const texts = fields.map((field) => [field, String(data.get(field) ?? "")]);
  return Object.fromEntries(texts) as Texts<Field>;
}
