import { useEffect, useRef } from "react";
import type { TimelineItem } from "../../client/api.ts";
import { useI18n } from "../i18n/context.tsx";
import { useAnnounce } from "../shell/announcer.tsx";

/** Reads the newest message of the open conversation to screen readers when it arrives, not when it is first loaded. */
export function useAnnouncedMessages(items: readonly TimelineItem[]): void {
  const { t } = useI18n();
  const announce = useAnnounce();
  const heard = useRef<number | null>(null);
  const newest = items.at(-1);
  useEffect(() => {
    if (newest?.seq == null) return;
    const fresh = heard.current !== null && newest.seq > heard.current;
    heard.current = Math.max(heard.current ?? 0, newest.seq);
    if (!fresh || newest.kind !== "text" || newest.mine) return;
    announce(t.conversation.announce(newest.sender.name, newest.text));
  }, [newest, announce, t]);
}
