import { restore } from "@rempart/messaging/client";
import type { ConversationView, Person, Timeline } from "../../client/api.ts";
import { type Conversation, createConversation, syncOf } from "../conversation/conversation.ts";
import type { ConversationDeps, ServerConversation } from "../conversation/deps.ts";
import {
  type Change,
  type ConversationStore,
  createConversationStore,
  type RoomState,
  readGroup,
  restored,
  saved,
} from "../conversation/store.ts";
import { everything, keys, type OutboxRecord, type RosterRecord } from "../storage/records.ts";
import { Batch } from "../storage/vault.ts";
import { type ConversationContext, conversationView } from "../views/conversation-view.ts";
import type { ViewContext } from "../views/items.ts";
import { createTimelineWindow, type TimelineWindow } from "../views/window.ts";

export interface RoomsEvents {
  /** The list as it is now: the latest activity first. */
  list(conversations: readonly ConversationView[]): void;
  timeline(conversationId: string, timeline: Timeline): void;
}

export interface RoomsContext {
  online(userId: string): boolean;
  typing(conversationId: string): readonly string[];
}

/** All conversations of the account, at work and as they are shown. */
export interface Rooms {
  get(conversationId: string): Conversation | undefined;
  all(): readonly Conversation[];
  /**
   * The conversation at work; for one not seen before, its record is made first. Its history starts after `from`: where
   * the user joined, or the head when this device joins by itself later.
   */
  open(seen: ServerConversation, from: number): Promise<Conversation>;
  /** A conversation that only this device knows of so far. */
  add(state: RoomState): Promise<Conversation>;
  /** Forgets a conversation that never came to be. */
  drop(conversationId: string): Promise<void>;
  /** Shows it again: something beside its records changed. */
  touch(conversationId: string): void;
  touchAll(): void;
  window(conversationId: string): TimelineWindow | undefined;
  /** Loads the newest page of a conversation that is looked at. */
  watch(conversationId: string): void;
  stop(): void;
}

interface Room {
  readonly conversation: Conversation;
  readonly window: TimelineWindow;
  view: ConversationView | null;
}

const MOST_RECORDS = 1_000_000;

export async function openRooms(
  deps: ConversationDeps,
  context: RoomsContext,
  events: RoomsEvents,
): Promise<Rooms> {
  const rooms = new Map<string, Room>();
  const wanted = new Set<string>();
  let stale = false;
  let stopped = false;

  const person = (id: string): Person => deps.directory.person(id);
  const viewContext = (store: ConversationStore): ConversationContext & ViewContext => ({
    myId: deps.myId,
    // Of few items: the group's leaves are looked through for it.
    get waits() {
      return syncOf(deps, store.state()) === "waiting";
    },
    members: store.state().roster.members,
    person,
    online: context.online,
  });

  const showList = (): void => {
    stale = false;
    if (stopped) return;
    const views = [...rooms.values()].map((room) => {
      const store = room.conversation.store;
      const state = store.state();
      const passing = {
        active: state.machine.active,
        sync: syncOf(deps, state),
        typing: context.typing(store.id),
      };
      room.view ??= conversationView(state.place, passing, viewContext(store));
      return room.view;
    });
    events.list(views.sort((a, b) => b.lastActivityAt - a.lastActivityAt));
  };

  /** The list is built once for all changes of a turn. */
  const touchRoom = (room: Room): void => {
    room.view = null;
    if (stale) return;
    stale = true;
    queueMicrotask(showList);
  };

  const changed = (store: ConversationStore, change: Change): void => {
    const room = rooms.get(store.id);
    if (room === undefined) return;
    touchRoom(room);
    if (!wanted.has(store.id)) return;
    if (change.messages && change.messages.length > 0) room.window.append(change.messages);
    else if (change.roster || change.outbox || change.machine) room.window.render();
  };

  const put = (state: RoomState): Conversation => {
    const store = createConversationStore(deps.vault, deps.mls, state, { changed });
    const conversation = createConversation(deps, store);
    const window = createTimelineWindow(deps.vault, store.id, {
      context: () => viewContext(store),
      waiting: store.state,
      show: (timeline) => wanted.has(store.id) && !stopped && events.timeline(store.id, timeline),
    });
    const room: Room = { conversation, window, view: null };
    rooms.set(store.id, room);
    touchRoom(room);
    if (wanted.has(store.id)) load(window);
    return conversation;
  };

  const load = (window: TimelineWindow): void => {
    window.load().catch((error: unknown) => deps.failed(error));
  };

  const add = async (state: RoomState): Promise<Conversation> => {
    const { place, machine, roster, pending } = state;
    const batch = new Batch()
      .put("conversations", place.id, { ...place, machine: saved(machine) })
      .put("conversations", keys.roster(place.id), roster);
    if (pending !== null) batch.put("groups", keys.pendingCommit(place.id), pending);
    await deps.vault.commit(batch);
    return put(state);
  };

  for (const state of await readAll(deps)) put(state);
  showList();

  return {
    get: (id) => rooms.get(id)?.conversation,
    all: () => [...rooms.values()].map(({ conversation }) => conversation),
    open: async (seen, from) =>
      rooms.get(seen.id)?.conversation ?? (await add(newRoom(deps, seen, from, seen.lastMessageAt))),
    add,
    async drop(id) {
      rooms.get(id)?.conversation.stop();
      rooms.delete(id);
      const batch = new Batch().delete("conversations", id).delete("conversations", keys.roster(id));
      await deps.vault.commit(batch.delete("groups", keys.pendingCommit(id)).delete("groups", id));
      showList();
    },
    touch(id) {
      const room = rooms.get(id);
      if (room !== undefined) touchRoom(room);
    },
    touchAll() {
      for (const room of rooms.values()) touchRoom(room);
    },
    window: (id) => rooms.get(id)?.window,
    watch(id) {
      wanted.add(id);
      const room = rooms.get(id);
      if (room !== undefined) load(room.window);
    },
    stop() {
      stopped = true;
      for (const { conversation } of rooms.values()) conversation.stop();
    },
  };
}

/** A conversation this device has not read anything of. */
export function newRoom(
  deps: Pick<ConversationDeps, "myDeviceId">,
  { id, kind, suite, createdAt, members, devices, orphans }: NewRoom,
  cursor: number,
  lastActivityAt: number,
): RoomState {
  const machine = restore(
    {
      conversationId: id,
      cursor,
      epoch: null,
      active: true,
      outbox: [],
      commit: null,
      changes: [],
      removalsPending: false,
    },
    deps.myDeviceId,
  );
  return {
    place: {
      id,
      kind,
      suite,
      createdAt,
      lastActivityAt,
      title: null,
      draft: "",
      joined: false,
      readSeq: cursor,
      unread: 0,
      preview: null,
    },
    machine,
    roster: { members, devices, orphans },
    group: null,
    pending: null,
    outbox: [],
  };
}

type NewRoom = Pick<
  ServerConversation,
  "id" | "kind" | "suite" | "createdAt" | "members" | "devices" | "orphans"
>;

/** A conversation whose record does not open is read from the server again. */
async function readAll(deps: ConversationDeps): Promise<RoomState[]> {
  const records = await deps.vault.range("conversations", everything(MOST_RECORDS));
  const rosters = new Map(records.map(({ key, value }) => [key, value as RosterRecord | null]));
  const outbox = await deps.vault.range("outbox", everything(MOST_RECORDS));
  const states: RoomState[] = [];
  for (const { key, value } of records) {
    if (value === null || !("machine" in value)) continue;
    const { place, machine } = restored(value, deps.myDeviceId);
    const { group, pending } = await readGroup(deps.vault, deps.mls, key, deps.ports.report);
    states.push({
      place,
      machine: group === null ? { ...machine, epoch: null } : machine,
      roster: rosters.get(keys.roster(key)) ?? { members: [], devices: [], orphans: [] },
      group,
      pending,
      outbox: outbox.flatMap((entry): OutboxRecord[] =>
        entry.value?.conversationId === key ? [entry.value] : [],
      ),
    });
  }
  return states;
}
