import { Button, ConfirmDialog } from "@rempart/ui";
import UserPlus from "lucide-react/icons/user-plus";
import { lazy, Suspense, useState } from "react";
import type { ConversationView, MemberView } from "../../client/api.ts";
import { useClient, useMe } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { AddDialog } from "./add-dialog.tsx";
import { MemberRow } from "./member-row.tsx";
import { mayChangeMembers } from "./permissions.ts";
import { Section } from "./section.tsx";

const SafetyDialog = lazy(() => import("./safety-dialog.tsx"));

type Asked =
  | { readonly what: "nothing" }
  | { readonly what: "add" }
  | { readonly what: "safety" | "remove"; readonly member: MemberView };

export function MemberList({ conversation }: { conversation: ConversationView }) {
  const { t } = useI18n();
  const me = useMe();
  const [asked, setAsked] = useState<Asked>({ what: "nothing" });
  const close = () => setAsked({ what: "nothing" });
  return (
    <Section
      title={t.details.members}
      action={
        mayChangeMembers(conversation) && (
          <Button size="sm" onClick={() => setAsked({ what: "add" })}>
            <UserPlus size={15} aria-hidden="true" />
            {t.details.add}
          </Button>
        )
      }
    >
      <ul className="-mx-2">
        {conversation.members.map((member) => (
          <li key={member.id}>
            <MemberRow
              conversation={conversation}
              member={member}
              isMe={member.id === me.id}
              onVerify={() => setAsked({ what: "safety", member })}
              onRemove={() => setAsked({ what: "remove", member })}
            />
          </li>
        ))}
      </ul>
      {asked.what === "add" && <AddDialog conversation={conversation} onClose={close} />}
      {asked.what === "remove" && (
        <RemoveDialog conversation={conversation} member={asked.member} onClose={close} />
      )}
      <Suspense>{asked.what === "safety" && <SafetyDialog person={asked.member} onClose={close} />}</Suspense>
    </Section>
  );
}

interface RemoveDialogProps {
  conversation: ConversationView;
  member: MemberView;
  onClose: () => void;
}

function RemoveDialog({ conversation, member, onClose }: RemoveDialogProps) {
  const { t } = useI18n();
  const client = useClient();
  const { busy, run } = useCommand();
  async function remove() {
    await run(() => client.removeMember(conversation.id, member.id));
    onClose();
  }
  return (
    <ConfirmDialog
      open
      danger
      busy={busy}
      title={t.details.removeTitle(member.name)}
      body={t.details.removeBody}
      confirmLabel={t.details.removeConfirm}
      cancelLabel={t.cancel}
      onConfirm={remove}
      onCancel={onClose}
    />
  );
}
