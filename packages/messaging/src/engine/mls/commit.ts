import { type Bytes, equalBytes } from "@rempart/kernel";
import {
  type CiphersuiteImpl,
  type ClientState,
  createCommit,
  createGroupInfoWithExternalPubAndRatchetTree,
  decodeMlsMessage,
  emptyPskIndex,
  encodeMlsMessage,
  type MLSMessage,
  type Proposal,
  type PublicMessage,
  processPublicMessage,
} from "ts-mls";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { LIMITS, type Suite } from "../../contract/index.ts";
import {
  type CommitInfo,
  type DeviceIdentity,
  inspectCommit,
  inspectKeyPackage,
  type LeafIdentity,
} from "../../framing/index.ts";
import { MessagingError } from "../errors.ts";
import type {
  DeviceChange,
  DeviceDirectory,
  Group,
  IncomingCommit,
  Leaf,
  OutgoingCommit,
  Step,
} from "../types.ts";
import { guard } from "./guard.ts";
import { decodeKeyPackage } from "./key-packages.ts";
import { CredentialCheck, clientConfig } from "./policy.ts";
import { activeStateOf, leafAt, leavesOf, MlsGroup, withoutKeys, withoutPastEpochs } from "./state.ts";
import { loadSuite } from "./suites.ts";

export interface Change {
  readonly add?: readonly Uint8Array[];
  readonly remove?: readonly string[];
}

/** Shrinking is always allowed; growing only up to what the suite bears. */
export function checkSize(devices: number, suite: Suite, isGrowing: boolean): void {
  const limit = suite === "x-wing" ? LIMITS.postQuantumDevices : LIMITS.devicesPerConversation;
  if (!isGrowing || devices <= limit) return;
  throw new MessagingError("group-too-large", "The group cannot hold that many devices", {
    details: { devices, limit },
  });
}

export async function makeCommit(
  group: Group,
  change: Change,
  directory: DeviceDirectory,
): Promise<Step<OutgoingCommit>> {
  const state = activeStateOf(group);
  const leaves = leavesOf(state);
  const removed = (change.remove ?? []).map((deviceId) => leafToRemove(leaves, deviceId, state));
  const added = (change.add ?? []).map((bytes) => inspectAdded(bytes, group.suite));
  checkChange(leaves, removed, added, group.suite);
  const proposals: Proposal[] = [
    ...removed.map((leaf): Proposal => ({ proposalType: "remove", remove: { removed: leaf.leafIndex } })),
    ...added.map(
      ({ bytes }): Proposal => ({ proposalType: "add", add: { keyPackage: decodeKeyPackage(bytes) } }),
    ),
  ];
  const check = new CredentialCheck(directory);
  const cipherSuite = await loadSuite(group.suite);
  return guard("invalid-key-package", check, async () => {
    const { newState, welcome, commit, consumed } = await createCommit(
      { state: { ...state, clientConfig: clientConfig(check) }, cipherSuite, pskIndex: emptyPskIndex },
      { wireAsPublicMessage: true, ratchetTreeExtension: true, extraProposals: proposals },
    );
    const next = new MlsGroup(withoutPastEpochs(newState));
    const output = {
      epoch: group.epoch,
      commit: encode(commit),
      welcome:
        welcome === undefined ? null : encode({ version: "mls10", wireformat: "mls_welcome", welcome }),
      groupInfo: await groupInfoOf(next),
      change: {
        addedDevices: added.map(({ deviceId }) => deviceId),
        removedDevices: removed.map(({ deviceId }) => deviceId),
        external: false,
      },
    };
    return { group: next, output, consumed: { secrets: consumed } };
  });
}

function leafToRemove(leaves: readonly Leaf[], deviceId: string, state: ClientState): Leaf {
  const leaf = leaves.find((candidate) => candidate.deviceId === deviceId);
  if (leaf === undefined)
    throw new MessagingError("invalid-change", "The device is not in the group", { details: { deviceId } });
  if (leaf.leafIndex === state.privatePath.leafIndex)
    throw new MessagingError("invalid-change", "A device cannot remove itself", { details: { deviceId } });
  return leaf;
}

interface Added extends LeafIdentity {
  readonly bytes: Uint8Array;
}

function inspectAdded(bytes: Uint8Array, suite: Suite): Added {
  const info = inspectKeyPackage(bytes);
  if (info === null || info.suite !== suite)
    throw new MessagingError("invalid-key-package", "Not a key package of the group's suite");
  return { userId: info.userId, deviceId: info.deviceId, signatureKey: info.signatureKey, bytes };
}

function checkChange(
  leaves: readonly Leaf[],
  removed: readonly Leaf[],
  added: readonly Added[],
  suite: Suite,
): void {
  const present = new Set(leaves.map((leaf) => leaf.deviceId));
  for (const { deviceId } of removed) takeOnce(present.delete(deviceId), deviceId);
  for (const { deviceId } of added)
    takeOnce(!present.has(deviceId) && present.add(deviceId) !== null, deviceId);
  checkSize(present.size, suite, added.length > 0);
}

function takeOnce(first: boolean, deviceId: string): void {
  if (!first)
    throw new MessagingError("invalid-change", "The device is in the group or named twice", {
      details: { deviceId },
    });
}

export async function receiveCommit(
  group: Group,
  incoming: { commit: Uint8Array; change: DeviceChange; sender: DeviceIdentity },
  directory: DeviceDirectory,
): Promise<Step<IncomingCommit>> {
  const state = activeStateOf(group);
  const info = inspectCommit(incoming.commit);
  if (info === null) throw new MessagingError("malformed", "Not a commit of ours");
  checkPlace(group, info.groupId, info.epoch);
  checkDeclared(info, state, incoming.change, incoming.sender);
  const check = new CredentialCheck(directory);
  const suite = await loadSuite(group.suite);
  return guard("tampered", check, async () => {
    const message = decodeMlsMessage(incoming.commit, 0)?.[0];
    if (message?.wireformat !== "mls_public_message") throw new MessagingError("malformed", "Not a commit");
    if (info.removedLeaves.includes(state.privatePath.leafIndex))
      return leaveGroup(state, message.publicMessage, incoming, suite);
    const { newState, consumed } = await processPublicMessage(
      { ...state, clientConfig: clientConfig(check) },
      message.publicMessage,
      emptyPskIndex,
      suite,
    );
    const next = new MlsGroup(withoutPastEpochs(newState));
    const output = {
      added: pick(leavesOf(next.state), incoming.change.addedDevices),
      removed: pick(leavesOf(state), incoming.change.removedDevices),
      by: incoming.sender,
      selfRemoved: false,
    };
    return { group: next, output, consumed: { secrets: consumed } };
  });
}

function pick(leaves: readonly Leaf[], deviceIds: readonly string[]): Leaf[] {
  const byId = new Map(leaves.map((leaf) => [leaf.deviceId, leaf]));
  return deviceIds.flatMap((deviceId) => byId.get(deviceId) ?? []);
}

/**
 * This device's own removal: authenticated like every commit, then the group is closed. Not left to the library, which
 * overlooks the removal when the same commit gives the leaf's place to a new member.
 */
async function leaveGroup(
  state: ClientState,
  message: PublicMessage,
  incoming: { change: DeviceChange; sender: DeviceIdentity },
  suite: CiphersuiteImpl,
): Promise<Step<IncomingCommit>> {
  const { membershipKey } = state.keySchedule;
  await unprotectPublicMessage(membershipKey, state.groupContext, state.ratchetTree, message, suite);
  const closed = new MlsGroup(withoutKeys({ ...state, groupActiveState: { kind: "removedFromGroup" } }));
  const output = {
    added: [],
    removed: pick(leavesOf(state), incoming.change.removedDevices),
    by: incoming.sender,
    selfRemoved: true,
  };
  return { group: closed, output, consumed: { secrets: Object.values(state.keySchedule) } };
}

export function checkPlace(group: Group, groupId: string, epoch: number): void {
  const details = { epoch, groupEpoch: group.epoch };
  if (groupId !== group.conversationId)
    throw new MessagingError("wrong-group", "The message is for another conversation");
  if (epoch < group.epoch)
    throw new MessagingError("stale-epoch", "The group has left this epoch", { details });
  if (epoch > group.epoch)
    throw new MessagingError("future-epoch", "The group has not reached this epoch", { details });
}

/** The commit does exactly what its frame says, and comes from the device that the frame names. */
function checkDeclared(
  info: CommitInfo,
  state: ClientState,
  change: DeviceChange,
  sender: DeviceIdentity,
): void {
  const by = info.sender.type === "member" ? leafAt(state, info.sender.leafIndex) : info.committer;
  const isSender = by !== null && by.userId === sender.userId && by.deviceId === sender.deviceId;
  // A leaf outside of the tree must stop here: the library would walk its path for ever.
  const removed = info.removedLeaves.flatMap((leafIndex) => leafAt(state, leafIndex)?.deviceId ?? []);
  const isInTree = removed.length === info.removedLeafCount;
  const added = info.added.map(({ deviceId }) => deviceId);
  if (info.external && by !== null) added.push(by.deviceId);
  const isDeclared =
    isInTree &&
    info.external === change.external &&
    sameMembers(added, change.addedDevices) &&
    sameMembers(removed, change.removedDevices);
  if (!isSender || !isDeclared)
    throw new MessagingError("commit-mismatch", "The commit does not do what its frame says");
  if (!keepsIdentities(info, state, by, removed))
    throw new MessagingError("commit-mismatch", "The commit changes a device's identity");
}

/** Nobody's leaf changes hands: a path keeps its committer's identity and key, a joiner removes only itself. */
function keepsIdentities(
  info: CommitInfo,
  state: ClientState,
  by: LeafIdentity | null,
  removed: readonly string[],
): boolean {
  if (by === null) return false;
  if (!info.external) return info.committer === null || sameLeaf(info.committer, by);
  if (removed.some((deviceId) => deviceId !== by.deviceId)) return false;
  const isPresent = leavesOf(state).some((leaf) => leaf.deviceId === by.deviceId);
  return isPresent === (removed.length === 1);
}

function sameLeaf(a: LeafIdentity, b: LeafIdentity): boolean {
  return a.userId === b.userId && a.deviceId === b.deviceId && equalBytes(a.signatureKey, b.signatureKey);
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  const set = new Set(a);
  return (
    set.size === a.length &&
    a.length === b.length &&
    new Set(b).size === b.length &&
    b.every((id) => set.has(id))
  );
}

/** GroupInfo of the group's epoch with external key and ratchet tree. */
export async function groupInfoOf(group: MlsGroup): Promise<Bytes> {
  const suite = await loadSuite(group.suite);
  const groupInfo = await createGroupInfoWithExternalPubAndRatchetTree(group.state, [], suite);
  return encode({ version: "mls10", wireformat: "mls_group_info", groupInfo });
}

export function encode(message: MLSMessage): Bytes {
  return new Uint8Array(encodeMlsMessage(message));
}
