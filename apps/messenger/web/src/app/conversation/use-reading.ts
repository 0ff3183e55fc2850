import { useEffect, useRef, useSyncExternalStore } from "react";
import type { ConversationView, TimelineItem } from "../../client/api.ts";
import { useClient } from "../client-context.tsx";
import { lastSeq, othersAfter } from "./rows.ts";

function subscribeToAttention(changed: () => void): () => void {
  document.addEventListener("visibilitychange", changed);
  window.addEventListener("focus", changed);
  window.addEventListener("blur", changed);
  return () => {
    document.removeEventListener("visibilitychange", changed);
    window.removeEventListener("focus", changed);
    window.removeEventListener("blur", changed);
  };
}

/** True while somebody can be looking at this page. */
function useAttention(): boolean {
  return useSyncExternalStore(
    subscribeToAttention,
    () => document.visibilityState === "visible" && document.hasFocus(),
  );
}

interface ReadingInput {
  readonly conversation: ConversationView;
  readonly items: readonly TimelineItem[];
  readonly atEnd: boolean;
}

/** Says "read" while the newest message is in sight of somebody. Answers how many came in since it no longer was. */
export function useReading({ conversation, items, atEnd }: ReadingInput): number {
  const client = useClient();
  const attention = useAttention();
  const seen = useRef<string | null>(null);
  const newest = lastSeq(items);
  const { id, unread } = conversation;

  useEffect(() => {
    if (atEnd && attention && newest > 0 && unread > 0) client.markRead(id, newest);
  }, [atEnd, attention, newest, unread, client, id]);

  if (atEnd) seen.current = items.at(-1)?.id ?? null;
  return othersAfter(items, seen.current);
}
