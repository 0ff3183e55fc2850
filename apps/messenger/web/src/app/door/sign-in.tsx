import { Button, TextField } from "@rempart/ui";
import { useClient } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { FormFailure, OtherWay } from "./form-parts.tsx";
import { PasswordField } from "./password-field.tsx";
import { signInErrors } from "./rules.ts";
import { useCredentialsForm } from "./use-form.ts";

export function SignIn() {
  const { t } = useI18n();
  const client = useClient();
  const { errors, failure, busy, form, submit } = useCredentialsForm(
    (values) => signInErrors(t, values),
    ({ email, password }) => client.signIn({ email, password }),
  );
  return (
    <>
      <h1 className="mb-6 text-2xl font-semibold tracking-tight">{t.door.signInTitle}</h1>
      <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormFailure text={failure} />
        <TextField
          label={t.door.email}
          name="email"
          type="email"
          autoComplete="username"
          maxLength={254}
          error={errors.email}
        />
        <PasswordField autoComplete="current-password" error={errors.password} />
        <Button type="submit" tone="primary" busy={busy} className="mt-2 min-h-11">
          {t.door.signIn}
        </Button>
      </form>
      <OtherWay question={t.door.noAccount} label={t.door.signUp} to="/sign-up" />
    </>
  );
}
