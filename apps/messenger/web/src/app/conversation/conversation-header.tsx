import { Link, useMatchRoute } from "@tanstack/react-router";
import PanelRight from "lucide-react/icons/panel-right";
import { useEffect, useRef } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { ConversationAvatar } from "../list/conversation-row.tsx";
import { conversationTitle } from "../names.ts";
import { BackLink } from "../shell/back-link.tsx";
import { hasRealKeyboard } from "./real-keyboard.ts";
import { useStatusLine } from "./status-line.ts";

export function ConversationHeader({ conversation }: { conversation: ConversationView }) {
  const { t, format } = useI18n();
  const me = useMe();
  const params = { conversationId: conversation.id };
  const detailsOpen = useMatchRoute()({ to: "/c/$conversationId/details", params }) !== false;
  const title = conversationTitle(conversation, me.id, t, format);
  const heading = useFocusOnTouch();
  return (
    <header className="flex min-h-16 items-center gap-2 border-b border-line bg-surface py-2 ps-2 pe-3 md:ps-5">
      <BackLink to="/" label={t.pane.backToList} className="md:hidden" />
      <ConversationAvatar conversation={conversation} title={title} me={me.id} size="sm" />
      <div className="ms-1 min-w-0 flex-1">
        <h2
          ref={heading}
          tabIndex={-1}
          className="truncate text-base leading-tight font-semibold outline-none"
        >
          {title}
        </h2>
        <StatusLine conversation={conversation} />
      </div>
      <Link
        to={detailsOpen ? "/c/$conversationId" : "/c/$conversationId/details"}
        params={params}
        aria-label={t.conversation.details}
        title={t.conversation.details}
        data-details-link=""
        className="inline-flex size-10 items-center justify-center rounded-md text-ink-soft hover:bg-hover hover:text-ink"
      >
        <PanelRight size={20} aria-hidden="true" />
      </Link>
    </header>
  );
}

/** Where the composer does not take the focus on opening, the title does: a screen reader says where one is. */
function useFocusOnTouch() {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!hasRealKeyboard()) heading.current?.focus();
  }, []);
  return heading;
}

function StatusLine({ conversation }: { conversation: ConversationView }) {
  const { text, lively } = useStatusLine(conversation);
  return (
    <p className={`truncate text-sm ${lively ? "font-medium text-primary" : "text-ink-faint"}`}>{text}</p>
  );
}
