import { Badge, Button, useToast } from "@rempart/ui";
import MailCheck from "lucide-react/icons/mail-check";
import { useRef, useState } from "react";
import { useClient, useMe } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { EmailField } from "../../forms/email-field.tsx";
import { FormFailure } from "../../forms/form-parts.tsx";
import { emailError, found } from "../../forms/rules.ts";
import { useFocusAt } from "../../forms/use-focus-at.ts";
import { useForm } from "../../forms/use-form.ts";
import { useI18n } from "../../i18n/context.tsx";
import { useProven } from "../../step-up/context.ts";
import { Card } from "../card.tsx";

/** The address one signs in with: whether it is proven, and the way to another one. */
export function EmailSettings() {
  const { t } = useI18n();
  const me = useMe();
  const [changing, setChanging] = useState(false);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const opener = useRef<HTMLButtonElement>(null);
  function close() {
    setChanging(false);
    requestAnimationFrame(() => opener.current?.focus());
  }
  function sent(email: string) {
    setSentTo(email);
    close();
  }
  return (
    <Card title={t.settings.email} aside={<Verified />}>
      <p className="font-medium break-words">{me.email}</p>
      {sentTo !== null && <Sent email={sentTo} />}
      {changing ? (
        <ChangeEmail onSent={sent} onCancel={close} />
      ) : (
        <div className="mt-4 flex flex-wrap gap-2">
          <Button ref={opener} onClick={() => setChanging(true)}>
            {t.settings.changeEmail}
          </Button>
          {!me.emailVerified && <SendAgain />}
        </div>
      )}
    </Card>
  );
}

function Verified() {
  const { t } = useI18n();
  return useMe().emailVerified ? (
    <Badge tone="success">{t.settings.emailVerified}</Badge>
  ) : (
    <Badge tone="warning">{t.settings.emailUnverified}</Badge>
  );
}

function SendAgain() {
  const { t } = useI18n();
  const client = useClient();
  const toast = useToast();
  const { busy, run } = useCommand();
  async function send() {
    const sent = await run(() => client.resendVerification(), { "not-configured": t.settings.noMail });
    if (sent) toast({ title: t.settings.verificationSent, tone: "success" });
  }
  return (
    <Button busy={busy} onClick={() => void send()}>
      {t.settings.sendVerification}
    </Button>
  );
}

function Sent({ email }: { email: string }) {
  const { t } = useI18n();
  return (
    <p role="status" className="mt-3 flex gap-3 rounded-lg bg-success-soft px-4 py-3 text-on-success-soft">
      <MailCheck size={20} aria-hidden="true" className="mt-0.5 shrink-0" />
      {t.settings.changeEmailSent(email)}
    </p>
  );
}

interface ChangeEmailProps {
  onSent: (email: string) => void;
  onCancel: () => void;
}

function ChangeEmail({ onSent, onCancel }: ChangeEmailProps) {
  const { t } = useI18n();
  const client = useClient();
  const proven = useProven();
  const field = useRef<HTMLInputElement>(null);
  useFocusAt(field, null);
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["email"],
    check: ({ email }) => found({ email: emailError(t, email) }),
    send: ({ email }) => proven(() => client.changeEmail(email.trim())),
    done: (_, { email }) => onSent(email.trim()),
    meanings: { "not-configured": { text: t.settings.noMail }, "email-taken": { field: "email" } },
  });
  return (
    <form ref={form} onSubmit={submit} noValidate className="mt-4 flex flex-col gap-4">
      <FormFailure text={failure} />
      <EmailField
        ref={field}
        label={t.settings.newEmail}
        hint={t.settings.newEmailHint}
        autoComplete="email"
        error={errors.email}
      />
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onCancel}>{t.cancel}</Button>
        <Button type="submit" tone="primary" busy={busy}>
          {t.settings.sendConfirmation}
        </Button>
      </div>
    </form>
  );
}
