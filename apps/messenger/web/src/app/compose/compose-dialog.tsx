import type { User } from "@rempart/messaging/contract";
import { Dialog, Tabs } from "@rempart/ui";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useClient } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { NewGroup } from "./new-group.tsx";
import { PeopleSearchBox } from "./people-search.tsx";

/** The first step of every conversation: with one person, or a group. */
export default function ComposeDialog({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const client = useClient();
  const navigate = useNavigate();
  const { busy, run } = useCommand();
  const [tab, setTab] = useState("person");

  function open(conversationId: string) {
    onClose();
    void navigate({ to: "/c/$conversationId", params: { conversationId } });
  }

  async function startWith(person: User) {
    const started = await run(() => client.startDirect(person.id));
    if (started) open(started.value.conversationId);
  }

  return (
    <Dialog open onClose={onClose} title={t.compose.title} closeLabel={t.close}>
      <Tabs
        label={t.compose.title}
        value={tab}
        onChange={setTab}
        items={[
          {
            id: "person",
            label: t.compose.tabPerson,
            panel: <PeopleSearchBox autoFocus disabled={busy} onPick={startWith} />,
          },
          { id: "group", label: t.compose.tabGroup, panel: <NewGroup onCreated={open} /> },
        ]}
      />
    </Dialog>
  );
}
