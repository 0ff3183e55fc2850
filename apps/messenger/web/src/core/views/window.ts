import type { Timeline, TimelineItem } from "../../client/api.ts";
import type { RoomState } from "../conversation/store.ts";
import {
  keys,
  type MessageRecord,
  type OutboxRecord,
  type StoredItem,
  withinConversation,
} from "../storage/records.ts";
import type { Vault } from "../storage/vault.ts";
import { deliveryOf } from "./delivery.ts";
import { itemView, outboxDelivery, outboxView, type ViewContext } from "./items.ts";
import { createViewCache } from "./timelines.ts";

const PAGE = 60;
/** A page whose positions show nothing (titles, device changes) is followed by another, up to this many. */
const MOST_EMPTY_PAGES = 20;

/** The loaded newest part of one conversation's history, and its outbox. */
export interface TimelineWindow {
  load(): Promise<void>;
  loadOlder(): Promise<void>;
  /** Records that now stand at the end, in order. */
  append(records: readonly MessageRecord[]): void;
  /** Shows again what changed: the outbox, receipts, names. */
  render(): void;
}

export interface WindowSources {
  context(): ViewContext;
  waiting(): Pick<RoomState, "outbox" | "machine">;
  show(timeline: Timeline): void;
}

export function createTimelineWindow(
  vault: Vault,
  conversationId: string,
  sources: WindowSources,
): TimelineWindow {
  let records: readonly MessageRecord[] = [];
  let hasOlder = true;
  let loaded = false;
  let loading = false;
  let late: MessageRecord[] = [];
  const placed = createViewCache<StoredItem>();
  const waiting = createViewCache<OutboxRecord>();

  const render = (): void => {
    const views = sources.context();
    sources.show({ items: [...placedViews(views), ...outboxViews(views)], hasOlder, loading });
  };

  const placedViews = (views: ViewContext): TimelineItem[] =>
    records.flatMap(({ seq, items }) =>
      items.map((item) => placed.view(item, viewKey(item, seq, views), () => itemView(item, seq, views))),
    );

  const outboxViews = (views: ViewContext): TimelineItem[] => {
    const { outbox, machine } = sources.waiting();
    return outbox.flatMap((record) => {
      const entry = machine.outbox.find(({ id }) => id === record.id);
      if (entry === undefined || record.content.type !== "text") return [];
      const inFlight = machine.inFlight === record.id;
      const key = `${outboxDelivery(entry, inFlight, views)}/${entry.failure}`;
      return waiting.view(record, key, () => outboxView(record, entry, inFlight, views));
    });
  };

  const readPage = async (): Promise<void> => {
    const oldest = records[0]?.seq;
    const { from, to } = withinConversation(conversationId);
    const end = oldest === undefined ? to : keys.message(conversationId, oldest);
    const page = await vault.range("messages", { from, to: end, limit: PAGE, newestFirst: true });
    hasOlder = page.length === PAGE;
    const older = page.map(({ key, value }) => value ?? unreadableRecord(key)).reverse();
    records = [...older, ...records];
  };

  const readVisible = async (): Promise<void> => {
    const before = visible();
    for (let page = 0; page < MOST_EMPTY_PAGES && hasOlder && visible() - before < PAGE / 2; page += 1)
      await readPage();
  };
  const visible = (): number => records.reduce((count, { items }) => count + items.length, 0);

  const whileLoading = async (work: () => Promise<void>): Promise<void> => {
    if (loading) return;
    loading = true;
    render();
    try {
      await work();
    } finally {
      loading = false;
      render();
    }
  };

  return {
    load: () =>
      whileLoading(async () => {
        if (loaded) return;
        await readVisible();
        loaded = true;
        records = withEnd(records, late);
        late = [];
      }),
    loadOlder: () => whileLoading(readVisible),
    append(fresh) {
      if (!loaded) {
        // A load under way may have read before these were stored; a later one finds them.
        if (loading) late.push(...fresh);
        return;
      }
      records = withEnd(records, fresh);
      render();
    },
    render,
  };
}

/** What stands from the first fresh position on is replaced: a restored server gives positions out again. */
function withEnd(
  records: readonly MessageRecord[],
  fresh: readonly MessageRecord[],
): readonly MessageRecord[] {
  const from = fresh[0]?.seq ?? Number.POSITIVE_INFINITY;
  return [...records.filter(({ seq }) => seq < from), ...fresh];
}

/** What the view of an item depends on beside the item. */
function viewKey(item: StoredItem, seq: number, views: ViewContext): string {
  const sender = views.person(item.senderId).name;
  if (item.kind === "notice") return `${sender}/${noticePeople(item, views)}`;
  return item.senderId === views.myId ? `${sender}/${deliveryOf(seq, views.members, views.myId)}` : sender;
}

function noticePeople({ notice }: Extract<StoredItem, { kind: "notice" }>, views: ViewContext): string {
  if ("userIds" in notice) return notice.userIds.map((id) => views.person(id).name).join("/");
  return "userId" in notice ? views.person(notice.userId).name : "";
}

/** A stored message that does not open any more: said honestly where it stood. */
function unreadableRecord(key: string): MessageRecord {
  const seq = Number(key.slice(key.lastIndexOf("/") + 1));
  return {
    seq,
    items: [{ id: key, at: 0, senderId: "", kind: "undecryptable", reason: "key-lost" }],
  };
}
