import { Button } from "@rempart/ui";
import type { Result } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { FormFailure } from "../forms/form-parts.tsx";
import { PasswordField } from "../forms/password-field.tsx";
import { found, newPasswordError } from "../forms/rules.ts";
import { useForm } from "../forms/use-form.ts";
import { useI18n } from "../i18n/context.tsx";

interface ResetPasswordProps {
  token: string;
  settle: (result: Result) => Result;
}

export function ResetPassword({ token, settle }: ResetPasswordProps) {
  const { t } = useI18n();
  const client = useClient();
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["password"],
    check: ({ password }) => found({ password: newPasswordError(t, password) }),
    send: async ({ password }) => settle(await client.resetPassword({ token, password })),
    meanings: { "weak-password": { field: "password" } },
  });
  const words = t.link["reset-password"];
  return (
    <>
      <h1 className="mb-2 text-2xl font-semibold tracking-tight text-balance">{words.title}</h1>
      <p className="mb-6 text-ink-soft">{words.body}</p>
      <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormFailure text={failure} />
        <PasswordField
          label={t.settings.newPassword}
          autoComplete="new-password"
          hint={t.door.passwordHint}
          error={errors.password}
        />
        <Button type="submit" tone="primary" busy={busy} className="mt-2 min-h-11">
          {words.action}
        </Button>
      </form>
    </>
  );
}
