import type { Passkey } from "@rempart/messaging/contract";
import { Badge, Button, ConfirmDialog, IconButton, ListRow } from "@rempart/ui";
import KeyRound from "lucide-react/icons/key-round";
import Pencil from "lucide-react/icons/pencil";
import Trash from "lucide-react/icons/trash-2";
import { useState } from "react";
import type { PasskeyOptions, RecoveryCodes } from "../../../client/api.ts";
import { useClient } from "../../client-context.tsx";
import { useCommand } from "../../commands.ts";
import { useI18n } from "../../i18n/context.tsx";
import { useNow } from "../../use-now.ts";
import { supportsPasskeys } from "../../webauthn/passkeys.ts";
import { AddPasskeyDialog, RenamePasskeyDialog } from "./passkey-dialogs.tsx";

interface PasskeySettingsProps {
  passkeys: readonly Passkey[];
  onChanged: (codes?: RecoveryCodes) => Promise<void>;
}

export function PasskeySettings({ passkeys, onChanged }: PasskeySettingsProps) {
  const { t } = useI18n();
  return (
    <div className="flex flex-col gap-3">
      {passkeys.length === 0 ? (
        <p className="text-ink-faint">{t.security.noPasskeys}</p>
      ) : (
        <ul className="divide-y divide-line">
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} onChanged={onChanged} />
          ))}
        </ul>
      )}
      {supportsPasskeys() ? (
        <Add onDone={onChanged} />
      ) : (
        <p className="text-sm text-ink-faint">{t.security.passkeysUnsupported}</p>
      )}
    </div>
  );
}

function Add({ onDone }: { onDone: (codes: RecoveryCodes) => Promise<void> }) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [options, setOptions] = useState<PasskeyOptions | null>(null);

  async function begin() {
    const started = await run(() => client.startPasskey());
    if (started) setOptions(started.value);
  }
  async function done(codes: RecoveryCodes) {
    setOptions(null);
    await onDone(codes);
  }

  return (
    <div>
      <Button busy={busy} onClick={() => void begin()}>
        <KeyRound size={16} aria-hidden="true" />
        {t.security.addPasskey}
      </Button>
      {options && <AddPasskeyDialog options={options} onDone={done} onClose={() => setOptions(null)} />}
    </div>
  );
}

interface PasskeyRowProps {
  passkey: Passkey;
  onChanged: () => Promise<void>;
}

function PasskeyRow({ passkey, onChanged }: PasskeyRowProps) {
  const { t, format } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const now = useNow();
  const [opened, setOpened] = useState<"nothing" | "rename" | "remove">("nothing");
  const close = () => setOpened("nothing");

  async function remove() {
    close();
    if (await run(() => client.removeFactor(passkey.id))) await onChanged();
  }
  async function renamed() {
    close();
    await onChanged();
  }

  const used =
    passkey.lastUsedAt === null
      ? t.security.neverUsed(format.ago(passkey.createdAt, now))
      : t.settings.lastUsed(format.ago(passkey.lastUsedAt, now));
  return (
    <li>
      <ListRow
        leading={<KeyRound size={20} aria-hidden="true" className="shrink-0 text-ink-faint" />}
        title={passkey.name}
        detail={
          <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
            {used}
            <Badge>{passkey.backedUp ? t.security.synced : t.security.notSynced}</Badge>
          </span>
        }
        trailing={
          <>
            <IconButton
              label={t.security.renameLabel(passkey.name)}
              tooltipAlign="end"
              icon={<Pencil size={17} aria-hidden="true" />}
              onClick={() => setOpened("rename")}
            />
            <IconButton
              label={t.security.removeLabel(passkey.name)}
              tooltipAlign="end"
              icon={<Trash size={17} aria-hidden="true" />}
              aria-busy={busy || undefined}
              onClick={() => setOpened("remove")}
            />
          </>
        }
      />
      {opened === "rename" && <RenamePasskeyDialog passkey={passkey} onDone={renamed} onClose={close} />}
      {opened === "remove" && (
        <ConfirmDialog
          open
          danger
          title={t.security.removePasskeyTitle(passkey.name)}
          body={t.security.removePasskeyBody}
          confirmLabel={t.security.remove}
          cancelLabel={t.cancel}
          onConfirm={() => void remove()}
          onCancel={close}
        />
      )}
    </li>
  );
}
