import type { Durable } from "@rempart/messaging/client";
import type { Member } from "@rempart/messaging/contract";
import type { DeliveryState, Notice, Person, TimelineItem } from "../../client/api.ts";
import type { OutboxRecord, StoredItem, StoredNotice } from "../storage/records.ts";
import { deliveryOf } from "./delivery.ts";

/** What turns stored ids into something to show. */
export interface ViewContext {
  readonly myId: string;
  readonly members: readonly Member[];
  /** Nobody else can read yet: what is written here is kept until somebody can. */
  readonly waits: boolean;
  person(id: string): Person;
}

export function itemView(item: StoredItem, seq: number, context: ViewContext): TimelineItem {
  const placed = { id: item.id, seq, at: item.at };
  const sender = context.person(item.senderId);
  switch (item.kind) {
    case "notice":
      return { ...placed, kind: "notice", notice: noticeView(item.notice, sender, context) };
    case "undecryptable":
      return { ...placed, kind: "undecryptable", sender, reason: item.reason };
    case "text": {
      const mine = item.senderId === context.myId;
      const delivery = mine ? deliveryOf(seq, context.members, context.myId) : null;
      return { ...placed, kind: "text", sender, mine, text: item.text, delivery, failure: null };
    }
  }
}

function noticeView(notice: StoredNotice, by: Person, context: ViewContext): Notice {
  switch (notice.type) {
    case "created":
      return { type: "created", by };
    case "added":
    case "removed":
      return { type: notice.type, by, people: notice.userIds.map((id) => context.person(id)) };
    case "left":
      return { type: "left", person: by };
    case "renamed":
      return { type: "renamed", by, title: notice.title };
    case "role":
      return { type: "role", person: context.person(notice.userId), role: notice.role };
    case "devices-changed": {
      const { added, removed } = notice;
      return { type: "devices-changed", person: context.person(notice.userId), added, removed };
    }
    case "rejoined":
      return { type: "rejoined", person: by };
  }
}

type OutboxEntry = Durable["outbox"][number];

/** `inFlight`: on its way to the server now. */
export function outboxView(
  record: OutboxRecord,
  entry: OutboxEntry,
  inFlight: boolean,
  context: ViewContext,
): TimelineItem {
  return {
    id: record.id,
    seq: entry.seq,
    at: record.createdAt,
    kind: "text",
    sender: context.person(context.myId),
    mine: true,
    text: record.content.type === "text" ? record.content.text : record.content.title,
    delivery: outboxDelivery(entry, inFlight, context),
    failure: entry.failure,
  };
}

export function outboxDelivery(entry: OutboxEntry, inFlight: boolean, context: ViewContext): DeliveryState {
  if (entry.seq !== null) return deliveryOf(entry.seq, context.members, context.myId);
  if (entry.failure !== null) return "failed";
  if (inFlight) return "sending";
  return context.waits ? "held" : "queued";
}
