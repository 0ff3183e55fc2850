import { Button, ConfirmDialog, ListRow } from "@rempart/ui";
import LifeBuoy from "lucide-react/icons/life-buoy";
import { useState } from "react";
import type { RecoveryCodes } from "../../../client/api.ts";
import { useClient, useMe } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";

interface RecoveryRowProps {
  left: number;
  onReplaced: (codes: RecoveryCodes) => Promise<void>;
}

export function RecoveryRow({ left, onReplaced }: RecoveryRowProps) {
  const { t } = useI18n();
  const { mfaEnabled } = useMe();
  return (
    <li>
      <ListRow
        leading={<LifeBuoy size={20} aria-hidden="true" className="shrink-0 text-ink-faint" />}
        title={t.security.codes}
        detail={mfaEnabled ? t.security.codesLeft(left) : t.security.codesLater}
        trailing={mfaEnabled && <Replace onDone={onReplaced} />}
      />
    </li>
  );
}

function Replace({ onDone }: { onDone: (codes: RecoveryCodes) => Promise<void> }) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [asked, setAsked] = useState(false);

  async function replace() {
    setAsked(false);
    const replaced = await run(() => client.replaceRecoveryCodes());
    if (replaced) await onDone(replaced.value);
  }

  return (
    <>
      <Button size="sm" busy={busy} onClick={() => setAsked(true)}>
        {t.security.newCodes}
      </Button>
      {asked && (
        <ConfirmDialog
          open
          title={t.security.newCodesTitle}
          body={t.security.newCodesBody}
          confirmLabel={t.security.newCodes}
          cancelLabel={t.cancel}
          onConfirm={() => void replace()}
          onCancel={() => setAsked(false)}
        />
      )}
    </>
  );
}
