import { useParams } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { ConversationView } from "../../client/api.ts";
import { useI18n } from "../i18n/context.tsx";
import { useNow } from "../use-now.ts";
import { ConversationRow } from "./conversation-row.tsx";
import { withIndex } from "./range.ts";
import { rovingTarget } from "./roving.ts";

const ROW_REM = 4.5;

function rowHeight(): number {
  return ROW_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
}

/** The list itself: only the rows in sight exist. One row is in the tab order; the arrows move it. */
export function ConversationList({ conversations }: { conversations: readonly ConversationView[] }) {
  const { t } = useI18n();
  const now = useNow();
  const { conversationId } = useParams({ strict: false });
  const scroller = useRef<HTMLDivElement>(null);
  const [focusedId, setFocusedId] = useState<string | null>(null);
  const wanted = conversations.findIndex((each) => each.id === (focusedId ?? conversationId));
  const active = wanted === -1 ? 0 : wanted;
  const [estimate] = useState(rowHeight);

  const rows = useVirtualizer({
    count: conversations.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => estimate,
    getItemKey: (index) => conversations[index]?.id ?? index,
    overscan: 6,
    rangeExtractor: (range) => withIndex(range, active),
  });

  function focusRow(index: number) {
    const target = conversations[index];
    if (target === undefined) return;
    setFocusedId(target.id);
    rows.scrollToIndex(index);
    requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`)?.focus();
    });
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const target = rovingTarget(event.key, active, conversations.length);
    if (target === null) return;
    event.preventDefault();
    focusRow(target);
  }

  // The open conversation is in sight when it was opened by a shortcut or a link; new messages must not move the list.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when another conversation is opened
  useEffect(() => {
    const index = conversations.findIndex((each) => each.id === conversationId);
    if (index !== -1) rows.scrollToIndex(index, { align: "auto" });
  }, [conversationId]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys of its rows come up to it
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto px-2 pb-2" onKeyDown={onKeyDown}>
      {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the list's role when it has no bullets */}
      <ul role="list" aria-label={t.list.title} className="relative" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((row) => {
          const conversation = conversations[row.index];
          if (conversation === undefined) return null;
          return (
            <li
              key={row.key}
              ref={rows.measureElement}
              data-index={row.index}
              aria-setsize={conversations.length}
              aria-posinset={row.index + 1}
              className="absolute inset-x-0 top-0 pb-0.5"
              style={{ transform: `translateY(${row.start}px)` }}
            >
              <ConversationRow
                conversation={conversation}
                now={now}
                tabbable={row.index === active}
                onFocus={setFocusedId}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}
