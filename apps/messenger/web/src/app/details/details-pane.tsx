import { Badge, Button, ConfirmDialog, IconButton } from "@rempart/ui";
import { useNavigate, useParams } from "@tanstack/react-router";
import Atom from "lucide-react/icons/atom";
import LogOut from "lucide-react/icons/log-out";
import Pencil from "lucide-react/icons/pencil";
import { useEffect, useRef, useState } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useClient, useConversation, useMe } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { ConversationAvatar } from "../list/conversation-row.tsx";
import { conversationTitle } from "../names.ts";
import { BackLink } from "../shell/back-link.tsx";
import { MemberList } from "./member-list.tsx";
import { mayChangeMembers } from "./permissions.ts";
import { RenameDialog } from "./rename-dialog.tsx";
import { Section } from "./section.tsx";

/** Who is in a conversation and how it is protected. */
export function DetailsPane() {
  const { t } = useI18n();
  const { conversationId } = useParams({ from: "/c/$conversationId" });
  const conversation = useConversation(conversationId);
  const heading = useRef<HTMLHeadingElement>(null);
  const present = Boolean(conversation);
  useEffect(() => {
    if (present) heading.current?.focus();
  }, [present]);
  if (!conversation) return null;
  return (
    <aside
      aria-label={t.conversation.details}
      className="flex w-full min-w-0 flex-col overflow-y-auto bg-surface xl:w-[min(23rem,28vw)] xl:shrink-0 xl:border-s xl:border-line"
    >
      <header className="sticky top-0 z-10 flex min-h-16 shrink-0 items-center gap-1 border-b border-line bg-surface px-2">
        <BackLink to="/c/$conversationId" params={{ conversationId }} label={t.back} />
        <h2 ref={heading} tabIndex={-1} className="font-semibold outline-none">
          {t.details.title}
        </h2>
      </header>
      <div className="mx-auto flex w-full max-w-xl flex-col gap-7 px-5 py-6">
        <Portrait conversation={conversation} />
        <Encryption conversation={conversation} />
        <MemberList conversation={conversation} />
        {conversation.kind === "group" && conversation.active && <Leave conversation={conversation} />}
      </div>
    </aside>
  );
}

function Portrait({ conversation }: { conversation: ConversationView }) {
  const { t, format } = useI18n();
  const me = useMe();
  const [renaming, setRenaming] = useState(false);
  const title = conversationTitle(conversation, me.id, t, format);
  const group = conversation.kind === "group";
  return (
    <div className="flex flex-col items-center gap-3 text-center">
      <ConversationAvatar conversation={conversation} title={title} me={me.id} size="lg" />
      <div className="flex max-w-full items-center gap-1">
        <p className="text-lg font-semibold text-balance wrap-anywhere">{title}</p>
        {group && mayChangeMembers(conversation) && (
          <IconButton
            label={t.details.rename}
            icon={<Pencil size={16} />}
            onClick={() => setRenaming(true)}
          />
        )}
      </div>
      {group && <p className="-mt-2 text-ink-faint">{t.conversation.members(conversation.members.length)}</p>}
      {renaming && <RenameDialog conversation={conversation} onClose={() => setRenaming(false)} />}
    </div>
  );
}

function Encryption({ conversation }: { conversation: ConversationView }) {
  const { t } = useI18n();
  const { postQuantum } = conversation;
  return (
    <Section
      title={t.details.encryption}
      action={
        postQuantum && (
          <Badge tone="success" icon={<Atom size={13} aria-hidden="true" />}>
            {t.details.postQuantum}
          </Badge>
        )
      }
    >
      <p className="text-sm text-pretty text-ink-soft">
        {postQuantum ? t.details.postQuantumBody : t.details.classicalBody}
      </p>
      <p className="mt-2 text-sm text-pretty text-ink-faint">{t.details.protocol}</p>
    </Section>
  );
}

function Leave({ conversation }: { conversation: ConversationView }) {
  const { t } = useI18n();
  const client = useClient();
  const navigate = useNavigate();
  const { busy, run } = useCommand();
  const [asking, setAsking] = useState(false);
  async function leave() {
    const left = await run(() => client.leave(conversation.id));
    setAsking(false);
    if (left) void navigate({ to: "/c/$conversationId", params: { conversationId: conversation.id } });
  }
  return (
    <>
      <Button tone="danger-quiet" className="self-start" onClick={() => setAsking(true)}>
        <LogOut size={17} aria-hidden="true" />
        {t.details.leave}
      </Button>
      <ConfirmDialog
        open={asking}
        danger
        busy={busy}
        title={t.details.leaveTitle}
        body={t.details.leaveBody}
        confirmLabel={t.details.leaveConfirm}
        cancelLabel={t.cancel}
        onConfirm={leave}
        onCancel={() => setAsking(false)}
      />
    </>
  );
}
