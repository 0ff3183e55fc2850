import { fromBase64Url } from "@rempart/kernel";
import { type Input, restore } from "@rempart/messaging/client";
import type { Message, Role, ServerFrame, Welcome } from "@rempart/messaging/contract";
import type { ConversationView } from "../../client/api.ts";
import { CoreError } from "../errors.ts";
import { createSerial } from "../serial.ts";
import { keys, type MessageRecord, type OutboxRecord, withinConversation } from "../storage/records.ts";
import type { WantedChange } from "./commits.ts";
import type { ConversationDeps, ServerConversation } from "./deps.ts";
import { createEffects } from "./effects.ts";
import { createExecutor } from "./executor.ts";
import { countUnread } from "./open.ts";
import { hasReaders } from "./readers.ts";
import { withReceipt } from "./receipts.ts";
import { adoptServerView, readServerView } from "./server-view.ts";
import type { ConversationStore, RoomState } from "./store.ts";

type Content = OutboxRecord["content"];

/** One conversation at work. */
export interface Conversation {
  readonly store: ConversationStore;
  /** Takes over what the server's list says, and catches up from there. */
  sync(seen: ServerConversation): Promise<void>;
  /** To be called before `sync`: what is read before joining is lost. */
  join(welcome: Welcome, seen: ServerConversation): Promise<void>;
  receive(message: Message): void;
  /** The server's head, from a heartbeat: a lost hint is repaired. */
  heard(head: number): void;
  receipt(frame: Extract<ServerFrame, { t: "receipt" }>): void;
  answered(frame: Extract<ServerFrame, { t: "ack" | "nack" }>): void;
  disconnected(): void;
  removed(): Promise<void>;
  send(content: Content): Promise<void>;
  retry(messageId: string): Promise<void>;
  discard(messageId: string): Promise<void>;
  markRead(seq: number): Promise<void>;
  saveDraft(text: string): Promise<void>;
  /** Resolves when the commit was placed and adopted; rejects with why it was not. */
  change(wanted: WantedChange): Promise<void>;
  setRole(userId: string, role: Role): Promise<void>;
  leave(): Promise<void>;
  /** Places the first commit of a conversation that this device creates. */
  create(): Promise<void>;
  stop(): void;
}

interface Waiting {
  readonly wanted: WantedChange;
  resolve(): void;
  reject(error: unknown): void;
}

export function createConversation(deps: ConversationDeps, store: ConversationStore): Conversation {
  const changes = new Map<string, Waiting>();
  const creation = createSerial();

  const executor = createExecutor(deps, store, (effect) => effects.run(effect));
  const effects = createEffects({
    deps,
    store,
    submit: executor.submit,
    wanted: (id) => changes.get(id)?.wanted,
    done: (id) => settleChange(id, (waiting) => waiting.resolve()),
    failed: (id, code) => settleChange(id, (waiting) => waiting.reject(commandFailure(code))),
  });

  const settleChange = (id: string, settle: (waiting: Waiting) => void): void => {
    const waiting = changes.get(id);
    changes.delete(id);
    if (waiting !== undefined) settle(waiting);
  };

  /** Failures of work that nobody waits for: the account decides what they mean. */
  const inBackground = (work: Promise<unknown>): void => void work.catch(deps.failed);
  const submit = (...inputs: readonly Input[]): Promise<void> =>
    executor.submit(...inputs.map((input) => ({ input })));

  const markRead = async (seq: number): Promise<void> => {
    const { place, machine } = store.state();
    const upTo = Math.min(seq, machine.cursor);
    if (upTo <= place.readSeq) return;
    const unread = await unreadAfter(deps, store, upTo);
    await store.update((state) => ({
      place: { ...state.place, unread, readSeq: Math.max(state.place.readSeq, upTo) },
    }));
    reportMarks();
  };

  /** Marks that the server does not know yet, because the connection was away. */
  const reportMarks = (): void => {
    const { place, machine, roster } = store.state();
    const mine = roster.members.find((member) => member.userId === deps.myId);
    if (mine === undefined || !machine.active) return;
    const delivered = machine.cursor > mine.delivered ? machine.cursor : undefined;
    const read = place.readSeq > mine.read ? place.readSeq : undefined;
    if (delivered !== undefined || read !== undefined) deps.reportReceipt(store.id, { delivered, read });
  };

  return {
    store,
    async sync(listed) {
      const { epoch } = store.state().machine;
      // A list that was asked for before our own commit was placed looks like a server that went back: ask again.
      const seen = isBehind(listed, epoch) ? await readServerView(deps, store) : listed;
      if (isBehind(seen, epoch) || hasReturned(store.state(), seen)) await startAnew(deps, store, seen);
      await adoptServerView(deps, store, seen);
      await submit({ type: "head", seq: seen.head }, { type: "connected" }, ...nothingNew(store, seen));
      reportMarks();
    },
    async join(welcome, seen) {
      if (hasReturned(store.state(), seen)) await startAnew(deps, store, seen);
      const { machine, pending } = store.state();
      if (pending !== null || machine.epoch !== null || machine.job !== null) return;
      const joined = await deps.mls.join(store.id, fromBase64Url(welcome.body) ?? new Uint8Array());
      await executor.submit({
        input: { type: "joined", seq: welcome.seq, epoch: joined.group.epoch },
        product: {
          group: joined.group,
          joined: true,
          also: (batch) => joined.usedUp !== null && batch.delete("keyPackages", joined.usedUp),
        },
      });
      deps.mls.release([joined.consumed]);
    },
    receive(message) {
      // Before the conversation is joined and compared with the server, only that there is more counts.
      const isLive = store.state().machine.connected;
      inBackground(submit(isLive ? { type: "message", message } : { type: "head", seq: message.seq }));
    },
    heard: (seq) => inBackground(submit({ type: "head", seq })),
    receipt({ userId, delivered, read }) {
      store.adjustMembers((members) => withReceipt(members, userId, { delivered, read }));
      if (userId === deps.myId && read !== undefined) inBackground(markRead(read));
    },
    answered(frame) {
      inBackground(submit(...answerInputs(deps, store, frame)));
    },
    disconnected() {
      inBackground(submit({ type: "disconnected" }));
      for (const [id] of changes) settleChange(id, (waiting) => waiting.reject(commandFailure("offline")));
    },
    removed: () => submit({ type: "removed" }),
    async send(content) {
      if (!store.state().machine.active) throw new CoreError("not-a-member", "Not a member any more");
      const createdAt = deps.ports.clock.now();
      const record: OutboxRecord = { id: deps.newId(), conversationId: store.id, content, createdAt };
      await executor.submit({ input: { type: "send", id: record.id }, product: { outbox: record } });
    },
    retry: (id) => submit({ type: "retry", id }),
    async discard(id) {
      await submit({ type: "discard", id });
      await store.update(({ machine, outbox }) => ({
        outbox: outbox.filter((record) => machine.outbox.some((entry) => entry.id === record.id)),
      }));
    },
    markRead,
    saveDraft: (draft) => store.update(({ place }) => ({ place: { ...place, draft } })),
    async change(wanted) {
      if (!deps.online()) throw commandFailure("offline");
      const id = deps.newId();
      const settled = new Promise<void>((resolve, reject) => changes.set(id, { wanted, resolve, reject }));
      await submit({ type: "change", id });
      await settled;
    },
    async setRole(userId, role) {
      await deps.rest.call("setRole", { params: { conversationId: store.id, userId }, body: { role } });
      await readServerView(deps, store);
    },
    async leave() {
      await deps.rest.call("leave", { params: { conversationId: store.id } });
      await submit({ type: "removed" });
    },
    create: () => creation(() => placeCreation(deps, store, submit)),
    stop() {
      effects.stop();
      for (const [id] of changes) settleChange(id, (waiting) => waiting.reject(commandFailure("closed")));
    },
  };
}

/** What the list and the conversation's head show of the machine. */
export function syncOf(
  deps: Pick<ConversationDeps, "mls" | "myId">,
  state: RoomState,
): ConversationView["sync"] {
  const { machine, place, pending } = state;
  if (!machine.active || pending?.creates) return "ready";
  if (machine.epoch === null) return place.joined ? "recovering" : "joining";
  if (machine.head - machine.cursor > SHOWN_GAP) return "catching-up";
  return hasReaders(deps, state) ? "ready" : "waiting";
}

/** A gap of a few messages is gone before anybody could read that it is being fetched. */
const SHOWN_GAP = 20;

/** The list has just said that there is nothing to fetch: the machine need not ask again for each conversation. */
function nothingNew(store: ConversationStore, { head }: ServerConversation): Input[] {
  const { cursor } = store.state().machine;
  return head === cursor ? [{ type: "page", after: cursor, messages: [], head, reset: false }] : [];
}

function commandFailure(code: string): CoreError {
  return new CoreError(code as CoreError["code"], `The change was not made: ${code}`);
}

/** The sending device is not sent its own messages: their place comes with the acknowledgement. */
function answerInputs(
  deps: ConversationDeps,
  store: ConversationStore,
  frame: Extract<ServerFrame, { t: "ack" | "nack" }>,
): Input[] {
  if (frame.t === "nack") {
    const { id, code, retryAfter } = frame;
    const retryAt = retryAfter === undefined ? undefined : deps.ports.clock.now() + retryAfter * 1000;
    return [{ type: "nack", id, code, ...(retryAt !== undefined && { retryAt }) }];
  }
  const { id, seq, sentAt } = frame;
  const sender = { senderId: deps.myId, deviceId: deps.myDeviceId };
  const placed = { id, conversationId: store.id, seq, sentAt, epoch: 0, body: "" };
  return [
    { type: "message", message: { kind: "application", ...placed, ...sender } },
    { type: "ack", id, seq },
  ];
}

/** The server was restored to before this epoch: the group that is held cannot be continued. */
function isBehind(seen: ServerConversation, epoch: number | null): boolean {
  return epoch !== null && epoch > seen.epoch;
}

/** The user left or was removed, and is a member again. */
function hasReturned({ machine }: Pick<RoomState, "machine">, seen: ServerConversation): boolean {
  return !machine.active || seen.joinedSeq > machine.cursor;
}

/**
 * The device joins again by itself, from the head on: what lies between was not meant for it, or is not there any more.
 * What was written here and not sent yet stays.
 */
function startAnew(
  deps: ConversationDeps,
  store: ConversationStore,
  seen: ServerConversation,
): Promise<void> {
  return store.update(({ machine, place }) => {
    const returns = hasReturned({ machine }, seen);
    const outbox = machine.outbox.map((entry) => (entry.seq === null ? { ...entry, sealed: null } : entry));
    const fresh = { ...machine, outbox, epoch: null, commit: null, changes: [], active: true };
    const cursor = returns ? Math.max(machine.cursor, seen.joinedSeq) : machine.cursor;
    return {
      group: null,
      pending: null,
      machine: restore({ ...fresh, cursor }, deps.myDeviceId),
      place: returns ? { ...place, joined: false } : place,
    };
  });
}

async function placeCreation(
  deps: ConversationDeps,
  store: ConversationStore,
  submit: (...inputs: readonly Input[]) => Promise<void>,
): Promise<void> {
  const { pending } = store.state();
  if (!pending?.creates) return;
  const body = { id: store.id, ...pending.creates, first: pending.body };
  const { conversation } = await deps.rest.call("createConversation", { body });
  await store.update(() => ({ pending: { ...pending, creates: null } }));
  await adoptServerView(deps, store, conversation);
  const placed: Input = { type: "placed", id: pending.id, seq: FIRST_SEQ };
  await submit(placed, { type: "head", seq: conversation.head }, { type: "connected" });
}

/** A conversation begins with the commit that creates it. */
const FIRST_SEQ = 1;

/** Counted from the history, which is rare: usually everything up to the head is read. */
async function unreadAfter(deps: ConversationDeps, store: ConversationStore, seq: number): Promise<number> {
  const { cursor } = store.state().machine;
  if (seq >= cursor) return 0;
  const from = keys.message(store.id, seq + 1);
  const { to } = withinConversation(store.id);
  const found = await deps.vault.range("messages", { from, to, limit: cursor - seq });
  const records = found.flatMap(({ value }): MessageRecord[] => (value === null ? [] : [value]));
  return countUnread(records, seq, deps.myId);
}
