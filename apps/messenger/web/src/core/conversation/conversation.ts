import type { Role, ServerFrame, Welcome } from "@rempart/messaging/contract";
import type { ConversationView } from "../../client/api.ts";
import { CoreError } from "../errors.ts";
import { createSerial } from "../serial.ts";
import { keys, type MessageRecord, type OutboxRecord, withinConversation } from "../storage/records.ts";
import { readIncoming } from "./catch-up.ts";
import { changeGroup, settle } from "./change.ts";
import type { WantedChange } from "./commits.ts";
import type { ConversationDeps, ServerConversation } from "./deps.ts";
import { joinByWelcome, rejoin } from "./join.ts";
import { withReceipt } from "./receipts.ts";
import { createSender } from "./sender.ts";
import { adoptServerView, refresh, type Stage } from "./stage.ts";
import type { ConversationStore } from "./store.ts";
import { countUnread, type Incoming } from "./stream.ts";

type Content = OutboxRecord["content"];

/** One conversation at work: everything that moves its group runs one at a time, in the order it was asked for. */
export interface Conversation {
  readonly store: ConversationStore;
  /** Brings this device into the group and up to the head; `seen` is what the server's list says. */
  sync(seen: ServerConversation): Promise<void>;
  /** The server said that something changed: the roster is read again, and what it implies is done. */
  refresh(): Promise<void>;
  join(welcome: Welcome): Promise<void>;
  /** A message frame, or the acknowledgement of an own message. */
  receive(message: Incoming): void;
  /** The server's head, from a heartbeat: a lost hint is repaired. */
  heard(head: number): void;
  receipt(frame: Extract<ServerFrame, { t: "receipt" }>): void;
  answered(frame: Extract<ServerFrame, { t: "ack" | "nack" }>): void;
  online(): void;
  offline(): void;
  removed(): Promise<void>;
  send(content: Content): Promise<void>;
  retry(messageId: string): Promise<void>;
  discard(messageId: string): Promise<void>;
  markRead(seq: number): Promise<void>;
  saveDraft(text: string): Promise<void>;
  change(wanted: WantedChange): Promise<void>;
  setRole(userId: string, role: Role): Promise<void>;
  leave(): Promise<void>;
  /** Places a first commit that was saved. */
  create(): Promise<void>;
  inFlight(): string | null;
  stop(): void;
}

export interface ConversationEvents {
  sync(state: ConversationView["sync"]): void;
  /** What is on its way to the server changed. */
  sending(): void;
}

export function createConversation(
  deps: ConversationDeps,
  store: ConversationStore,
  events: ConversationEvents,
): Conversation {
  const queue = createSerial();
  const stage: Stage = { deps, store, showSync: events.sync };
  const sender = createSender(stage, queue, {
    placed: ({ id, placed }) => placed && receive({ kind: "own", id, seq: placed.seq, sentAt: placed.at }),
    changed: events.sending,
  });
  let inbox: Incoming[] = [];
  let draining = false;

  /** Failures of work that nobody waits for: the next connection or heartbeat repairs it. */
  const inBackground = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => deps.failed(error));
  };

  const drain = async (): Promise<void> => {
    const messages = inbox;
    inbox = [];
    draining = false;
    if (!store.state().place.active) return;
    const { stop, rosterMoved } = await readIncoming(
      stage,
      messages.sort((a, b) => a.seq - b.seq),
    );
    if (stop === "gap" || stop === "out-of-step") await settleAll();
    else if (rosterMoved && stop !== "removed") await refresh(stage);
    reportDelivered();
    sender.pump();
  };

  const receive = (message: Incoming): void => {
    inbox.push(message);
    if (draining) return;
    draining = true;
    inBackground(queue(drain));
  };

  /** Reads up to the head, joining first when this device is not in the group. */
  const settleAll = async (): Promise<void> => {
    await settle(stage);
    if (store.state().group !== null || !store.state().place.active) return;
    await rejoin(stage);
    await settle(stage);
  };

  const reportDelivered = (): void => {
    const { place, roster } = store.state();
    const mine = roster.members.find((member) => member.userId === deps.myId);
    if (mine === undefined || !place.active) return;
    const delivered = place.cursor > mine.delivered ? place.cursor : undefined;
    const read = place.readSeq > mine.read ? place.readSeq : undefined;
    if (delivered !== undefined || read !== undefined) deps.reportReceipt(store.id, { delivered, read });
  };

  const markRead = async (seq: number): Promise<void> => {
    const { place } = store.state();
    const upTo = Math.min(seq, place.cursor);
    if (upTo <= place.readSeq) return;
    const unread = await unreadAfter(deps, store, upTo);
    await store.update((state) => ({
      place: { ...state.place, unread, readSeq: Math.max(state.place.readSeq, upTo) },
    }));
    reportDelivered();
  };

  const afterSync = (): void => {
    reportDelivered();
    sender.pump();
  };

  return {
    store,
    sync: (seen) =>
      queue(async () => {
        await adoptServerView(stage, seen);
        const { group, pending, place } = store.state();
        const behind = seen.head !== place.cursor || pending !== null || group === null;
        if (behind || group?.epoch !== seen.epoch) await settleAll();
        afterSync();
      }),
    refresh: () =>
      queue(async () => {
        const seen = await refresh(stage);
        const { group, pending, place } = store.state();
        if (group === null || pending !== null || seen.head > place.cursor) await settleAll();
        afterSync();
      }),
    join: (welcome) =>
      queue(async () => {
        if (!store.state().pending?.creates) await joinByWelcome(stage, welcome);
        await settleAll();
        afterSync();
      }),
    receive,
    heard(head) {
      if (head > store.state().place.cursor) inBackground(queue(settleAll).then(afterSync));
    },
    receipt: ({ userId, delivered, read }) => {
      store.adjustMembers((members) => withReceipt(members, userId, { delivered, read }));
      if (userId === deps.myId && read !== undefined) inBackground(markRead(read));
    },
    answered: sender.answered,
    online: sender.pump,
    offline: sender.disconnected,
    removed: () =>
      queue(() =>
        store.update(({ place }) => ({ group: null, pending: null, place: { ...place, active: false } })),
      ),
    async send(content) {
      const record: OutboxRecord = {
        id: deps.newId(),
        conversationId: store.id,
        content,
        createdAt: deps.ports.clock.now(),
        sealed: null,
        placed: null,
        failure: null,
      };
      if (!store.state().place.active) throw new CoreError("not-a-member", "Not a member any more");
      await store.update(({ outbox, place }) => ({
        outbox: [...outbox, record],
        place: { ...place, lastActivityAt: record.createdAt },
      }));
      sender.pump();
    },
    async retry(messageId) {
      await store.update(({ outbox }) => ({
        outbox: outbox.map((record) => (record.id === messageId ? { ...record, failure: null } : record)),
      }));
      sender.pump();
    },
    discard: (messageId) =>
      store.update(({ outbox }) => ({
        outbox: outbox.filter(({ id, failure }) => id !== messageId || failure === null),
      })),
    markRead,
    saveDraft: (draft) => store.update(({ place }) => ({ place: { ...place, draft } })),
    change: (wanted) => queue(() => changeGroup(stage, wanted)),
    async setRole(userId, role) {
      await deps.rest.call("setRole", { params: { conversationId: store.id, userId }, body: { role } });
      await queue(() => refresh(stage));
    },
    async leave() {
      await deps.rest.call("leave", { params: { conversationId: store.id } });
      await store.update(({ place }) => ({
        group: null,
        pending: null,
        place: { ...place, active: false, draft: "" },
      }));
    },
    create: () =>
      queue(async () => {
        await settle(stage);
        await refresh(stage);
        afterSync();
      }),
    inFlight: sender.inFlight,
    stop: sender.stop,
  };
}

/** Counted from the history, which is rare: usually everything up to the head is read. */
async function unreadAfter(deps: ConversationDeps, store: ConversationStore, seq: number): Promise<number> {
  const { cursor } = store.state().place;
  if (seq >= cursor) return 0;
  const from = keys.message(store.id, seq + 1);
  const { to } = withinConversation(store.id);
  const found = await deps.vault.range("messages", { from, to, limit: cursor - seq });
  const records = found.flatMap(({ value }): MessageRecord[] => (value === null ? [] : [value]));
  return countUnread(records, seq, deps.myId);
}
