import { fromBase64Url } from "@rempart/kernel";
import { safetyNumber } from "@rempart/messaging";
import type { Suite } from "@rempart/messaging/contract";
import { LIMITS } from "@rempart/messaging/contract";
import type { MessengerClient, SafetyNumber } from "../../client/api.ts";
import { pendingCommit } from "../conversation/commits.ts";
import type { Conversation } from "../conversation/conversation.ts";
import type { ConversationDeps } from "../conversation/deps.ts";
import type { RoomState } from "../conversation/store.ts";
import { CoreError, failsWith, isTransient } from "../errors.ts";
import type { PersonRecord } from "../storage/records.ts";
import { Batch } from "../storage/vault.ts";
import type { Throwing } from "../throwing.ts";
import type { KeyWatch } from "../transparency/key-watch.ts";
import { type OwnAccountCommands, ownAccountCommands } from "./own-account.ts";
import { newRoom, type Rooms } from "./rooms.ts";
import type { Sync } from "./sync.ts";
import type { Typing } from "./typing.ts";

type Names =
  | "searchUsers"
  | "startDirect"
  | "createGroup"
  | "addMembers"
  | "removeMember"
  | "setRole"
  | "renameGroup"
  | "leave"
  | "send"
  | "retry"
  | "discard"
  | "loadOlder"
  | "markRead"
  | "setTyping"
  | "saveDraft"
  | "devices"
  | "revokeDevice"
  | "acknowledgeDevice"
  | "trustKeyLog"
  | "safetyNumber"
  | "setVerified"
  | "reconnect";

/** The commands that need an open account. */
export type AccountCommands = { readonly [N in Names]: Throwing<MessengerClient[N]> } & OwnAccountCommands;

export interface CommandParts {
  readonly deps: ConversationDeps;
  readonly rooms: Rooms;
  readonly typing: Typing;
  readonly sync: Sync;
  readonly keyWatch: KeyWatch;
  reconnect(): void;
  /** Asks the server anew who this is. */
  accountChanged(): Promise<void>;
}

const DRAFT_DELAY_MS = 300;

export function createAccountCommands(parts: CommandParts): AccountCommands {
  const { deps, rooms, typing } = parts;
  const { rest } = deps;
  const saveDraft = draftSaver(parts);

  const room = (id: string): Conversation => {
    const found = rooms.get(id);
    if (found === undefined) throw new CoreError("unknown-conversation", "No such conversation");
    return found;
  };

  return {
    async searchUsers(query) {
      const { users } = await rest.call("searchUsers", { query: { q: query } });
      await deps.directory.learn(users);
      return users;
    },
    async startDirect(userId) {
      const existing = rooms.all().find(({ store }) => isDirectWith(store.state(), userId));
      if (existing !== undefined) return { conversationId: existing.store.id };
      try {
        return await create(parts, "direct", [userId]);
      } catch (error) {
        if (!(failsWith(error, "conversation-exists") && error.conversationId)) throw error;
        await parts.sync.now();
        return { conversationId: error.conversationId };
      }
    },
    async createGroup({ title, userIds }) {
      const created = await create(parts, "group", userIds);
      await room(created.conversationId).send({ type: "title", title: title.trim() });
      return created;
    },
    async addMembers(conversationId, userIds) {
      const { store, change, send } = room(conversationId);
      const { suite, title } = store.state().place;
      const { keyPackages } = await claim(deps, suite, userIds);
      await change({ addUsers: userIds, removeUsers: [], keyPackages });
      // Who was added cannot read what was said before: the title is told again.
      if (title !== null) await send({ type: "title", title });
    },
    removeMember: (conversationId, userId) =>
      room(conversationId).change({ addUsers: [], removeUsers: [userId], keyPackages: [] }),
    setRole: (conversationId, userId, role) => room(conversationId).setRole(userId, role),
    renameGroup: (conversationId, title) => room(conversationId).send({ type: "title", title: title.trim() }),
    leave: (conversationId) => room(conversationId).leave(),
    async send(conversationId, text) {
      typing.say(conversationId, false);
      await room(conversationId).send({ type: "text", text });
    },
    retry: (conversationId, messageId) => room(conversationId).retry(messageId),
    discard: (conversationId, messageId) => room(conversationId).discard(messageId),
    loadOlder: async (conversationId) => rooms.window(conversationId)?.loadOlder(),
    markRead: (conversationId, seq) => void rooms.get(conversationId)?.markRead(seq).catch(deps.failed),
    setTyping: typing.say,
    saveDraft,
    devices: async () => (await rest.call("devices", {})).devices,
    async revokeDevice(deviceId) {
      await rest.call("revokeDevice", { params: { deviceId } });
      parts.keyWatch.check().catch(deps.failed);
    },
    acknowledgeDevice: parts.keyWatch.acknowledge,
    trustKeyLog: parts.keyWatch.trustAnew,
    ...ownAccountCommands(rest, parts.accountChanged),
    safetyNumber: async (userId) => readSafetyNumber(deps, userId),
    async setVerified(userId, verified) {
      const { groups } = await readSafetyNumber(deps, userId);
      const record = { number: groups.join(""), at: deps.ports.clock.now() };
      const batch = new Batch();
      await deps.vault.commit(
        verified ? batch.put("verified", userId, record) : batch.delete("verified", userId),
      );
    },
    reconnect: parts.reconnect,
  };
}

function isDirectWith({ place, machine, roster }: RoomState, userId: string): boolean {
  return (
    place.kind === "direct" && machine.active && roster.members.some((member) => member.userId === userId)
  );
}

interface Claimed {
  readonly keyPackages: readonly Uint8Array[];
  /** Devices found, also those without a key package, which join by themselves. */
  readonly devices: number;
}

/** @throws CoreError `unreachable-user` when a person has no device that can be added. */
async function claim(deps: ConversationDeps, suite: Suite, userIds: readonly string[]): Promise<Claimed> {
  const { devices } = await deps.rest.call("claimKeyPackages", {
    body: { suite, userIds: [...userIds], deviceId: deps.myDeviceId },
  });
  const keyPackages: Uint8Array[] = [];
  const missing = new Set(userIds.filter((id) => id !== deps.myId));
  for (const { userId, keyPackage } of devices) {
    const bytes = keyPackage === null ? null : fromBase64Url(keyPackage);
    if (bytes === null) continue;
    keyPackages.push(bytes);
    missing.delete(userId);
  }
  if (missing.size > 0) throw new CoreError("unreachable-user", "A person has no device that is set up");
  return { keyPackages, devices: devices.length };
}

/** Post-quantum while all devices fit; a group that starts larger takes the smaller suite. */
async function claimForNewGroup(
  deps: ConversationDeps,
  userIds: readonly string[],
): Promise<{ suite: Suite; keyPackages: readonly Uint8Array[] }> {
  if (userIds.length <= LIMITS.postQuantumDevices) {
    const claimed = await claim(deps, "x-wing", userIds);
    if (claimed.devices + 1 <= LIMITS.postQuantumDevices)
      return { suite: "x-wing", keyPackages: claimed.keyPackages };
  }
  return { suite: "x25519", keyPackages: (await claim(deps, "x25519", userIds)).keyPackages };
}

/** Creates a conversation with these people and this user's other devices. Saved before it is sent. */
async function create(
  { deps, rooms }: CommandParts,
  kind: "direct" | "group",
  userIds: readonly string[],
): Promise<{ conversationId: string }> {
  const { suite, keyPackages } = await claimForNewGroup(deps, [...new Set([...userIds, deps.myId])]);
  const id = deps.newId();
  const group = await deps.mls.create(id, suite);
  const built = await deps.mls.commit(group, { add: keyPackages, remove: [] });
  const users = { addedUsers: userIds.filter((userId) => userId !== deps.myId), removedUsers: [] };
  const pending = { ...pendingCommit(deps, built, users), creates: { kind, suite } };
  const now = deps.ports.clock.now();
  const fresh = newRoom(deps, { id, kind, suite, createdAt: now, ...NOBODY_YET }, 0, now);
  const commit = { id: pending.id, purpose: "change", epoch: null, seq: null } as const;
  const room = await rooms.add({ ...fresh, machine: { ...fresh.machine, commit }, pending });
  try {
    await room.create();
  } catch (error) {
    if (!isTransient(error)) await rooms.drop(id);
    throw error;
  }
  return { conversationId: id };
}

const NOBODY_YET = { members: [], devices: [], orphans: [] };

async function readSafetyNumber(deps: ConversationDeps, userId: string): Promise<SafetyNumber> {
  const [mine, theirs, verified] = await Promise.all([
    deps.directory.refresh(deps.myId),
    deps.directory.refresh(userId),
    deps.vault.get("verified", userId).catch(() => undefined),
  ]);
  const { groups, qrText } = await safetyNumber(side(mine), side(theirs));
  const same = verified?.number === groups.join("");
  return { groups, qrText, verified: same, changed: verified !== undefined && !same };
}

function side({ id, devices }: PersonRecord): Parameters<typeof safetyNumber>[0] {
  const present = Object.entries(devices).filter(([, device]) => !device.revoked);
  return {
    userId: id,
    devices: present.map(([deviceId, { signatureKey }]) => ({
      deviceId,
      signatureKey: fromBase64Url(signatureKey) ?? new Uint8Array(),
    })),
  };
}

/** The last draft of a burst of keystrokes is stored. */
function draftSaver({ deps, rooms }: CommandParts): AccountCommands["saveDraft"] {
  const waiting = new Map<string, () => void>();
  return (conversationId, text) => {
    waiting.get(conversationId)?.();
    const save = (): void => {
      waiting.delete(conversationId);
      rooms.get(conversationId)?.saveDraft(text).catch(deps.failed);
    };
    waiting.set(conversationId, deps.ports.timers.after(DRAFT_DELAY_MS, save));
  };
}
