import { toBase64Url } from "@rempart/kernel";
import type { CommitBody, MembershipChange } from "@rempart/messaging/contract";
import { failsWith, isTransient } from "../errors.ts";
import type { BuiltCommit, Group } from "../mls/mls.ts";
import type { PendingCommitRecord } from "../storage/records.ts";
import type { ConversationDeps } from "./deps.ts";
import type { Stage } from "./stage.ts";

export interface WantedChange {
  readonly addUsers: readonly string[];
  readonly removeUsers: readonly string[];
  /** Key packages of the devices to add. */
  readonly keyPackages: readonly Uint8Array[];
}

/** Null when there is nothing left to do: another member did it. */
export async function buildChange(
  stage: Stage,
  group: Group,
  wanted: WantedChange,
): Promise<PendingCommitRecord | null> {
  const { mls, newId } = stage.deps;
  const { roster } = stage.store.state();
  const removeUsers = wanted.removeUsers.filter((id) => roster.members.some(({ userId }) => userId === id));
  const leaves = mls.leaves(group);
  const leaving = new Set([
    ...roster.orphans,
    ...leaves.filter(({ userId }) => removeUsers.includes(userId)).map(({ deviceId }) => deviceId),
  ]);
  const remove = leaves.filter(({ deviceId }) => leaving.has(deviceId)).map(({ deviceId }) => deviceId);
  if (remove.length + removeUsers.length + wanted.addUsers.length === 0) return null;
  const built = await mls.commit(group, { add: wanted.keyPackages, remove });
  return pendingCommit(stage.deps, newId(), built, {
    addedUsers: wanted.addUsers,
    removedUsers: removeUsers,
  });
}

export function pendingCommit(
  deps: Pick<ConversationDeps, "mls" | "myDeviceId">,
  id: string,
  built: BuiltCommit,
  users: { readonly addedUsers: readonly string[]; readonly removedUsers: readonly string[] },
): PendingCommitRecord {
  const change: MembershipChange = {
    ...built.change,
    addedUsers: [...users.addedUsers],
    removedUsers: [...users.removedUsers],
  };
  const body: CommitBody = {
    id,
    deviceId: deps.myDeviceId,
    epoch: built.epoch,
    commit: toBase64Url(built.commit),
    change,
    ...(built.welcome !== null && { welcome: toBase64Url(built.welcome) }),
    groupInfo: toBase64Url(built.groupInfo),
  };
  return { id, body, next: toBase64Url(deps.mls.save(built.next)), creates: null };
}

/**
 * Sends a saved commit until the server's answer is certain. `placed`: it is in the sequence, and is adopted when the
 * stream reaches it. `dropped`: another commit came first, and nothing of it remains. `none`: there was none.
 *
 * @throws CoreError: a refusal, after which nothing remains either; `offline` and the like leave it to be sent again.
 */
export async function placePending(stage: Stage): Promise<"placed" | "dropped" | "none"> {
  const { pending } = stage.store.state();
  if (pending === null) return "none";
  try {
    await place(stage, pending);
  } catch (error) {
    if (isTransient(error)) throw error;
    await stage.store.update(() => ({ pending: null }));
    if (failsWith(error, "stale-epoch")) return "dropped";
    throw error;
  }
  return "placed";
}

async function place({ deps, store }: Stage, pending: PendingCommitRecord): Promise<void> {
  if (pending.creates === null) {
    await deps.rest.call("commit", { params: { conversationId: store.id }, body: pending.body });
    return;
  }
  await deps.rest.call("createConversation", {
    body: { id: store.id, ...pending.creates, first: pending.body },
  });
}
