/** Opens messages at the cursor, in memory: what was read becomes durable in one transaction with the moved ratchets. */

import type { Effect, Input } from "@rempart/messaging/client";
import type { Message } from "@rempart/messaging/contract";
import type { Consumed, Mls } from "../mls/mls.ts";
import type { MessageRecord, StoredItem, Undecryptable } from "../storage/records.ts";
import { commitItems, eventItems } from "../views/notices.ts";
import { type Change, groupAfter, type Place, type RoomState } from "./store.ts";

export interface OpenContext {
  readonly mls: Mls;
  readonly myId: string;
  ownerOf(deviceId: string): string | null;
}

/** What a turn has done so far and not yet saved. */
export interface Work {
  readonly start: RoomState;
  machine: RoomState["machine"];
  group: RoomState["group"];
  pending: RoomState["pending"];
  title: string | null;
  joined: boolean;
  lastActivityAt: number;
  eraseAfter: number | null;
  records: MessageRecord[];
  readonly settled: Set<string>;
  readonly consumed: Consumed[];
}

export function startWork(start: RoomState): Work {
  const { machine, group, pending, place } = start;
  const { title, joined, lastActivityAt } = place;
  return {
    start,
    machine,
    group,
    pending,
    title,
    joined,
    lastActivityAt,
    eraseAfter: null,
    records: [],
    settled: new Set(),
    consumed: [],
  };
}

type Open = Extract<Effect, { type: "open" }>;
type Application = Extract<Message, { kind: "application" }>;
type Commit = Extract<Message, { kind: "commit" }>;

/** Carries out one `open`; the answers are the machine's next inputs. */
export async function open(work: Work, effect: Open, context: OpenContext): Promise<readonly Input[]> {
  const { message } = effect;
  if (message.kind === "event") return keep(work, message, eventItems(message));
  if (message.kind === "commit") return openCommit(work, effect.how, message, context);
  switch (effect.how) {
    case "own":
      return keep(work, message, ownItems(work, message, context));
    case "decrypt":
      return decrypt(work, message, context);
    default:
      return lose(work, message, lossOf(work, message));
  }
}

function keep(work: Work, message: Message, items: readonly StoredItem[]): readonly Input[] {
  work.records.push({ seq: message.seq, items });
  if (items.some((item) => item.kind !== "notice")) work.lastActivityAt = message.sentAt;
  return [{ type: "opened", seq: message.seq, epoch: work.group?.epoch ?? null }];
}

function lose(work: Work, message: Message, reason: Undecryptable): readonly Input[] {
  return keep(work, message, [{ ...place(message), kind: "undecryptable", reason }]);
}

/** What a device misses after it was in the group was meant for it; what came before it joined was not. */
function lossOf(work: Work, message: Application): Undecryptable {
  return work.joined || message.deviceId === work.machine.deviceId ? "key-lost" : "before-joining";
}

function place(message: Message): Pick<StoredItem, "id" | "at" | "senderId"> {
  return { id: message.id, at: message.sentAt, senderId: message.senderId };
}

async function decrypt(work: Work, message: Application, context: OpenContext): Promise<readonly Input[]> {
  if (work.group === null) return outOfStep(work, message);
  if (message.epoch > work.group.epoch) return outOfStep(work, message);
  const opened = await context.mls.decrypt(work.group, message);
  work.group = opened.group;
  work.consumed.push(opened.consumed);
  if ("reason" in opened) return lose(work, message, opened.reason);
  if (opened.content.type === "text")
    return keep(work, message, [{ ...place(message), kind: "text", text: opened.content.text }]);
  return keep(work, message, titleItems(work, message, opened.content.title));
}

function outOfStep(work: Work, { seq }: Message): readonly Input[] {
  work.group = null;
  return [{ type: "out-of-step", seq }];
}

/** The first title, and one that is told again to a newcomer, are no news. */
function titleItems(work: Work, message: Message, title: string): StoredItem[] {
  const before = work.title;
  work.title = title;
  if (before === null || before === title) return [];
  return [{ ...place(message), kind: "notice", notice: { type: "renamed", title } }];
}

/** A message of this device, by its id in the outbox. Its key is gone from the ratchet, so the outbox has the only copy. */
function ownItems(work: Work, message: Application, context: OpenContext): StoredItem[] {
  const base = { ...place(message), senderId: context.myId };
  const record = work.start.outbox.find(({ id }) => id === message.id);
  if (record === undefined) return [{ ...base, kind: "undecryptable", reason: "key-lost" }];
  work.settled.add(record.id);
  if (record.content.type === "title") return titleItems(work, message, record.content.title);
  return [{ ...base, kind: "text", text: record.content.text }];
}

async function openCommit(
  work: Work,
  how: Open["how"],
  message: Commit,
  context: OpenContext,
): Promise<readonly Input[]> {
  if (how === "adopt" && work.pending !== null) {
    work.group = groupAfter(context.mls, work.pending);
    work.pending = null;
    work.joined = true;
  }
  const removesMe = message.change.removedUsers.includes(context.myId);
  if (removesMe) work.group = null;
  else if (how === "follow" && !(await follow(work, message, context))) return outOfStep(work, message);
  const opened = keep(work, message, noticesOf(work, message, context));
  return removesMe ? [...opened, { type: "removed" }] : opened;
}

async function follow(work: Work, message: Commit, { mls }: OpenContext): Promise<boolean> {
  if (work.group === null) return false;
  const moved = await mls.follow(work.group, message);
  if (moved === null) return false;
  work.group = moved.group;
  work.consumed.push(moved.consumed);
  return true;
}

function noticesOf(work: Work, message: Commit, context: OpenContext): StoredItem[] {
  const members = new Set(work.start.roster.members.map((member) => member.userId));
  return commitItems(message, {
    kind: work.start.place.kind,
    ownerOf(deviceId) {
      const owner = context.ownerOf(deviceId);
      return owner !== null && members.has(owner) ? owner : null;
    },
  });
}

/** What the work did, merged into the newest state. */
export function changeOf(work: Work, latest: RoomState, myId: string): Change {
  const { start, records, settled } = work;
  return {
    machine: work.machine,
    place: placeAfter(work, latest.place, myId),
    ...(work.group !== start.group && { group: work.group }),
    ...(work.pending !== start.pending && { pending: work.pending }),
    ...(settled.size > 0 && { outbox: latest.outbox.filter(({ id }) => !settled.has(id)) }),
    ...(records.length > 0 && { messages: records }),
    ...(work.eraseAfter !== null && { eraseAfter: work.eraseAfter }),
  };
}

function placeAfter(work: Work, latest: Place, myId: string): Place {
  const { records, title, joined, lastActivityAt } = work;
  if (records.length === 0 && joined === latest.joined) return latest;
  return {
    ...latest,
    title,
    joined,
    lastActivityAt: Math.max(latest.lastActivityAt, lastActivityAt),
    unread: latest.unread + countUnread(records, latest.readSeq, myId),
    preview: previewOf(records) ?? latest.preview,
  };
}

/** Messages of others after what was read. Notices are not counted. */
export function countUnread(records: readonly MessageRecord[], readSeq: number, myId: string): number {
  return records
    .filter(({ seq }) => seq > readSeq)
    .flatMap(({ items }) => items)
    .filter((item) => item.kind !== "notice" && item.senderId !== myId).length;
}

function previewOf(records: readonly MessageRecord[]): Place["preview"] {
  for (const { seq, items } of records.toReversed()) {
    const item = items.at(-1);
    if (item !== undefined) return { seq, item };
  }
  return null;
}
