import { useParams } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useConversations, useMe } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { conversationTitle } from "../names.ts";
import { useAnnounce } from "./announcer.tsx";
import { arrivalIn } from "./arrivals.ts";

/** Keeps the tab's title at the number of unread messages, and announces what arrives elsewhere. */
export function useArrivals(): void {
  const { t, format } = useI18n();
  const me = useMe();
  const announce = useAnnounce();
  const conversations = useConversations();
  const { conversationId } = useParams({ strict: false });
  const before = useRef<ReadonlyMap<string, number> | null>(null);

  const unread = conversations?.reduce((sum, each) => sum + each.unread, 0) ?? 0;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${t.productName}` : t.productName;
  }, [unread, t]);

  useEffect(() => {
    if (conversations === null) return;
    const arrived = before.current && arrivalIn(before.current, conversations, conversationId);
    if (arrived) announce(t.conversation.announceElsewhere(conversationTitle(arrived, me.id, t, format)));
    before.current = new Map(conversations.map((each) => [each.id, each.unread]));
  }, [conversations, conversationId, announce, me.id, t, format]);
}
