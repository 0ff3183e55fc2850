import { Button, Dialog } from "@rempart/ui";
import type { ConversationView } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { PeopleSearchBox } from "../compose/people-search.tsx";
import { PickedPeople } from "../compose/picked-people.tsx";
import { usePicked } from "../compose/use-picked.ts";
import { useI18n } from "../i18n/context.tsx";

export function AddDialog({
  conversation,
  onClose,
}: {
  conversation: ConversationView;
  onClose: () => void;
}) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  const picked = usePicked();
  const taken = new Set([...conversation.members.map((member) => member.id), ...picked.ids]);

  async function add() {
    if (picked.ids.length === 0) return;
    if (await run(() => client.addMembers(conversation.id, picked.ids))) onClose();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t.compose.addTitle}
      description={t.compose.addBody}
      closeLabel={t.close}
      footer={
        <Button tone="primary" busy={busy} disabled={picked.ids.length === 0} onClick={add}>
          {busy ? t.compose.creating : t.compose.add}
        </Button>
      }
    >
      <div className="flex flex-col gap-4 pt-2">
        <PickedPeople people={picked.people} onRemove={picked.remove} />
        <PeopleSearchBox
          autoFocus
          onPick={picked.add}
          note={(person) => (taken.has(person.id) ? t.compose.already : null)}
        />
      </div>
    </Dialog>
  );
}
