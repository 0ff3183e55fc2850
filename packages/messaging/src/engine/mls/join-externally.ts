import type {
  CiphersuiteImpl,
  ClientState,
  GroupInfo,
  KeyPackage,
  PrivateKeyPackage,
  Proposal,
  PublicMessage,
} from "ts-mls";
import { exportSecret, nextEpochContext } from "ts-mls/clientState.js";
import { createConfirmationTag, createContentCommitSignature } from "ts-mls/framedContent.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { getCommitSecret, pathToPathSecrets } from "ts-mls/pathSecrets.js";
import { toPrivateKeyPath, updateLeafKey } from "ts-mls/privateKeyPath.js";
import { addLeafNode, removeLeafNode } from "ts-mls/ratchetTree.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { leafWidth, nodeToLeafIndex, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js";
import { createUpdatePath } from "ts-mls/updatePath.js";
import { MessagingError } from "../errors.ts";
import { leafWithKey, validateGroupInfo } from "./join.ts";
import { type CredentialCheck, clientConfig } from "./policy.ts";

export interface ExternalJoin {
  readonly state: ClientState;
  readonly message: PublicMessage;
  /** The leaf of this device that the commit removed. */
  readonly formerLeaf: number | null;
}

/**
 * Joining by an external commit (RFC 9420, section 12.4.3.2), over the library's primitives for the reason given at
 * `validateTree`. The device's former leaf is removed by the same commit.
 */
export async function joinByExternalCommit(
  info: GroupInfo,
  keyPackage: KeyPackage,
  keys: PrivateKeyPackage,
  check: CredentialCheck,
  suite: CiphersuiteImpl,
): Promise<ExternalJoin> {
  const externalKey = info.extensions.find((extension) => extension.extensionType === "external_pub");
  if (externalKey === undefined) throw new MessagingError("malformed", "The group info has no external key");
  const tree = await validateGroupInfo(info, check, suite);

  const formerLeaf = leafWithKey(tree, keyPackage.leafNode.signaturePublicKey);
  const cleared = formerLeaf === null ? tree : removeLeafNode(tree, toLeafIndex(formerLeaf));
  const [grown, ownNode] = addLeafNode(cleared, keyPackage.leafNode);
  const ownLeaf = nodeToLeafIndex(ownNode);
  const [newTree, path, pathSecrets, leafKey] = await createUpdatePath(
    grown,
    ownLeaf,
    info.groupContext,
    keys.signaturePrivateKey,
    suite,
  );
  const pathKeys = await toPrivateKeyPath(pathToPathSecrets(pathSecrets), ownLeaf, suite);
  const top = pathSecrets.at(-1);
  const commitSecret =
    top === undefined
      ? new Uint8Array(suite.kdf.size)
      : await getCommitSecret(newTree, toNodeIndex(top.nodeIndex), top.secret, suite.kdf);

  const { enc, secret: initSecret } = await exportSecret(externalKey.extensionData, suite);
  const proposals: Proposal[] = [{ proposalType: "external_init", externalInit: { kemOutput: enc } }];
  if (formerLeaf !== null) proposals.unshift({ proposalType: "remove", remove: { removed: formerLeaf } });
  const { signature, framedContent } = await createContentCommitSignature(
    info.groupContext,
    "mls_public_message",
    { proposals: proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal })), path },
    { senderType: "new_member_commit" },
    new Uint8Array(),
    keys.signaturePrivateKey,
    suite.signature,
  );
  const groupContext = await nextEpochContext(
    info.groupContext,
    "mls_public_message",
    framedContent,
    signature,
    await treeHashRoot(newTree, suite.hash),
    info.confirmationTag,
    suite.hash,
  );
  const epoch = await initializeEpoch(
    initSecret,
    commitSecret,
    groupContext,
    new Uint8Array(suite.kdf.size),
    suite.kdf,
  );
  const confirmationTag = await createConfirmationTag(
    epoch.keySchedule.confirmationKey,
    groupContext.confirmedTranscriptHash,
    suite.hash,
  );
  const message = await protectPublicMessage(
    epoch.keySchedule.membershipKey,
    groupContext,
    {
      wireformat: "mls_public_message",
      content: framedContent,
      auth: { contentType: "commit", signature, confirmationTag },
    },
    suite,
  );
  const state: ClientState = {
    groupContext,
    ratchetTree: newTree,
    secretTree: await createSecretTree(leafWidth(newTree.length), epoch.encryptionSecret, suite.kdf),
    privatePath: updateLeafKey(pathKeys, await suite.hpke.exportPrivateKey(leafKey)),
    confirmationTag,
    historicalReceiverData: new Map(),
    signaturePrivateKey: keys.signaturePrivateKey,
    keySchedule: epoch.keySchedule,
    unappliedProposals: {},
    groupActiveState: { kind: "active" },
    clientConfig: clientConfig(check),
  };
  for (const used of [commitSecret, initSecret, epoch.encryptionSecret, epoch.joinerSecret]) used.fill(0);
  return { state, message, formerLeaf };
}
