import type { Message } from "@rempart/messaging/contract";
import type { Consumed } from "@rempart/messaging/engine";
import type { Mls } from "../mls/mls.ts";
import type { MessageRecord, OutboxRecord, PlaceRecord, StoredItem } from "../storage/records.ts";
import { commitItems, eventItems } from "../views/notices.ts";
import { type Change, type ConversationState, groupAfter } from "./store.ts";

/** An acknowledged message of this device: its place is known, its text is in the outbox. */
export interface OwnPlaced {
  readonly kind: "own";
  readonly id: string;
  readonly seq: number;
  readonly sentAt: number;
}

export type Incoming = Message | OwnPlaced;

export interface StreamContext {
  readonly mls: Mls;
  readonly myId: string;
  readonly myDeviceId: string;
  ownerOf(deviceId: string): string | null;
}

/** How a run of messages ended before its end. */
export type Stop =
  /** The next message is not the one after the cursor. */
  | "gap"
  /** A commit could not be followed: this device must rejoin. */
  | "out-of-step"
  /** This user is not a member any more. */
  | "removed";

export interface RunResult {
  /** Merges what was read into the newest state; never empty when something was read. */
  readonly change: (state: ConversationState) => Change;
  readonly stop: Stop | null;
  /** Membership, devices or roles changed: the roster is to be read again. */
  readonly rosterMoved: boolean;
  /** Keys that were used up; to be released once `change` is durable. */
  readonly consumed: readonly Consumed[];
}

/** What a run has read so far. Only this module changes it. */
interface Run {
  readonly start: ConversationState;
  group: ConversationState["group"];
  pending: ConversationState["pending"];
  cursor: number;
  title: string | null;
  active: boolean;
  rosterMoved: boolean;
  lastActivityAt: number;
  readonly records: MessageRecord[];
  readonly settled: Set<string>;
  readonly consumed: Consumed[];
}

/**
 * Reads messages in order from the cursor on. Nothing is stored here: the caller makes `change` durable in one
 * transaction, the moved ratchets together with what they decrypted.
 */
export async function readRun(
  state: ConversationState,
  messages: readonly Incoming[],
  context: StreamContext,
): Promise<RunResult> {
  const run = startRun(state);
  let stop: Stop | null = null;
  for (const message of messages) {
    if (message.seq <= run.cursor) continue;
    stop = message.seq === run.cursor + 1 ? await readOne(run, message, context) : "gap";
    if (stop === "gap" || stop === "out-of-step") break;
    run.cursor = message.seq;
    if (stop !== null) break;
  }
  return {
    change: (latest) => changeOf(run, latest, context.myId),
    stop,
    rosterMoved: run.rosterMoved,
    consumed: run.consumed,
  };
}

function startRun(state: ConversationState): Run {
  const { group, pending, place } = state;
  const { cursor, title, active, lastActivityAt } = place;
  return {
    start: state,
    group,
    pending,
    cursor,
    title,
    active,
    lastActivityAt,
    rosterMoved: false,
    records: [],
    settled: new Set(),
    consumed: [],
  };
}

async function readOne(run: Run, message: Incoming, context: StreamContext): Promise<Stop | null> {
  switch (message.kind) {
    case "own":
      return keep(run, message, ownItems(run, message, context));
    case "event":
      run.rosterMoved = true;
      return keep(run, message, eventItems(message));
    case "application":
      return readApplication(run, message, context);
    case "commit":
      return readCommit(run, message, context);
  }
}

function keep(run: Run, message: Incoming, items: readonly StoredItem[]): null {
  run.records.push({ seq: message.seq, items });
  if (items.some((item) => item.kind !== "notice")) run.lastActivityAt = message.sentAt;
  return null;
}

type Application = Extract<Message, { kind: "application" }>;
type Commit = Extract<Message, { kind: "commit" }>;

async function readApplication(run: Run, message: Application, context: StreamContext): Promise<Stop | null> {
  if (message.deviceId === context.myDeviceId) return keep(run, message, ownItems(run, message, context));
  const base = { id: message.id, at: message.sentAt, senderId: message.senderId };
  const lost = (reason: Extract<StoredItem, { kind: "undecryptable" }>["reason"]): null =>
    keep(run, message, [{ ...base, kind: "undecryptable", reason }]);
  if (run.group === null) return lost(isRejoining(run, context) ? "key-lost" : "before-joining");
  if (message.epoch > run.group.epoch) return "out-of-step";
  const opened = await context.mls.decrypt(run.group, message);
  run.group = opened.group;
  run.consumed.push(opened.consumed);
  if ("reason" in opened) return lost(opened.reason);
  if (opened.content.type === "text")
    return keep(run, message, [{ ...base, kind: "text", text: opened.content.text }]);
  return keep(run, message, titleItems(run, base, opened.content.title));
}

/** The first title, and one that is told again to a newcomer, are no news. */
function titleItems(
  run: Run,
  base: { id: string; at: number; senderId: string },
  title: string,
): StoredItem[] {
  const before = run.title;
  run.title = title;
  if (before === null || before === title) return [];
  return [{ ...base, kind: "notice", notice: { type: "renamed", title } }];
}

/** A message of this device, by its id in the outbox. Its key is gone from the ratchet, so the outbox is the only copy. */
function ownItems(run: Run, message: Application | OwnPlaced, context: StreamContext): StoredItem[] {
  const base = { id: message.id, at: message.sentAt, senderId: context.myId };
  const record = run.start.outbox.find(({ id }) => id === message.id);
  if (record === undefined) return [{ ...base, kind: "undecryptable", reason: "key-lost" }];
  run.settled.add(record.id);
  if (record.content.type === "title") return titleItems(run, base, record.content.title);
  return [{ ...base, kind: "text", text: record.content.text }];
}

async function readCommit(run: Run, message: Commit, context: StreamContext): Promise<Stop | null> {
  const followed = await followCommit(run, message, context);
  if (followed === "out-of-step") return followed;
  run.rosterMoved = true;
  const { kind } = run.start.place;
  const members = new Set(run.start.roster.members.map((member) => member.userId));
  const ownerOf = (deviceId: string): string | null => {
    const owner = context.ownerOf(deviceId);
    return owner !== null && members.has(owner) ? owner : null;
  };
  keep(run, message, commitItems(message, { kind, ownerOf }));
  return followed;
}

async function followCommit(run: Run, message: Commit, context: StreamContext): Promise<Stop | null> {
  if (message.id === run.pending?.id) {
    run.group = groupAfter(context.mls, run.pending);
    run.pending = null;
    return null;
  }
  if (message.change.removedUsers.includes(context.myId)) {
    run.group = null;
    run.active = false;
    return "removed";
  }
  if (run.group === null || message.epoch < run.group.epoch) return null;
  const followed = await context.mls.follow(run.group, message);
  if (followed === null) return "out-of-step";
  run.group = followed.group;
  run.consumed.push(followed.consumed);
  return null;
}

/** A device that replaces its own leaf was in the group before: what it misses was meant for it. */
function isRejoining(run: Run, context: StreamContext): boolean {
  return run.pending?.body.change.removedDevices.includes(context.myDeviceId) ?? false;
}

function changeOf(run: Run, latest: ConversationState, myId: string): Change {
  const place: PlaceRecord = {
    ...latest.place,
    cursor: run.cursor,
    title: run.title,
    active: run.active,
    lastActivityAt: run.lastActivityAt,
    unread: latest.place.unread + countUnread(run.records, latest.place.readSeq, myId),
    preview: previewOf(run.records) ?? latest.place.preview,
  };
  return {
    place,
    messages: run.records,
    ...(run.group !== run.start.group && { group: run.group }),
    ...(run.pending !== run.start.pending && { pending: run.pending }),
    ...(run.settled.size > 0 && { outbox: unsettled(latest.outbox, run.settled) }),
  };
}

function unsettled(outbox: readonly OutboxRecord[], settled: ReadonlySet<string>): OutboxRecord[] {
  return outbox.filter(({ id }) => !settled.has(id));
}

/** Messages of others after what was read. Notices are not counted. */
export function countUnread(records: readonly MessageRecord[], readSeq: number, myId: string): number {
  return records
    .filter(({ seq }) => seq > readSeq)
    .flatMap(({ items }) => items)
    .filter((item) => item.kind !== "notice" && item.senderId !== myId).length;
}

function previewOf(records: readonly MessageRecord[]): PlaceRecord["preview"] {
  for (const { seq, items } of records.toReversed()) {
    const item = items.at(-1);
    if (item !== undefined) return { seq, item };
  }
  return null;
}
