import type { Welcome } from "@rempart/messaging/contract";
import type { Conversation } from "../conversation/conversation.ts";
import type { ConversationDeps, ServerConversation } from "../conversation/deps.ts";
import { failsWith, isTransient } from "../errors.ts";
import { backoff } from "../net/backoff.ts";
import { createSerial } from "../serial.ts";
import { keys } from "../storage/records.ts";
import { Batch } from "../storage/vault.ts";
import type { Rooms } from "./rooms.ts";

/** Conversations brought up to date at the same time. */
const CONCURRENT = 4;

/** Keeps the account's conversations in step with the server. */
export interface Sync {
  /** A connection is ready: everything is compared and brought up to date. */
  started(incarnation: number): void;
  /** Something is new in this conversation, or it is new itself. */
  discover(conversationId: string): void;
  /** Reads the list and the welcomes now. */
  now(): Promise<void>;
  /** Something went wrong on the way: everything is compared again after a while. */
  again(): void;
  stop(): void;
}

export interface SyncParts {
  readonly deps: ConversationDeps;
  readonly rooms: Rooms;
  failed(error: unknown): void;
  /** Welcomes were taken, each with a key package. */
  welcomed(): void;
}

export function createSync({ deps, rooms, failed, welcomed }: SyncParts): Sync {
  const serial = createSerial();
  let stopped = false;
  let attempt = 0;
  let cancelRetry: (() => void) | null = null;

  const synchronise = async (): Promise<void> => {
    const listed = await listConversations(deps);
    const known = new Map(listed.map((seen) => [seen.id, seen]));
    await takeWelcomes();
    await placeCreations();
    await each(listed, bringUpToDate);
    for (const room of rooms.all())
      if (room.store.state().machine.active && !known.has(room.store.id)) await gone(room);
    attempt = 0;
  };

  /** One conversation that cannot be brought up to date does not hold up the others. */
  const bringUpToDate = async (seen: ServerConversation): Promise<void> => {
    try {
      await (await rooms.open(seen, seen.head)).sync(seen);
    } catch (error) {
      if (failsWith(error, "fenced", "storage-full", "closed", "offline", "timeout")) throw error;
      failed(error);
    }
  };

  /** Not in the list: this user left or was removed meanwhile, unless the list is older than the conversation. */
  const gone = async (room: Conversation): Promise<void> => {
    if (room.store.state().pending?.creates) return;
    try {
      const params = { conversationId: room.store.id };
      await room.sync((await deps.rest.call("conversation", { params })).conversation);
    } catch (error) {
      if (!failsWith(error, "unknown-conversation", "not-a-member")) throw error;
      await room.removed();
    }
  };

  /** Conversations that were being created when this device stopped. */
  const placeCreations = async (): Promise<void> => {
    for (const room of rooms.all()) {
      const { id } = room.store;
      if (!room.store.state().pending?.creates) continue;
      try {
        await room.create();
      } catch (error) {
        if (isTransient(error)) throw error;
        deps.ports.report("creation-refused", error);
        await rooms.drop(id);
      }
    }
  };

  const takeWelcomes = async (): Promise<void> => {
    const params = { deviceId: deps.myDeviceId };
    for (let taken = 0; ; taken += 1) {
      const { welcomes } = await deps.rest.call("welcomes", { params });
      if (welcomes.length === 0) {
        if (taken > 0) welcomed();
        return;
      }
      for (const welcome of welcomes) {
        await take(welcome);
        await deps.rest.call("acknowledgeWelcome", { params: { ...params, welcomeId: welcome.id } });
      }
    }
  };

  /** A welcome that cannot be used is forgotten all the same: the device then joins by itself. */
  const take = async (welcome: Welcome): Promise<void> => {
    try {
      const params = { conversationId: welcome.conversationId };
      const { conversation } = await deps.rest.call("conversation", { params });
      const room = await rooms.open(conversation, conversation.joinedSeq);
      await room.join(welcome, conversation);
      await room.sync(conversation);
    } catch (error) {
      if (!failsWith(error, "unknown-conversation", "not-a-member", "crypto-failed")) throw error;
      deps.ports.report("welcome-unusable", error);
    }
  };

  const visit = async (conversationId: string): Promise<void> => {
    const room = rooms.get(conversationId);
    if (room?.store.state().pending?.creates) return;
    if (room === undefined || room.store.state().group === null) await takeWelcomes();
    try {
      const { conversation } = await deps.rest.call("conversation", { params: { conversationId } });
      await (await rooms.open(conversation, conversation.head)).sync(conversation);
    } catch (error) {
      if (!failsWith(error, "unknown-conversation", "not-a-member")) throw error;
      await rooms.get(conversationId)?.removed();
    }
  };

  /** Several things that happen at once are one visit. */
  const toVisit = new Set<string>();
  const discover = (id: string): void => {
    if (toVisit.has(id)) return;
    toVisit.add(id);
    run(() => {
      toVisit.delete(id);
      return visit(id);
    }).catch(failed);
  };

  const run = (work: () => Promise<void>): Promise<void> =>
    serial(async () => {
      if (!stopped) await work();
    });

  return {
    started(incarnation) {
      run(async () => {
        await noteIncarnation(deps, incarnation);
        await synchronise();
      }).catch(failed);
    },
    discover,
    now: () => run(synchronise),
    again() {
      if (stopped || cancelRetry !== null) return;
      cancelRetry = deps.ports.timers.after(backoff(attempt, deps.ports.random), () => {
        cancelRetry = null;
        if (deps.online()) run(synchronise).catch(failed);
      });
      attempt += 1;
    },
    stop() {
      stopped = true;
      cancelRetry?.();
    },
  };
}

/**
 * The server says which history it serves. After a restore from a backup the number is higher; the comparison of every
 * conversation's head and epoch with ours, which every connection makes, then finds what to rejoin.
 */
async function noteIncarnation(deps: ConversationDeps, incarnation: number): Promise<void> {
  const known = await deps.vault.get("meta", keys.state).catch(() => undefined);
  if (known !== undefined && "incarnation" in known && known.incarnation === incarnation) return;
  if (known !== undefined) deps.ports.report("server-restored");
  await deps.vault.commit(new Batch().put("meta", keys.state, { incarnation }));
}

async function listConversations(deps: ConversationDeps): Promise<ServerConversation[]> {
  const listed: ServerConversation[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? {} : { cursor };
    const page = await deps.rest.call("conversations", { query });
    listed.push(...page.conversations);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return listed;
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, lane));
}
