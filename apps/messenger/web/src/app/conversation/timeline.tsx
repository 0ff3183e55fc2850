import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ConversationView, Timeline } from "../../client/api.ts";
import { useClient, useMe, useTimeline } from "../client-context.tsx";
import { useI18n } from "../i18n/context.tsx";
import { useNow } from "../use-now.ts";
import { Older } from "./dividers.tsx";
import { JumpButton } from "./jump-button.tsx";
import { timelineRows, unreadAbove } from "./rows.ts";
import { TimelineRow } from "./timeline-row.tsx";
import { TimelineSkeleton } from "./timeline-skeleton.tsx";
import { useAnnouncedMessages } from "./use-announced-messages.ts";
import { useReading } from "./use-reading.ts";
import { useScrollKeeping } from "./use-scroll-keeping.ts";

/** Older messages are fetched when fewer rows than this are left above. */
const FETCH_AHEAD_ROWS = 12;
const ESTIMATED_ROW_PIXELS = 56;
const PADDING_END_PIXELS = 12;
/** Room above the oldest loaded message for the word that older ones are coming. */
const OLDER_PIXELS = 52;

/**
 * The messages. Only the rows in sight exist; what is being read stays where it is when older messages come in above or
 * sizes turn out differently, and the end is followed while one is at the end.
 */
export function TimelineView({ conversation }: { conversation: ConversationView }) {
  const timeline = useTimeline(conversation.id);
  if (timeline.items.length === 0 && timeline.loading) return <TimelineSkeleton />;
  return <LoadedTimeline conversation={conversation} timeline={timeline} />;
}

interface LoadedTimelineProps {
  conversation: ConversationView;
  timeline: Timeline;
}

function LoadedTimeline({ conversation, timeline }: LoadedTimelineProps) {
  const { t } = useI18n();
  const client = useClient();
  const me = useMe();
  const now = useNow();
  const { items, hasOlder, loading } = timeline;
  const [readUpTo] = useState(() => readPosition(conversation, me.id));
  const options = useMemo(() => ({ hasOlder, readUpTo }), [hasOlder, readUpTo]);
  const rows = useMemo(() => timelineRows(items, options), [items, options]);
  const scroller = useRef<HTMLElement>(null);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ESTIMATED_ROW_PIXELS,
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 8,
    anchorTo: "end",
    // No row: the one at the top is what stays in its place, and this one goes on standing above all that comes in.
    paddingStart: hasOlder ? OLDER_PIXELS : 0,
    paddingEnd: PADDING_END_PIXELS,
  });

  const visible = virtual.getVirtualItems();
  const totalSize = virtual.getTotalSize();
  const { atEnd, toEnd } = useScrollKeeping({
    scroller,
    totalSize,
    unreadIndex: unreadAbove(items, options) ? 0 : rows.findIndex((row) => row.type === "unread"),
    showRow: (index) => virtual.scrollToIndex(index, { align: "center" }),
    cancel: virtual.cancelScroll,
  });

  const newest = items.at(-1);
  const justSent = newest?.kind === "text" && newest.mine && newest.seq === null ? newest.id : null;
  useEffect(() => {
    if (justSent !== null) toEnd();
  }, [justSent, toEnd]);

  const top = rows.length === 0 ? 0 : visible[0]?.index;
  const nearTop = top !== undefined && top < FETCH_AHEAD_ROWS;
  useEffect(() => {
    if (items.length > 0 && nearTop && hasOlder && !loading) void client.loadOlder(conversation.id);
  }, [items.length, nearTop, hasOlder, loading, client, conversation.id]);

  const waiting = useReading({ conversation, items, atEnd });
  useAnnouncedMessages(items);

  return (
    <div className="masonry relative min-h-0 flex-1">
      <section
        ref={scroller}
        aria-label={t.conversation.messages}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard must be able to scroll it
        tabIndex={0}
        className="absolute inset-0 flex flex-col overflow-y-auto overscroll-contain -outline-offset-2"
      >
        <ol
          // biome-ignore lint/a11y/noRedundantRoles: Safari drops the list's role when it has no bullets
          role="list"
          className="relative mt-auto w-full max-w-5xl shrink-0 self-center"
          style={{ height: totalSize }}
        >
          {hasOlder && top === 0 && (
            <li className="absolute inset-x-0 top-0" style={{ height: OLDER_PIXELS }}>
              <Older />
            </li>
          )}
          {visible.map((each) => {
            const row = rows[each.index];
            if (row === undefined) return null;
            return (
              <li
                key={each.key}
                ref={virtual.measureElement}
                data-index={each.index}
                className="absolute inset-x-0 top-0 flow-root"
                style={{ transform: `translateY(${each.start}px)` }}
              >
                <TimelineRow row={row} conversation={conversation} now={now} />
              </li>
            );
          })}
        </ol>
      </section>
      {!atEnd && items.length > 0 && <JumpButton waiting={waiting} onJump={toEnd} />}
    </div>
  );
}

/** Where one had read to when the conversation was opened; null when nothing was unread. */
function readPosition(conversation: ConversationView, me: string): number | null {
  if (conversation.unread === 0) return null;
  return conversation.members.find((member) => member.id === me)?.read ?? null;
}
