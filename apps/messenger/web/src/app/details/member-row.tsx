import type { Role } from "@rempart/messaging/contract";
import { Avatar, ListRow, Menu, MenuItem, MenuSeparator } from "@rempart/ui";
import { useNavigate } from "@tanstack/react-router";
import Ellipsis from "lucide-react/icons/ellipsis";
import MessageCircle from "lucide-react/icons/message-circle";
import ShieldCheck from "lucide-react/icons/shield-check";
import UserCog from "lucide-react/icons/user-cog";
import UserMinus from "lucide-react/icons/user-minus";
import type { ConversationView, MemberView } from "../../client/api.ts";
import { useClient, useMe } from "../client-context.tsx";
import { useCommand } from "../commands.ts";
import { useI18n } from "../i18n/context.tsx";
import { mayRemove, maySetRole } from "./permissions.ts";
import { RoleBadge } from "./role-badge.tsx";

interface MemberRowProps {
  conversation: ConversationView;
  member: MemberView;
  isMe: boolean;
  onVerify: () => void;
  onRemove: () => void;
}

export function MemberRow(props: MemberRowProps) {
  const { t } = useI18n();
  const { member, isMe } = props;
  return (
    <ListRow
      className="px-2"
      leading={<Avatar id={member.id} name={member.name} size="sm" online={member.online && !isMe} />}
      title={isMe ? `${member.name} (${t.you})` : member.name}
      trailing={
        <>
          <RoleBadge role={member.role} />
          {!isMe && <MemberMenu {...props} />}
        </>
      }
    />
  );
}

function MemberMenu({ conversation, member, onVerify, onRemove }: MemberRowProps) {
  const { t } = useI18n();
  const me = useMe();
  const client = useClient();
  const navigate = useNavigate();
  const { run } = useCommand();

  async function message() {
    const started = await run(() => client.startDirect(member.id));
    if (!started) return;
    void navigate({ to: "/c/$conversationId", params: { conversationId: started.value.conversationId } });
  }

  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={t.details.memberMenu(member.name)}
          className="inline-flex size-9 items-center justify-center rounded-md text-ink-faint hover:bg-hover hover:text-ink"
        >
          <Ellipsis size={18} aria-hidden="true" />
        </button>
      }
    >
      {conversation.kind === "group" && (
        <MenuItem icon={<MessageCircle size={17} />} onSelect={message}>
          {t.details.message}
        </MenuItem>
      )}
      <MenuItem icon={<ShieldCheck size={17} />} onSelect={onVerify}>
        {t.details.compare(member.name)}
      </MenuItem>
      {maySetRole(conversation, member, me.id) && <RoleItems conversation={conversation} member={member} />}
      {mayRemove(conversation, member, me.id) && (
        <>
          <MenuSeparator />
          <MenuItem danger icon={<UserMinus size={17} />} onSelect={onRemove}>
            {t.details.remove}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}

function RoleItems({ conversation, member }: Pick<MemberRowProps, "conversation" | "member">) {
  const { t } = useI18n();
  const client = useClient();
  const { run } = useCommand();
  const choices: readonly { role: Role; label: string }[] = [
    { role: "owner", label: t.details.makeOwner },
    { role: "admin", label: t.details.makeAdmin },
    { role: "member", label: t.details.makeMember },
  ];
  return choices
    .filter(({ role }) => role !== member.role)
    .map(({ role, label }) => (
      <MenuItem
        key={role}
        icon={<UserCog size={17} />}
        onSelect={() => void run(() => client.setRole(conversation.id, member.id, role))}
      >
        {label}
      </MenuItem>
    ));
}
