import { LIMITS } from "@rempart/messaging/contract";
import { Button, TextField } from "@rempart/ui";
import { type FormEvent, useState } from "react";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { PeopleSearchBox } from "./people-search.tsx";
import { PickedPeople } from "./picked-people.tsx";
import { usePicked } from "./use-picked.ts";

export function NewGroup({ onCreated }: { onCreated: (conversationId: string) => void }) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const [title, setTitle] = useState("");
  const [checked, setChecked] = useState(false);
  const picked = usePicked();
  const titleError = checked && title.trim() === "" ? t.compose.groupTitleMissing : null;
  const membersError = checked && picked.ids.length === 0;

  async function create(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (busy || title.trim() === "" || picked.ids.length === 0) return;
    const created = await run(() => client.createGroup({ title: title.trim(), userIds: picked.ids }));
    if (created) onCreated(created.value.conversationId);
  }

  return (
    <form onSubmit={create} noValidate className="flex flex-col gap-4">
      <TextField
        label={t.compose.groupTitle}
        hint={t.compose.groupTitleHint}
        maxLength={LIMITS.titleCharacters}
        autoComplete="off"
        value={title}
        error={titleError}
        onChange={(event) => setTitle(event.target.value)}
      />
      <PickedPeople people={picked.people} onRemove={picked.remove} />
      <PeopleSearchBox
        onPick={picked.add}
        note={(person) => (picked.ids.includes(person.id) ? t.compose.already : null)}
      />
      {membersError && (
        <p role="alert" className="text-sm text-danger">
          {t.compose.membersMissing}
        </p>
      )}
      <Button type="submit" tone="primary" busy={busy} className="min-h-11">
        {busy ? t.compose.creating : t.compose.create}
      </Button>
    </form>
  );
}
