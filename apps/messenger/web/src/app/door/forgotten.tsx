import { Button } from "@rempart/ui";
import { useState } from "react";
import { useClient } from "../client-context.tsx";
import { EmailField } from "../forms/email-field.tsx";
import { FormFailure, OtherWay } from "../forms/form-parts.tsx";
import { emailError, found } from "../forms/rules.ts";
import { useForm } from "../forms/use-form.ts";
import { useI18n } from "../i18n/context.tsx";
import { CheckMail } from "./check-mail.tsx";

/** A link to choose a new password, for who forgot theirs. */
export default function Forgotten() {
  const { t } = useI18n();
  const client = useClient();
  const [sentTo, setSentTo] = useState<string | null>(null);
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["email"],
    check: ({ email }) => found({ email: emailError(t, email) }),
    send: ({ email }) => client.requestPasswordReset(email.trim()),
    done: (_, { email }) => setSentTo(email.trim()),
    meanings: { "not-configured": { text: t.door.noMailReset } },
  });
  if (sentTo !== null) return <CheckMail body={t.door.resetSent(sentTo)} />;
  return (
    <>
      <h1 className="mb-2 text-2xl font-semibold tracking-tight text-balance">{t.door.forgottenTitle}</h1>
      <p className="mb-6 text-ink-soft">{t.door.forgottenBody}</p>
      <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormFailure text={failure} />
        <EmailField error={errors.email} />
        <Button type="submit" tone="primary" busy={busy} className="mt-2 min-h-11">
          {t.door.sendLink}
        </Button>
      </form>
      <OtherWay question={t.door.remembered} label={t.door.signIn} to="/sign-in" />
    </>
  );
}
