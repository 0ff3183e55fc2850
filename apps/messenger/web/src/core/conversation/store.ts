import { fromBase64Url } from "@rempart/kernel";
import { durable, type ConversationState as Machine, restore } from "@rempart/messaging/client";
import { CoreError } from "../errors.ts";
import type { Group, Mls } from "../mls/mls.ts";
import { createSerial } from "../serial.ts";
import {
  keys,
  type MessageRecord,
  type OutboxRecord,
  type PendingCommitRecord,
  type PlaceRecord,
  type RosterRecord,
  withinConversation,
} from "../storage/records.ts";
import { Batch, type Vault } from "../storage/vault.ts";

/** What the list and the timeline show of a conversation's place. The machine's part is saved beside it. */
export type Place = Omit<PlaceRecord, "machine">;

export interface RoomState {
  readonly place: Place;
  readonly machine: Machine;
  readonly roster: RosterRecord;
  /** Null: this device is not in the group, or fell out of it. */
  readonly group: Group | null;
  readonly pending: PendingCommitRecord | null;
  /** Contents of the machine's outbox entries, in the order they were written. */
  readonly outbox: readonly OutboxRecord[];
}

export interface Change extends Partial<RoomState> {
  /** New or replaced records of the history, in order. */
  readonly messages?: readonly MessageRecord[];
  /** History after this position is erased first. */
  readonly eraseAfter?: number;
}

/**
 * One conversation's state: what is in memory is what is on disk. An update becomes durable in one transaction, and only
 * then visible; whoever awaited it may act on it.
 */
export interface ConversationStore {
  readonly id: string;
  state(): RoomState;
  /**
   * Updates of one conversation run one after the other; `change` sees the outcome of the one before. `also` joins the
   * same transaction.
   */
  update(change: (state: RoomState) => Change, also?: (batch: Batch) => void): Promise<void>;
  /** Moves members' marks in memory alone: the server remembers receipts, and tells them again at the next start. */
  adjustMembers(change: (members: RosterRecord["members"]) => RosterRecord["members"]): void;
}

export interface StoreEvents {
  changed(store: ConversationStore, change: Change): void;
}

export function createConversationStore(
  vault: Vault,
  mls: Mls,
  initial: RoomState,
  events: StoreEvents,
): ConversationStore {
  const id = initial.place.id;
  const serial = createSerial();
  let state = initial;
  const store: ConversationStore = {
    id,
    state: () => state,
    update: (change, also) =>
      serial(async () => {
        const changes = change(state);
        const batch = batchOf(mls, state, changes);
        also?.(batch);
        if (batch.changes.length > 0) await vault.commit(batch);
        const { messages: _messages, eraseAfter: _eraseAfter, ...next } = changes;
        state = { ...state, ...next };
        events.changed(store, changes);
      }),
    adjustMembers(change) {
      const members = change(state.roster.members);
      if (members === state.roster.members) return;
      const roster = { ...state.roster, members };
      state = { ...state, roster };
      events.changed(store, { roster });
    },
  };
  return store;
}

function batchOf(mls: Mls, before: RoomState, change: Change): Batch {
  const id = before.place.id;
  const batch = new Batch();
  const { place = before.place, machine = before.machine } = change;
  if (place !== before.place || savedDiffers(machine, before.machine))
    batch.put("conversations", id, { ...place, machine: saved(machine) });
  if (change.roster && change.roster !== before.roster)
    batch.put("conversations", keys.roster(id), change.roster);
  if (change.group && change.group !== before.group) batch.put("groups", id, mls.save(change.group));
  if (change.group === null && before.group !== null) batch.delete("groups", id);
  if (change.pending) batch.put("groups", keys.pendingCommit(id), change.pending);
  if (change.pending === null && before.pending !== null) batch.delete("groups", keys.pendingCommit(id));
  if (change.outbox) putOutbox(batch, before.outbox, change.outbox);
  if (change.eraseAfter !== undefined)
    batch.deleteRange("messages", keys.message(id, change.eraseAfter + 1), withinConversation(id).to);
  for (const record of change.messages ?? []) batch.put("messages", keys.message(id, record.seq), record);
  return batch;
}

/** Requested changes are not saved: who asked for them is told, and a commit that was built is saved by itself. */
export function saved(machine: Machine): PlaceRecord["machine"] {
  return { ...durable(machine), changes: [] };
}

export function restored(record: PlaceRecord, deviceId: string): Pick<RoomState, "place" | "machine"> {
  const { machine, ...place } = record;
  return { place, machine: restore(machine, deviceId) };
}

/** The machine keeps the parts that did not change, so identity tells. */
function savedDiffers(a: Machine, b: Machine): boolean {
  return (
    a.cursor !== b.cursor ||
    a.epoch !== b.epoch ||
    a.active !== b.active ||
    a.outbox !== b.outbox ||
    a.commit !== b.commit ||
    a.removalsPending !== b.removalsPending
  );
}

function putOutbox(batch: Batch, before: readonly OutboxRecord[], after: readonly OutboxRecord[]): void {
  const kept = new Set(after.map((record) => record.id));
  for (const record of before)
    if (!kept.has(record.id)) batch.delete("outbox", keys.outbox(record.conversationId, record.id));
  for (const record of after)
    if (!before.includes(record)) batch.put("outbox", keys.outbox(record.conversationId, record.id), record);
}

/** A record that does not open is left out, and said: the device rejoins the group, and the history shows the loss. */
export async function readGroup(
  vault: Vault,
  mls: Mls,
  conversationId: string,
  report: (event: string, error?: unknown) => void,
): Promise<Pick<RoomState, "group" | "pending">> {
  const read = async <T>(key: string, open: (value: unknown) => T): Promise<T | null> => {
    try {
      const value = await vault.get("groups", key);
      return value === undefined ? null : open(value);
    } catch (error) {
      report("group-unreadable", error);
      return null;
    }
  };
  return {
    group: await read(conversationId, (value) => mls.load(asBytes(value))),
    pending: await read(keys.pendingCommit(conversationId), (value) => value as PendingCommitRecord),
  };
}

function asBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof Uint8Array) return value as Uint8Array<ArrayBuffer>;
  throw new CoreError("unreadable", "A group's state is not bytes");
}

/** The group as it is after our commit was placed. */
export function groupAfter(mls: Mls, pending: PendingCommitRecord): Group {
  const bytes = fromBase64Url(pending.next);
  if (bytes === null) throw new CoreError("unreadable", "A saved commit is not base64url");
  return mls.load(bytes);
}
