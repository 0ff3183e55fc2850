import { ListRow } from "@rempart/ui";
import LifeBuoy from "lucide-react/icons/life-buoy";
import type { RecoveryCodes } from "../../../client/api.ts";
import { useClient, useMe } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";
import { ConfirmButton } from "../confirm-button.tsx";

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
  async function replace() {
    const replaced = await run(() => client.replaceRecoveryCodes());
    if (replaced) await onDone(replaced.value);
  }
  return (
    <ConfirmButton
      size="sm"
      busy={busy}
      label={t.security.newCodes}
      title={t.security.newCodesTitle}
      body={t.security.newCodesBody}
      onConfirm={replace}
    />
  );
}
