import { equalBytes } from "@rempart/kernel";
import type { CommitInfo } from "@rempart/messaging";
import { LIMITS, type MembershipChange, type Role, type Suite } from "@rempart/messaging/contract";
import { type Refusal, refuse } from "../refusal.ts";

/** A device of the directory, as the judge of a commit must know it. */
export interface KnownDevice {
  readonly userId: string;
  readonly signatureKey: Uint8Array;
  readonly revoked: boolean;
}

/** The conversation under its lock, before the commit. */
export interface GroupState {
  readonly id: string;
  readonly kind: "direct" | "group";
  readonly suite: Suite;
  readonly epoch: number;
  /** Active members only. */
  readonly roles: ReadonlyMap<string, Role>;
  /** Leaves of the tree: device id to user id. */
  readonly leaves: ReadonlyMap<string, string>;
  /** Leaves whose user left or whose device was revoked. */
  readonly orphans: ReadonlySet<string>;
}

export interface ProposedCommit {
  readonly senderId: string;
  readonly deviceId: string;
  readonly epoch: number;
  readonly change: MembershipChange;
  /** What the commit's bytes say. */
  readonly info: CommitInfo;
  /** The sender's and every added device, as the directory has them. */
  readonly directory: ReadonlyMap<string, KnownDevice>;
  /** Ids of existing, usable accounts among `change.addedUsers`. */
  readonly knownUsers: ReadonlySet<string>;
}

/** The leaves and members after an accepted commit. */
export interface AcceptedCommit {
  readonly addedUsers: readonly string[];
  readonly removedUsers: readonly string[];
  readonly addedLeaves: ReadonlyMap<string, string>;
  readonly removedLeaves: readonly string[];
}

/**
 * Whether a commit may move the group on. It reads as the policy: each step refuses or passes. The server cannot verify
 * MLS signatures, which the members do; it holds the sender to what the bytes say and to what the directory knows.
 */
export function judgeCommit(group: GroupState, commit: ProposedCommit): AcceptedCommit | Refusal {
  return (
    judgeDevice(commit) ??
    judgeEpoch(group, commit) ??
    judgeFraming(group, commit) ??
    (commit.info.external ? judgeExternal(group, commit) : judgeMemberCommit(group, commit)) ??
    accept(group, commit)
  );
}

function judgeDevice({ senderId, deviceId, directory }: ProposedCommit): Refusal | null {
  const device = directory.get(deviceId);
  if (device === undefined || device.userId !== senderId) return refuse("unknown-device");
  return device.revoked ? refuse("device-revoked") : null;
}

function judgeEpoch(group: GroupState, commit: ProposedCommit): Refusal | null {
  if (commit.epoch === group.epoch) return null;
  return refuse("stale-epoch", undefined, { epoch: group.epoch });
}

function judgeFraming(
  group: GroupState,
  { info, epoch, change, deviceId, directory }: ProposedCommit,
): Refusal | null {
  if (info.groupId !== group.id) return refuse("malformed-mls", "the commit belongs to another group");
  if (info.epoch !== epoch) return mismatch("the commit starts from another epoch than the request says");
  if (info.external !== change.external) return mismatch("external does not agree with the commit");
  const { committer } = info;
  if (committer !== null && !isLeafOf(committer, deviceId, directory)) {
    return mismatch("the committer's leaf is not the sending device's");
  }
  return hasRepeats(change) ? mismatch("an id stands twice in the change") : null;
}

function isLeafOf(
  leaf: { userId: string; deviceId: string; signatureKey: Uint8Array },
  deviceId: string,
  directory: ReadonlyMap<string, KnownDevice>,
): boolean {
  const device = directory.get(deviceId);
  if (device === undefined || leaf.deviceId !== deviceId || leaf.userId !== device.userId) return false;
  return equalBytes(leaf.signatureKey, device.signatureKey);
}

function hasRepeats({ addedUsers, removedUsers, addedDevices, removedDevices }: MembershipChange): boolean {
  return [[...addedUsers, ...removedUsers], addedDevices, removedDevices].some(
    (ids) => new Set(ids).size !== ids.length,
  );
}

/** A member's device that joins, or joins again, by itself: it adds its own leaf and removes its former one, if any. */
function judgeExternal(
  group: GroupState,
  { senderId, deviceId, change, info }: ProposedCommit,
): Refusal | null {
  if (!group.roles.has(senderId)) return refuse("unknown-conversation");
  const rejoins = group.leaves.has(deviceId);
  if (info.removedLeafCount > 0 !== rejoins) {
    return mismatch("an external commit removes the former leaf of its device, if there is one");
  }
  const exact =
    isOnly(change.addedDevices, deviceId) &&
    (rejoins ? isOnly(change.removedDevices, deviceId) : change.removedDevices.length === 0) &&
    change.addedUsers.length === 0 &&
    change.removedUsers.length === 0;
  return exact ? null : mismatch("an external commit changes only the sending device's leaf");
}

function isOnly(ids: readonly string[], id: string): boolean {
  return ids.length === 1 && ids[0] === id;
}

function judgeMemberCommit(group: GroupState, commit: ProposedCommit): Refusal | null {
  if (!group.roles.has(commit.senderId)) return refuse("unknown-conversation");
  if (!group.leaves.has(commit.deviceId)) return refuse("device-not-in-group");
  return (
    judgeAddedDevices(group, commit) ??
    judgeAddedUsers(group, commit) ??
    judgeRemovedUsers(group, commit) ??
    judgeRemovedDevices(group, commit)
  );
}

/** The key packages inside the commit are exactly the declared devices', with the keys the directory knows. */
function judgeAddedDevices(group: GroupState, { info, change, directory }: ProposedCommit): Refusal | null {
  const declared = new Set(change.addedDevices);
  if (info.added.length !== declared.size) return mismatch("addedDevices does not agree with the commit");
  const members = new Set([...group.roles.keys(), ...change.addedUsers]);
  const removed = new Set(change.removedDevices);
  for (const leaf of info.added) {
    if (!declared.delete(leaf.deviceId)) return mismatch("the commit adds a device that was not declared");
    if (!isLeafOf(leaf, leaf.deviceId, directory)) return mismatch("an added leaf is not its device's own");
    if (directory.get(leaf.deviceId)?.revoked) return refuse("device-revoked", leaf.deviceId);
    if (leaf.suite !== group.suite) return mismatch("an added key package is of another suite");
    if (!members.has(leaf.userId)) return mismatch("an added device belongs to nobody in the conversation");
    const replaced = removed.has(leaf.deviceId);
    if (group.leaves.has(leaf.deviceId) && !replaced)
      return mismatch("an added device is in the group already");
  }
  return null;
}

function judgeAddedUsers(
  group: GroupState,
  { senderId, change, knownUsers, info }: ProposedCommit,
): Refusal | null {
  if (change.addedUsers.length === 0) return null;
  if (group.kind === "direct") return refuse("forbidden", "a direct conversation keeps its two members");
  if (!manages(group, senderId)) return refuse("forbidden", "only owners and admins add members");
  const owners = new Set(info.added.map((leaf) => leaf.userId));
  for (const userId of change.addedUsers) {
    if (!knownUsers.has(userId)) return refuse("unknown-user", userId);
    if (group.roles.has(userId)) return mismatch("an added user is a member already");
    // What is said before a first device of theirs joins by itself would be for them to read, and they could not.
    if (!owners.has(userId)) return refuse("unreachable-user", userId);
  }
  return null;
}

/** Owners remove anybody but themselves; admins remove members. Leaving is another request. */
function judgeRemovedUsers(group: GroupState, { senderId, change }: ProposedCommit): Refusal | null {
  for (const userId of change.removedUsers) {
    const role = group.roles.get(userId);
    if (role === undefined) return refuse("unknown-user", userId);
    if (group.kind === "direct") return refuse("forbidden", "a direct conversation keeps its two members");
    if (userId === senderId || !mayRemove(group.roles.get(senderId), role)) return refuse("forbidden");
  }
  return null;
}

function mayRemove(mine: Role | undefined, theirs: Role): boolean {
  return mine === "owner" || (mine === "admin" && theirs === "member");
}

/** Every leaf of a removed member goes; besides, anyone removes orphans, and everyone their own other devices. */
function judgeRemovedDevices(group: GroupState, commit: ProposedCommit): Refusal | null {
  const { senderId, deviceId, change, info } = commit;
  const removed = new Set(change.removedDevices);
  if (info.removedLeafCount !== removed.size)
    return mismatch("removedDevices does not agree with the commit");
  if (removed.has(deviceId)) return mismatch("a device cannot remove itself");
  const leaving = new Set(change.removedUsers);
  for (const id of removed) {
    const userId = group.leaves.get(id);
    if (userId === undefined) return mismatch("a removed device is not in the group");
    if (!group.orphans.has(id) && !leaving.has(userId) && userId !== senderId) return refuse("forbidden");
  }
  for (const [id, userId] of group.leaves) {
    if (leaving.has(userId) && !removed.has(id))
      return mismatch("a removed member keeps a device in the group");
  }
  return null;
}

function accept(group: GroupState, commit: ProposedCommit): AcceptedCommit | Refusal {
  const { change, info, senderId, deviceId } = commit;
  const added = new Map(info.added.map((leaf) => [leaf.deviceId, leaf.userId]));
  if (change.external && !group.leaves.has(deviceId)) added.set(deviceId, senderId);
  const removedLeaves = change.external ? [] : change.removedDevices;
  const members = group.roles.size + change.addedUsers.length - change.removedUsers.length;
  return (
    judgeSize(group.suite, group.leaves.size + added.size - removedLeaves.length, members) ?? {
      addedUsers: change.addedUsers,
      removedUsers: change.removedUsers,
      addedLeaves: added,
      removedLeaves,
    }
  );
}

function judgeSize(suite: Suite, devices: number, members: number): Refusal | null {
  if (suite === "x-wing" && devices > LIMITS.postQuantumDevices) {
    return refuse(
      "too-many-members",
      `a post-quantum group holds at most ${LIMITS.postQuantumDevices} devices`,
    );
  }
  const full = devices > LIMITS.devicesPerConversation || members > LIMITS.devicesPerConversation;
  return full ? refuse("too-many-members") : null;
}

export function manages(group: Pick<GroupState, "roles">, userId: string): boolean {
  const role = group.roles.get(userId);
  return role === "owner" || role === "admin";
}

function mismatch(detail: string): Refusal {
  return refuse("commit-mismatch", detail);
}
