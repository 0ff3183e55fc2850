import { Avatar, CountBadge } from "@rempart/ui";
import { Link } from "@tanstack/react-router";
import Users from "lucide-react/icons/users";
import { memo } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useMe } from "../client-context.tsx";
import { Ticks } from "../conversation/ticks.tsx";
import { useI18n } from "../i18n/context.tsx";
import { avatarId, conversationTitle, counterpart, previewText } from "../names.ts";

interface RowProps {
  conversation: ConversationView;
  now: number;
  tabbable: boolean;
  onFocus: (id: string) => void;
}

export const ConversationRow = memo(function ConversationRow(props: RowProps) {
  const { conversation, now, tabbable, onFocus } = props;
  const { t, format } = useI18n();
  const me = useMe();
  const title = conversationTitle(conversation, me.id, t, format);
  const unread = conversation.unread > 0;
  return (
    <Link
      to="/c/$conversationId"
      params={{ conversationId: conversation.id }}
      tabIndex={tabbable ? 0 : -1}
      onFocus={() => onFocus(conversation.id)}
      className="flex min-h-17 items-center gap-3 rounded-lg px-3 py-2 transition-colors -outline-offset-2 hover:bg-hover aria-[current=page]:bg-primary-soft"
    >
      <ConversationAvatar conversation={conversation} title={title} me={me.id} />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <span className={`min-w-0 flex-1 truncate ${unread ? "font-bold" : "font-semibold"}`}>{title}</span>
          <time
            dateTime={new Date(conversation.lastActivityAt).toISOString()}
            className={`shrink-0 text-xs tabular-nums ${unread ? "font-semibold text-ember-ink" : "text-ink-faint"}`}
          >
            {format.short(conversation.lastActivityAt, now)}
          </time>
        </span>
        <span className="mt-0.5 flex min-h-5 items-center gap-1.5 text-sm text-ink-soft">
          <Preview conversation={conversation} me={me.id} />
          {unread && <CountBadge count={conversation.unread} label={t.list.unread(conversation.unread)} />}
        </span>
      </span>
    </Link>
  );
});

interface AvatarProps {
  conversation: ConversationView;
  title: string;
  me: string;
  size?: "sm" | "md" | "lg";
}

export function ConversationAvatar({ conversation, title, me, size = "md" }: AvatarProps) {
  const group = conversation.kind === "group";
  return (
    <Avatar
      id={avatarId(conversation, me)}
      name={title}
      size={size}
      shape={group ? "square" : "round"}
      {...(group && { icon: <Users className="size-1/2" strokeWidth={1.75} /> })}
      online={conversation.active && (counterpart(conversation, me)?.online ?? false)}
    />
  );
}

function Preview({ conversation, me }: { conversation: ConversationView; me: string }) {
  const { t, format } = useI18n();
  const { preview } = conversation;
  if (!conversation.active) return <span className="flex-1 truncate italic">{t.list.left}</span>;
  if (conversation.typing.length > 0) {
    return <span className="flex-1 truncate font-medium text-primary">{t.list.typing}</span>;
  }
  if (conversation.draft !== "") {
    return (
      <span className="flex-1 truncate">
        <span className="font-medium text-ember-ink">{t.list.draft}</span> {conversation.draft}
      </span>
    );
  }
  return (
    <>
      {preview?.kind === "text" && preview.mine && preview.delivery && <Ticks state={preview.delivery} />}
      <span className={`flex-1 truncate ${conversation.unread > 0 ? "font-medium text-ink" : ""}`}>
        {previewText(preview, conversation, me, t, format)}
      </span>
    </>
  );
}
