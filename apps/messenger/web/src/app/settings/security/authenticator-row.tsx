import type { Factors } from "@rempart/messaging/contract";
import { Button, ListRow } from "@rempart/ui";
import Smartphone from "lucide-react/icons/smartphone";
import { useState } from "react";
import type { RecoveryCodes, TotpEnrolment } from "../../../client/api.ts";
import { useClient } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";
import { useNow } from "../../use-now.ts";
import { ConfirmButton } from "../confirm-button.tsx";
import { EnrolDialog } from "./enrol-dialog.tsx";

interface AuthenticatorRowProps {
  totp: Factors["totp"];
  onChanged: (codes?: RecoveryCodes) => Promise<void>;
}

export function AuthenticatorRow({ totp, onChanged }: AuthenticatorRowProps) {
  const { t, format } = useI18n();
  const now = useNow();
  return (
    <li>
      <ListRow
        leading={<Smartphone size={20} aria-hidden="true" className="shrink-0 text-ink-faint" />}
        title={t.security.app}
        detail={totp === null ? t.security.appBody : t.security.since(format.ago(totp.createdAt, now))}
        trailing={
          totp === null ? (
            <SetUp onDone={onChanged} />
          ) : (
            <Remove factorId={totp.id} onDone={() => onChanged()} />
          )
        }
      />
    </li>
  );
}

function SetUp({ onDone }: { onDone: (codes: RecoveryCodes) => Promise<void> }) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [enrolment, setEnrolment] = useState<TotpEnrolment | null>(null);

  async function begin() {
    const started = await run(() => client.startTotp());
    if (started) setEnrolment(started.value);
  }
  async function done(codes: RecoveryCodes) {
    setEnrolment(null);
    await onDone(codes);
  }

  return (
    <>
      <Button size="sm" tone="primary" busy={busy} onClick={() => void begin()}>
        {t.security.setUp}
      </Button>
      {enrolment && <EnrolDialog enrolment={enrolment} onDone={done} onClose={() => setEnrolment(null)} />}
    </>
  );
}

function Remove({ factorId, onDone }: { factorId: string; onDone: () => Promise<void> }) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  async function remove() {
    if (await run(() => client.removeFactor(factorId))) await onDone();
  }
  return (
    <ConfirmButton
      size="sm"
      tone="danger-quiet"
      busy={busy}
      aria-label={t.security.removeLabel(t.security.app)}
      label={t.security.remove}
      title={t.security.removeAppTitle}
      body={t.security.removeAppBody}
      onConfirm={remove}
    />
  );
}
