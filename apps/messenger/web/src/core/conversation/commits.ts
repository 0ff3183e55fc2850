import { fromBase64Url, toBase64Url } from "@rempart/kernel";
import type { CommitBody, MembershipChange } from "@rempart/messaging/contract";
import { CoreError } from "../errors.ts";
import type { BuiltCommit } from "../mls/mls.ts";
import type { PendingCommitRecord } from "../storage/records.ts";
import type { ConversationDeps } from "./deps.ts";
import { readServerView } from "./server-view.ts";
import type { ConversationStore } from "./store.ts";

export interface WantedChange {
  readonly addUsers: readonly string[];
  readonly removeUsers: readonly string[];
  /** Key packages of the devices to add. */
  readonly keyPackages: readonly Uint8Array[];
}

export const NO_CHANGE: WantedChange = { addUsers: [], removeUsers: [], keyPackages: [] };

/**
 * A commit with these changes and with the removal of every orphan, as the roster is now. Null when there is nothing to
 * do: another member did it.
 */
export async function buildChange(
  deps: ConversationDeps,
  store: ConversationStore,
  wanted: WantedChange,
): Promise<PendingCommitRecord | null> {
  await readServerView(deps, store);
  const { group, roster } = store.state();
  if (group === null) throw new CoreError("device-not-in-group", "This device is not in the group");
  const isMember = (id: string): boolean => roster.members.some(({ userId }) => userId === id);
  const removedUsers = wanted.removeUsers.filter(isMember);
  const addedUsers = wanted.addUsers.filter((id) => !isMember(id));
  const orphans = new Set(roster.orphans);
  const remove = deps.mls
    .leaves(group)
    .filter(({ userId, deviceId }) => orphans.has(deviceId) || removedUsers.includes(userId))
    .map(({ deviceId }) => deviceId);
  if (remove.length + removedUsers.length + addedUsers.length === 0) return null;
  const add = addedUsers.length === 0 ? [] : wanted.keyPackages;
  const built = await deps.mls.commit(group, { add, remove });
  return pendingCommit(deps, built, { addedUsers, removedUsers });
}

/**
 * Puts this device into the group by itself (RFC 9420, section 12.4.3.2), as a new device of a member or after falling
 * out of step.
 */
export async function buildRejoin(
  deps: ConversationDeps,
  store: ConversationStore,
): Promise<PendingCommitRecord> {
  const { groupInfo } = await deps.rest.call("groupInfo", { params: { conversationId: store.id } });
  const built = await deps.mls.joinExternally(store.id, fromBase64Url(groupInfo) ?? new Uint8Array());
  return pendingCommit(deps, built, { addedUsers: [], removedUsers: [] });
}

export function pendingCommit(
  { mls, myDeviceId, newId }: Pick<ConversationDeps, "mls" | "myDeviceId" | "newId">,
  built: BuiltCommit,
  users: { readonly addedUsers: readonly string[]; readonly removedUsers: readonly string[] },
): PendingCommitRecord {
  const id = newId();
  const change: MembershipChange = {
    ...built.change,
    addedUsers: [...users.addedUsers],
    removedUsers: [...users.removedUsers],
  };
  const body: CommitBody = {
    id,
    deviceId: myDeviceId,
    epoch: built.epoch,
    commit: toBase64Url(built.commit),
    change,
    ...(built.welcome !== null && { welcome: toBase64Url(built.welcome) }),
    groupInfo: toBase64Url(built.groupInfo),
  };
  return { id, body, next: toBase64Url(mls.save(built.next)), creates: null };
}
