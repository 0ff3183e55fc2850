import { Button, Checkbox, useToast } from "@rempart/ui";
import { useState } from "react";
import { useClient, useMe } from "../../client-context.tsx";
import { FormFailure } from "../../forms/form-parts.tsx";
import { PasswordField } from "../../forms/password-field.tsx";
import { found, newPasswordError } from "../../forms/rules.ts";
import { useForm } from "../../forms/use-form.ts";
import { useI18n } from "../../i18n/context.tsx";
import { useProven } from "../../step-up/context.ts";

/** A new password for who knows the present one. */
export function PasswordSettings() {
  const { t } = useI18n();
  const client = useClient();
  const { email } = useMe();
  const toast = useToast();
  const proven = useProven();
  const [keepOthers, setKeepOthers] = useState(false);
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["current", "next"],
    check: ({ current, next }) =>
      found({
        current: current === "" ? t.door.passwordMissing : null,
        next: newPasswordError(t, next),
      }),
    send: ({ current, next }) =>
      proven(() => client.changePassword({ current, next, keepOtherSessions: keepOthers })),
    done() {
      form.current?.reset();
      toast({ title: t.settings.passwordChanged, tone: "success" });
    },
    meanings: {
      "wrong-credentials": { field: "current", text: t.stepUp.wrongPassword },
      "weak-password": { field: "next" },
    },
  });
  return (
    <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
      <FormFailure text={failure} />
      <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
      <PasswordField
        label={t.settings.currentPassword}
        name="current"
        autoComplete="current-password"
        error={errors.current}
      />
      <PasswordField
        label={t.settings.newPassword}
        name="next"
        autoComplete="new-password"
        hint={t.door.passwordHint}
        error={errors.next}
      />
      <Checkbox
        label={t.settings.keepSessions}
        hint={t.settings.keepSessionsHint}
        checked={keepOthers}
        onChange={(event) => setKeepOthers(event.target.checked)}
      />
      <Button type="submit" tone="primary" busy={busy} className="self-end">
        {t.settings.changePassword}
      </Button>
    </form>
  );
}
