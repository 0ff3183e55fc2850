import { LIMITS } from "@rempart/messaging/contract";
import { Button, Dialog, TextField } from "@rempart/ui";
import { type FormEvent, useState } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";

export function RenameDialog({
  conversation,
  onClose,
}: {
  conversation: ConversationView;
  onClose: () => void;
}) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [title, setTitle] = useState(conversation.title ?? "");
  const [checked, setChecked] = useState(false);

  async function rename(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (title.trim() === "") return;
    if (await run(() => client.renameGroup(conversation.id, title.trim()))) onClose();
  }

  return (
    <Dialog open onClose={onClose} title={t.details.renameTitle} closeLabel={t.close}>
      <form onSubmit={rename} noValidate className="flex flex-col gap-4 pt-2">
        <TextField
          label={t.compose.groupTitle}
          hint={t.compose.groupTitleHint}
          maxLength={LIMITS.titleCharacters}
          autoComplete="off"
          value={title}
          error={checked && title.trim() === "" ? t.compose.groupTitleMissing : null}
          onChange={(event) => setTitle(event.target.value)}
        />
        <Button type="submit" tone="primary" busy={busy}>
          {t.save}
        </Button>
      </form>
    </Dialog>
  );
}
