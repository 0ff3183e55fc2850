import { equalBytes, toHex } from "@rempart/kernel";
import type { CiphersuiteImpl, GroupContext, LeafNode, RatchetTree } from "ts-mls";
import { verifyLeafNodeSignature } from "ts-mls/leafNode.js";
import { verifyParentHashes } from "ts-mls/parentHash.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
import { LIMITS } from "../../contract/index.ts";
import { MessagingError } from "../errors.ts";
import type { CredentialCheck } from "./policy.ts";

/**
 * Validates a ratchet tree received with a welcome or a group info (RFC 9420, sections 12.4.3.1 and 7.9.2). This stands
 * in for the library's own check, which demands that all ancestors of an unmerged leaf list the same unmerged leaves. The
 * RFC asks only that those between the leaf and the listing node do too, so ordinary groups (a device added after
 * another was removed, then a commit elsewhere in the tree) could not be joined any more.
 */
export async function validateTree(
  tree: RatchetTree,
  context: GroupContext,
  check: CredentialCheck,
  suite: CiphersuiteImpl,
): Promise<void> {
  checkStructure(tree);
  checkUniqueKeys(tree);
  for (let node = 0; node < tree.length; node += 2) {
    const found = tree[node];
    if (found?.nodeType === "leaf") await checkLeaf(found.leaf, node / 2, context, check, suite);
  }
  if (!equalBytes(context.treeHash, await treeHashRoot(tree, suite.hash)))
    refuse("The tree has another hash");
  if (!(await verifyParentHashes(tree, suite.hash))) refuse("A parent hash does not verify");
}

function refuse(message: string): never {
  throw new MessagingError("tampered", message);
}

/** A tree of the most devices has twice as many nodes, rounded up to a full binary tree. */
const MAX_NODES = 4 * LIMITS.devicesPerConversation;

function checkStructure(tree: RatchetTree): void {
  if (tree.length > MAX_NODES) refuse("The tree is too large");
  const listed = tree.map((node) => new Set(node?.nodeType === "parent" ? node.parent.unmergedLeaves : []));
  for (const [index, node] of tree.entries()) {
    if (node === undefined) continue;
    const isLeafPlace = index % 2 === 0;
    if ((node.nodeType === "leaf") !== isLeafPlace) refuse("A node stands in the wrong place");
    if (node.nodeType === "parent") checkUnmergedLeaves(tree, listed, index, node.parent.unmergedLeaves);
  }
}

/** Section 12.4.3.1: an unmerged leaf is a non-blank descendant, and every non-blank node in between lists it too. */
function checkUnmergedLeaves(
  tree: RatchetTree,
  listed: readonly ReadonlySet<number>[],
  index: number,
  unmerged: readonly number[],
): void {
  let previous = -1;
  for (const leaf of unmerged) {
    if (leaf <= previous) refuse("Unmerged leaves are not in order");
    previous = leaf;
    const leafNode = leafToNodeIndex(toLeafIndex(leaf));
    // Before its path is asked for: of a leaf outside of the tree the library's directPath never ends.
    if (tree[leafNode]?.nodeType !== "leaf") refuse("An unmerged leaf is not below its node");
    const path: readonly number[] = directPath(leafNode, leafWidth(tree.length));
    const place = path.indexOf(index);
    if (place === -1) refuse("An unmerged leaf is not below its node");
    for (const between of path.slice(0, place)) {
      const node = tree[between];
      if (node?.nodeType === "parent" && !listed[between]?.has(leaf))
        refuse("A node in between does not list an unmerged leaf");
    }
  }
}

function checkUniqueKeys(tree: RatchetTree): void {
  const encryptionKeys = new Set<string>();
  const signatureKeys = new Set<string>();
  for (const node of tree) {
    if (node === undefined) continue;
    const key = node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey;
    addOnce(encryptionKeys, key);
    if (node.nodeType === "leaf") addOnce(signatureKeys, node.leaf.signaturePublicKey);
  }
}

function addOnce(keys: Set<string>, key: Uint8Array): void {
  const text = toHex(key);
  if (keys.has(text)) refuse("Two nodes have the same key");
  keys.add(text);
}

/** Section 7.3. Lifetimes are not checked: a member stays one when the key package it once came with has run out. */
async function checkLeaf(
  leaf: LeafNode,
  leafIndex: number,
  context: GroupContext,
  check: CredentialCheck,
  suite: CiphersuiteImpl,
): Promise<void> {
  if (!(await verifyLeafNodeSignature(leaf, context.groupId, leafIndex, suite.signature)))
    refuse("A leaf's signature does not verify");
  if (leaf.extensions.length > 0) refuse("A leaf has extensions");
  if (!leaf.capabilities.credentials.includes("basic"))
    refuse("A leaf does not support the group's credentials");
  if (!(await check.validateCredential(leaf.credential, leaf.signaturePublicKey)))
    refuse("A leaf's credential is not confirmed");
}
