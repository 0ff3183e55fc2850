import { fromUtf8 } from "@rempart/kernel";
import type { ClientState, LeafNode } from "ts-mls";
import type { Suite } from "../../contract/index.ts";
import { decodeIdentity } from "../../framing/index.ts";
import { MessagingError } from "../errors.ts";
import type { Group, Leaf } from "../types.ts";
import { suiteOfName } from "./suites.ts";

/** The library's state behind the engine's face. Never changed in place. */
export class MlsGroup implements Group {
  readonly state: ClientState;
  readonly conversationId: string;
  readonly epoch: number;
  readonly suite: Suite;
  readonly active: boolean;

  constructor(state: ClientState) {
    const { groupId, epoch, cipherSuite } = state.groupContext;
    const suite = suiteOfName(cipherSuite);
    const conversationId = fromUtf8(groupId);
    if (suite === null || conversationId === null)
      throw new MessagingError("malformed", "Not one of our groups");
    this.state = state;
    this.conversationId = conversationId;
    this.epoch = Number(epoch);
    this.suite = suite;
    this.active = state.groupActiveState.kind === "active";
  }
}

export function stateOf(group: Group): ClientState {
  if (!(group instanceof MlsGroup)) throw new TypeError("this group was not made by this engine");
  return group.state;
}

export function activeStateOf(group: Group): ClientState {
  const state = stateOf(group);
  if (!group.active) throw new MessagingError("removed", "This device is not in the group any more");
  return state;
}

/**
 * Forgets the keys of the epoch before. The server places messages and commits in one order and accepts a message only
 * in the present epoch, so nothing of an earlier one can still arrive; keeping its keys would only serve a thief. (The
 * library has no such setting: it takes a retention of 0 to mean "for ever".)
 */
export function withoutPastEpochs(state: ClientState): ClientState {
  return { ...state, historicalReceiverData: new Map() };
}

/** What stays of a group that this device was removed from: who was in it, and no key. */
export function withoutKeys(state: ClientState): ClientState {
  const none = new Uint8Array();
  return {
    ...withoutPastEpochs(state),
    keySchedule: {
      senderDataSecret: none,
      exporterSecret: none,
      externalSecret: none,
      confirmationKey: none,
      membershipKey: none,
      resumptionPsk: none,
      epochAuthenticator: none,
      initSecret: none,
    },
    secretTree: [],
    privatePath: { leafIndex: state.privatePath.leafIndex, privateKeys: {} },
    signaturePrivateKey: none,
  };
}

/** Leaves in tree order. A leaf without our credential cannot be in a validated tree. */
export function leavesOf(state: ClientState): Leaf[] {
  const leaves: Leaf[] = [];
  for (let node = 0; node < state.ratchetTree.length; node += 2) {
    const found = state.ratchetTree[node];
    if (found?.nodeType === "leaf") leaves.push(toLeaf(found.leaf, node / 2));
  }
  return leaves;
}

export function leafAt(state: ClientState, leafIndex: number): Leaf | null {
  const node = state.ratchetTree[leafIndex * 2];
  return node?.nodeType === "leaf" ? toLeaf(node.leaf, leafIndex) : null;
}

function toLeaf(node: LeafNode, leafIndex: number): Leaf {
  const { credential, signaturePublicKey } = node;
  const identity = credential.credentialType === "basic" ? decodeIdentity(credential.identity) : null;
  if (identity === null)
    throw new MessagingError("unauthorised-credential", "A leaf has a credential that is not ours");
  return { ...identity, signatureKey: new Uint8Array(signaturePublicKey), leafIndex };
}
