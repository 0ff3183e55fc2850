import { equalBytes } from "@rempart/kernel";
import type {
  CiphersuiteImpl,
  ClientState,
  GroupInfo,
  KeyPackage,
  PrivateKeyPackage,
  RatchetTree,
  Welcome,
} from "ts-mls";
import {
  ratchetTreeFromExtension,
  verifyGroupInfoConfirmationTag,
  verifyGroupInfoSignature,
} from "ts-mls/groupInfo.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { deriveKeySchedule } from "ts-mls/keySchedule.js";
import { pathToRoot } from "ts-mls/pathSecrets.js";
import { mergePrivateKeyPaths, toPrivateKeyPath } from "ts-mls/privateKeyPath.js";
import { findLeafIndex } from "ts-mls/ratchetTree.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
import { firstCommonAncestor } from "ts-mls/updatePath.js";
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
import { MessagingError } from "../errors.ts";
import { type CredentialCheck, clientConfig } from "./policy.ts";
import { validateTree } from "./tree.ts";

/**
 * Joining by a welcome (RFC 9420, section 12.4.3.1), over the library's primitives with our validation of the tree (see
 * `validateTree` for why the library's own `joinGroup` cannot serve). Pre-shared keys and group context extensions, which
 * we never use, are refused instead of handled.
 */
export async function joinByWelcome(
  welcome: Welcome,
  keyPackage: KeyPackage,
  keys: PrivateKeyPackage,
  check: CredentialCheck,
  suite: CiphersuiteImpl,
): Promise<ClientState> {
  const noPsk = new Uint8Array(suite.kdf.size);
  const reference = await makeKeyPackageRef(keyPackage, suite.hash);
  const initKey = await suite.hpke.importPrivateKey(keys.initPrivateKey);
  const secrets = await decryptGroupSecrets(initKey, reference, welcome, suite.hpke);
  if (secrets === undefined || secrets.psks.length > 0) refuse("malformed", "The group secrets are not ours");
  const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
  if (info === undefined) refuse("malformed", "The group info cannot be read");
  const tree = await validateGroupInfo(info, check, suite);
  if (!(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, suite)))
    refuse("tampered", "The confirmation tag does not verify");

  const leafIndex = findLeafIndex(tree, keyPackage.leafNode);
  if (leafIndex === undefined) refuse("tampered", "This device's leaf is not in the tree");
  const ownKeys = { leafIndex, privateKeys: { [leafToNodeIndex(leafIndex)]: keys.hpkePrivateKey } };
  const ancestor = firstCommonAncestor(tree, leafIndex, toLeafIndex(info.signer));
  const pathKeys =
    secrets.pathSecret === undefined
      ? ownKeys
      : await toPrivateKeyPath(
          await pathToRoot(tree, ancestor, secrets.pathSecret, suite.kdf),
          leafIndex,
          suite,
        );
  const [keySchedule, encryptionSecret] = await deriveKeySchedule(
    secrets.joinerSecret,
    noPsk,
    info.groupContext,
    suite.kdf,
  );
  const secretTree = await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf);
  encryptionSecret.fill(0);
  secrets.joinerSecret.fill(0);
  return {
    groupContext: info.groupContext,
    ratchetTree: tree,
    privatePath: mergePrivateKeyPaths(pathKeys, ownKeys),
    signaturePrivateKey: keys.signaturePrivateKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree,
    historicalReceiverData: new Map(),
    groupActiveState: { kind: "active" },
    clientConfig: clientConfig(check),
  };
}

/** Everything a group info claims, verified: who signed it, its tree, its suite. Answers with the tree. */
export async function validateGroupInfo(
  info: GroupInfo,
  check: CredentialCheck,
  suite: CiphersuiteImpl,
): Promise<RatchetTree> {
  if (info.groupContext.cipherSuite !== suite.name) refuse("malformed", "The group info is of another suite");
  if (info.groupContext.extensions.length > 0) refuse("malformed", "The group has extensions");
  const tree = ratchetTreeFromExtension(info);
  if (tree === undefined) refuse("malformed", "The group info has no tree");
  const signer = tree[leafToNodeIndex(toLeafIndex(info.signer))];
  if (signer?.nodeType !== "leaf") refuse("tampered", "The signer is not in the tree");
  // The signer first: what is dear to check is checked only of a device that the directory knows.
  const { credential, signaturePublicKey } = signer.leaf;
  if (!(await check.validateCredential(credential, signaturePublicKey)))
    refuse("tampered", "The signer's credential is not confirmed");
  if (!(await verifyGroupInfoSignature(info, signaturePublicKey, suite.signature)))
    refuse("tampered", "The group info's signature does not verify");
  await validateTree(tree, info.groupContext, check, suite);
  return tree;
}

/** The leaf that carries this signature key, or null. */
export function leafWithKey(tree: RatchetTree, signatureKey: Uint8Array): number | null {
  const node = tree.findIndex(
    (found) => found?.nodeType === "leaf" && equalBytes(found.leaf.signaturePublicKey, signatureKey),
  );
  return node === -1 ? null : node / 2;
}

function refuse(code: "malformed" | "tampered", message: string): never {
  throw new MessagingError(code, message);
}
