import { Button, Dialog } from "@rempart/ui";
import type { RecoveryCodes, TotpEnrolment } from "../../../client/api.ts";
import { useClient } from "../../client-context.tsx";
import { CodeField } from "../../forms/code-field.tsx";
import { FormFailure } from "../../forms/form-parts.tsx";
import { useForm } from "../../forms/use-form.ts";
import { useI18n } from "../../i18n/context.tsx";
import { QrCode } from "../../qr/qr-code.tsx";
import { CopyButton } from "./copy-button.tsx";

interface EnrolDialogProps {
  enrolment: TotpEnrolment;
  onDone: (codes: RecoveryCodes) => void;
  onClose: () => void;
}

/** An authenticator app learns the secret; its first code shows that it did. */
export function EnrolDialog({ enrolment: { secret, uri }, onDone, onClose }: EnrolDialogProps) {
  const { t } = useI18n();
  const client = useClient();
  const { errors, failure, busy, form, submit } = useForm({
    fields: ["code"],
    check: ({ code }) => (code.trim() === "" ? { code: t.factor.codeMissing } : {}),
    send: ({ code }) => client.confirmTotp(code.trim()),
    done: onDone,
    meanings: { "wrong-factor": { field: "code", text: t.factor.wrongCode.totp } },
  });
  return (
    <Dialog
      open
      keepOpen
      onClose={onClose}
      title={t.security.enrolTitle}
      description={t.security.enrolBody}
      closeLabel={t.close}
    >
      <form ref={form} onSubmit={submit} noValidate className="flex flex-col gap-4 pt-3">
        <div className="mx-auto">
          <QrCode text={uri} label={t.security.qr} />
        </div>
        <div>
          <p className="text-sm text-ink-soft">{t.security.manual}</p>
          <div className="mt-1 flex items-center gap-2 rounded-lg bg-sunken py-1 ps-3 pe-1">
            <code className="min-w-0 flex-1 font-mono text-sm break-words select-all">
              {inGroups(secret)}
            </code>
            <CopyButton text={secret} label={t.security.copySecret} />
          </div>
        </div>
        <FormFailure text={failure} />
        <CodeField kind="totp" error={errors.code} />
        <Button type="submit" tone="primary" busy={busy} className="min-h-11">
          {t.security.turnOn}
        </Button>
      </form>
    </Dialog>
  );
}

/** By fours, as one reads it out or types it. */
function inGroups(secret: string): string {
  return secret.replaceAll(/(.{4})(?=.)/g, "$1 ");
}
