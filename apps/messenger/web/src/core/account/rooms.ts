import type { ConversationView, Person, Timeline } from "../../client/api.ts";
import { type Conversation, createConversation } from "../conversation/conversation.ts";
import type { ConversationDeps, ServerConversation } from "../conversation/deps.ts";
import {
  type Change,
  type ConversationState,
  type ConversationStore,
  createConversationStore,
  readGroup,
} from "../conversation/store.ts";
import {
  everything,
  keys,
  type OutboxRecord,
  type PlaceRecord,
  type RosterRecord,
} from "../storage/records.ts";
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
  /** The conversation at work; for one not seen before, its record is made first. */
  open(seen: ServerConversation): Promise<Conversation>;
  /** A conversation that only this device knows of so far. */
  add(state: ConversationState): Promise<Conversation>;
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
  sync: ConversationView["sync"];
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
    members: store.state().roster.members,
    person,
    online: context.online,
  });

  const showList = (): void => {
    stale = false;
    if (stopped) return;
    const views = [...rooms.values()].map((room) => {
      const store = room.conversation.store;
      const passing = { sync: room.sync, typing: context.typing(store.id) };
      room.view ??= conversationView(store.state().place, passing, viewContext(store));
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
    if (change.messages && change.messages.length > 0) room.window.append(change.messages);
    else if (change.roster || change.outbox) room.window.render();
  };

  const put = (state: ConversationState): Conversation => {
    const store = createConversationStore(deps.vault, deps.mls, state, { changed });
    const conversation = createConversation(deps, store, {
      sync(sync) {
        if (room.sync === sync) return;
        room.sync = sync;
        touchRoom(room);
      },
      sending: () => room.window.render(),
    });
    const window = createTimelineWindow(deps.vault, store.id, {
      context: () => viewContext(store),
      outbox: () =>
        store.state().outbox.map((record) => ({ record, inFlight: conversation.inFlight() === record.id })),
      show: (timeline) => wanted.has(store.id) && !stopped && events.timeline(store.id, timeline),
    });
    const room: Room = { conversation, window, sync: "ready", view: null };
    rooms.set(store.id, room);
    touchRoom(room);
    if (wanted.has(store.id)) load(window);
    return conversation;
  };

  const load = (window: TimelineWindow): void => {
    window.load().catch((error: unknown) => deps.failed(error));
  };

  const add = async (state: ConversationState): Promise<Conversation> => {
    const { place, roster, pending } = state;
    const batch = new Batch()
      .put("conversations", place.id, place)
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
    open: async (seen) => rooms.get(seen.id)?.conversation ?? (await add(firstState(seen))),
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

function firstState(seen: ServerConversation): ConversationState {
  const { id, kind, suite, createdAt, lastMessageAt, joinedSeq, members, devices, orphans } = seen;
  return {
    place: {
      id,
      kind,
      suite,
      createdAt,
      lastActivityAt: lastMessageAt,
      active: true,
      title: null,
      draft: "",
      cursor: joinedSeq,
      historyStart: joinedSeq,
      readSeq: joinedSeq,
      unread: 0,
      preview: null,
    },
    roster: { members, devices, orphans },
    group: null,
    pending: null,
    outbox: [],
  };
}

/** A conversation whose record does not open is read from the server again. */
async function readAll(deps: ConversationDeps): Promise<ConversationState[]> {
  const records = await deps.vault.range("conversations", everything(MOST_RECORDS));
  const rosters = new Map(records.map(({ key, value }) => [key, value as RosterRecord | null]));
  const outbox = await deps.vault.range("outbox", everything(MOST_RECORDS));
  const states: ConversationState[] = [];
  for (const { key, value } of records) {
    if (value === null || !("cursor" in value)) continue;
    const place: PlaceRecord = value;
    states.push({
      place,
      roster: rosters.get(keys.roster(key)) ?? { members: [], devices: [], orphans: [] },
      ...(await readGroup(deps.vault, deps.mls, key, deps.ports.report)),
      outbox: outbox.flatMap((entry): OutboxRecord[] =>
        entry.value?.conversationId === key ? [entry.value] : [],
      ),
    });
  }
  return states;
}
