import { LIMITS, type Suite } from "../contract/index.ts";
import { WIRE_FORMATS } from "./message.ts";
import { Reader } from "./reader.ts";
import {
  expect,
  type LeafIdentity,
  MLS_1_0,
  readGroupId,
  readKeyPackage,
  readLeaf,
  readSender,
  type Sender,
} from "./structures.ts";

/** What a commit would do, as its bytes say. Signatures are for the members to verify: they hold the group's keys. */
export interface CommitInfo {
  readonly groupId: string;
  /** The epoch the commit starts from. */
  readonly epoch: number;
  readonly sender: Sender;
  /** The leaf its path puts in place for the committer; null when the commit has no path (it only adds). */
  readonly committer: LeafIdentity | null;
  readonly added: readonly (LeafIdentity & { readonly suite: Suite })[];
  readonly removedLeaves: readonly number[];
  readonly removedLeafCount: number;
  /** The sender joins by this commit (RFC 9420, section 12.4.3.2); a removed leaf is then its own former one. */
  readonly external: boolean;
  readonly hasPath: boolean;
}

const CONTENT_COMMIT = 3;
const INLINE_PROPOSAL = 1;
const PROPOSAL = { add: 1, remove: 3, externalInit: 6 } as const;

interface Proposals {
  added: (LeafIdentity & { suite: Suite })[];
  removedLeaves: number[];
  externalInits: number;
}

/**
 * A commit in a PublicMessage (RFC 9420, sections 6.2 and 12.4), or null for anything else: garbage, trailing bytes,
 * proposals by reference, and every proposal that the messenger does not make (updates, pre-shared keys,
 * re-initialisation, group context extensions, unknown types).
 */
export function inspectCommit(bytes: Uint8Array): CommitInfo | null {
  if (bytes.length > LIMITS.commitBytes) return null;
  const reader = new Reader(bytes);
  expect(reader, reader.uint16(), MLS_1_0);
  expect(reader, reader.uint16(), WIRE_FORMATS.public);
  const groupId = readGroupId(reader);
  const epoch = reader.uint64();
  const sender = readSender(reader);
  reader.vector(); // authenticated_data
  expect(reader, reader.uint8(), CONTENT_COMMIT);
  const proposals = readProposals(reader);
  const committer = readPath(reader);
  reader.vector(); // signature
  reader.vector(); // confirmation_tag
  if (sender.type === "member") reader.vector(); // membership_tag
  if (!reader.done || !isOurs(sender, proposals, committer)) return null;
  return {
    groupId,
    epoch,
    sender,
    committer,
    added: proposals.added,
    removedLeaves: proposals.removedLeaves,
    removedLeafCount: proposals.removedLeaves.length,
    external: sender.type === "new-member-commit",
    hasPath: committer !== null,
  };
}

/** RFC 9420, section 12.4.3.2: an external commit has one external init, a path, no add, and at most its own removal. */
function isOurs(sender: Sender, proposals: Proposals, committer: LeafIdentity | null): boolean {
  const { added, removedLeaves, externalInits } = proposals;
  if (sender.type === "member") {
    const removes = removedLeaves.length > 0;
    // Section 12.4: only a commit of adds alone may come without a path.
    return externalInits === 0 && (committer !== null || (added.length > 0 && !removes));
  }
  return externalInits === 1 && added.length === 0 && removedLeaves.length <= 1 && committer !== null;
}

function readProposals(reader: Reader): Proposals {
  const list = reader.elements();
  const found: Proposals = { added: [], removedLeaves: [], externalInits: 0 };
  while (list.more) {
    expect(list, list.uint8(), INLINE_PROPOSAL);
    readProposal(list, found);
  }
  reader.adopt(list);
  return found;
}

function readProposal(list: Reader, found: Proposals): void {
  switch (list.uint16()) {
    case PROPOSAL.add: {
      const { suite, leaf } = readKeyPackage(list);
      const { userId, deviceId, signatureKey } = leaf;
      found.added.push({ userId, deviceId, signatureKey, suite });
      break;
    }
    case PROPOSAL.remove:
      found.removedLeaves.push(list.uint32());
      break;
    case PROPOSAL.externalInit:
      list.vector(); // kem_output
      found.externalInits += 1;
      break;
    default:
      list.fail();
  }
  if (found.added.length + found.removedLeaves.length > LIMITS.devicesPerConversation) list.fail();
}

/** `optional<UpdatePath>` (RFC 9420, section 7.6): the committer's new leaf, and the nodes above it. */
function readPath(reader: Reader): LeafIdentity | null {
  const present = reader.uint8();
  if (present === 0) return null;
  expect(reader, present, 1);
  const { userId, deviceId, signatureKey, source } = readLeaf(reader);
  if (source !== "commit") reader.fail();
  readPathNodes(reader);
  return { userId, deviceId, signatureKey };
}

function readPathNodes(reader: Reader): void {
  const nodes = reader.elements();
  while (nodes.more) {
    nodes.vector(); // encryption_key
    const secrets = nodes.elements();
    while (secrets.more) {
      secrets.vector(); // kem_output
      secrets.vector(); // ciphertext
    }
    nodes.adopt(secrets);
  }
  reader.adopt(nodes);
}
