import { Button, TextField } from "@rempart/ui";
import ShieldCheck from "lucide-react/icons/shield-check";
import { useState } from "react";
import { useClient } from "../client-context.tsx";
import { EmailField } from "../forms/email-field.tsx";
import { FormFailure, OtherWay } from "../forms/form-parts.tsx";
import { PasswordField } from "../forms/password-field.tsx";
import { signUpErrors } from "../forms/rules.ts";
import { useForm } from "../forms/use-form.ts";
import { useI18n } from "../i18n/context.tsx";
import { useArrival } from "./arrival-context.tsx";
import { CheckMail } from "./check-mail.tsx";

export function SignUp({ invitation }: { invitation: string | null }) {
  const { t, language } = useI18n();
  const client = useClient();
  const { settle } = useArrival();
  const [mailedTo, setMailedTo] = useState<string | null>(null);
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["name", "email", "password"],
    check: (values) => signUpErrors(t, values),
    send: ({ name, email, password }) =>
      client.signUp({
        ...{ name: name.trim(), email: email.trim(), password, language },
        ...(invitation !== null && { invitation }),
      }),
    done({ status }, { email }) {
      if (status === "verify-email") setMailedTo(email.trim());
      // An invitation is good for one account.
      else settle();
    },
    meanings: { "email-taken": { field: "email" }, "weak-password": { field: "password" } },
  });
  if (mailedTo !== null) return <CheckMail body={t.door.verificationSent(mailedTo)} />;
  return (
    <>
      <h1 className="mb-6 text-2xl font-semibold tracking-tight">{t.door.signUpTitle}</h1>
      {invitation !== null && <InvitationNote />}
      <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4">
        <FormFailure text={failure} />
        <TextField
          label={t.door.name}
          name="name"
          autoComplete="name"
          hint={t.door.nameHint}
          error={errors.name}
        />
        <EmailField error={errors.email} />
        <PasswordField autoComplete="new-password" hint={t.door.passwordHint} error={errors.password} />
        <Button type="submit" tone="primary" busy={busy} className="mt-2 min-h-11">
          {t.door.signUp}
        </Button>
      </form>
      <OtherWay question={t.door.haveAccount} label={t.door.signIn} to="/sign-in" />
    </>
  );
}

function InvitationNote() {
  const { t } = useI18n();
  return (
    <div className="mb-6 flex gap-3 rounded-lg bg-primary-soft px-4 py-3 text-on-primary-soft">
      <ShieldCheck size={22} aria-hidden="true" className="mt-0.5 shrink-0" />
      <p>
        <strong className="block font-semibold">{t.door.invitationTitle}</strong>
        {t.door.invitationBody}
      </p>
    </div>
  );
}
