/** What a placed commit or event says to people. Pure. */
import type { Message } from "@rempart/messaging/contract";
import type { StoredItem, StoredNotice } from "../storage/records.ts";

type Commit = Extract<Message, { kind: "commit" }>;
type Event = Extract<Message, { kind: "event" }>;

export interface CommitContext {
  readonly kind: "direct" | "group";
  /** The user of a device in or formerly in the group, when it is known. */
  ownerOf(deviceId: string): string | null;
}

export function commitItems(commit: Commit, context: CommitContext): StoredItem[] {
  return commitNotices(commit, context).map((notice, i) => ({
    id: `${commit.id}/${i}`,
    at: commit.sentAt,
    senderId: commit.senderId,
    kind: "notice",
    notice,
  }));
}

export function eventItems(message: Event): StoredItem[] {
  const { event } = message;
  const base = { id: message.id, at: message.sentAt, kind: "notice" } as const;
  switch (event.type) {
    case "left":
      return [{ ...base, senderId: event.userId, notice: { type: "left" } }];
    case "role":
      return [
        {
          ...base,
          senderId: message.senderId,
          notice: { type: "role", userId: event.userId, role: event.role },
        },
      ];
  }
}

function commitNotices(commit: Commit, context: CommitContext): StoredNotice[] {
  const { change, senderId, epoch } = commit;
  if (change.external) return [externalNotice(commit)];
  if (epoch === 0)
    return context.kind === "group" ? creationNotices(change.addedUsers) : [{ type: "created" }];
  const notices: StoredNotice[] = [];
  if (change.addedUsers.length > 0) notices.push({ type: "added", userIds: change.addedUsers });
  const removed = change.removedUsers.filter((id) => id !== senderId);
  if (removed.length > 0) notices.push({ type: "removed", userIds: removed });
  return [...notices, ...deviceNotices(commit, context)];
}

function creationNotices(added: readonly string[]): StoredNotice[] {
  const created: StoredNotice = { type: "created" };
  return added.length === 0 ? [created] : [created, { type: "added", userIds: added }];
}

/** A device that replaces its own leaf was out of step; one that replaces nothing is new. */
function externalNotice({ change, senderId, deviceId }: Commit): StoredNotice {
  if (change.removedDevices.includes(deviceId)) return { type: "rejoined" };
  return { type: "devices-changed", userId: senderId, added: 1, removed: change.removedDevices.length };
}

/** Devices that came or went while their user stays: people who joined or left have a notice of their own. */
function deviceNotices({ change }: Commit, context: CommitContext): StoredNotice[] {
  const moved = new Set([...change.addedUsers, ...change.removedUsers]);
  const counts = new Map<string, { added: number; removed: number }>();
  const count = (deviceId: string, what: "added" | "removed"): void => {
    const userId = context.ownerOf(deviceId);
    if (userId === null || moved.has(userId)) return;
    const entry = counts.get(userId) ?? { added: 0, removed: 0 };
    entry[what] += 1;
    counts.set(userId, entry);
  };
  for (const id of change.addedDevices) count(id, "added");
  for (const id of change.removedDevices) count(id, "removed");
  return [...counts].map(([userId, entry]) => ({ type: "devices-changed", userId, ...entry }));
}
