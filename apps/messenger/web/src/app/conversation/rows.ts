import type { TimelineItem } from "../../client/api.ts";
import { calendarDaysBetween } from "../i18n/format.ts";

/** Messages of one sender closer together than this stand as one block. */
const GROUP_MS = 5 * 60_000;

export type Row =
  /** The top of the history: there is nothing older. */
  | { readonly type: "beginning"; readonly key: string }
  | { readonly type: "day"; readonly key: string; readonly at: number }
  | { readonly type: "unread"; readonly key: string }
  | {
      readonly type: "item";
      readonly key: string;
      readonly item: TimelineItem;
      /** First and last of a block by one sender. */
      readonly first: boolean;
      readonly last: boolean;
    };

export interface RowOptions {
  readonly hasOlder: boolean;
  /** Everything up to here had been read when the conversation was opened; null when nothing was unread. */
  readonly readUpTo: number | null;
}

function senderOf(item: TimelineItem): string | null {
  if (item.kind === "notice") return null;
  return item.sender.id;
}

function sameDay(a: TimelineItem, b: TimelineItem): boolean {
  return calendarDaysBetween(a.at, b.at) === 0;
}

/** True when `next` continues the block that `item` is part of. */
export function continues(item: TimelineItem | undefined, next: TimelineItem | undefined): boolean {
  if (item === undefined || next === undefined) return false;
  const sender = senderOf(item);
  return (
    sender !== null &&
    sender === senderOf(next) &&
    Math.abs(next.at - item.at) < GROUP_MS &&
    sameDay(item, next)
  );
}

function isFresh(item: TimelineItem, readUpTo: number): boolean {
  if (item.kind === "text" && item.mine) return false;
  return item.seq !== null && item.seq > readUpTo;
}

/** True while the first unread message may stand above those that are loaded. */
export function unreadAbove(items: readonly TimelineItem[], { hasOlder, readUpTo }: RowOptions): boolean {
  return readUpTo !== null && hasOlder && (items[0]?.seq ?? 0) > readUpTo;
}

function firstUnreadIndex(items: readonly TimelineItem[], options: RowOptions): number {
  const { readUpTo } = options;
  if (readUpTo === null || unreadAbove(items, options)) return -1;
  return items.findIndex((item) => isFresh(item, readUpTo));
}

/**
 * What the timeline shows, oldest first: messages in blocks, days between them, and where the unread ones begin.
 *
 * While there are older messages the oldest loaded one is held back: whether it begins a day or a block is known with the one
 * before it. So what comes in above changes no row that was there, and whatever row is being read can stay in its place.
 */
export function timelineRows(items: readonly TimelineItem[], options: RowOptions): Row[] {
  const { hasOlder } = options;
  const rows: Row[] = hasOlder ? [] : [{ type: "beginning", key: "beginning" }];
  const firstUnread = firstUnreadIndex(items, options);
  for (const [index, item] of items.entries()) {
    const before = items[index - 1];
    if (hasOlder && before === undefined) continue;
    if (before === undefined || !sameDay(before, item)) {
      rows.push({ type: "day", key: `day-${new Date(item.at).toDateString()}-${item.id}`, at: item.at });
    }
    if (index === firstUnread) rows.push({ type: "unread", key: "unread" });
    rows.push({
      type: "item",
      key: item.id,
      item,
      first: index === firstUnread || !continues(before, item),
      last: index + 1 === firstUnread || !continues(item, items[index + 1]),
    });
  }
  return rows;
}

/** How many messages of others stand after the one with this id; 0 when it is not there. */
export function othersAfter(items: readonly TimelineItem[], id: string | null): number {
  const index = items.findIndex((item) => item.id === id);
  if (index === -1) return 0;
  return items
    .slice(index + 1)
    .filter((item) => item.kind !== "notice" && !(item.kind === "text" && item.mine)).length;
}

/** The highest position shown, or 0. */
export function lastSeq(items: readonly TimelineItem[]): number {
  return items.findLast((item) => item.seq !== null)?.seq ?? 0;
}
