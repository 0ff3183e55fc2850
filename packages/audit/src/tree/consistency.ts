import { equalBytes } from "@rempart/kernel";
import type { TreeHash } from "./hash.ts";
import { isNotHash } from "./inclusion.ts";
import { siblingSides } from "./sibling-sides.ts";
import { isSize, type LeafRange, splitPoint } from "./subtrees.ts";

/**
 * The nodes that prove a tree of `size` leaves to start with the tree of `oldSize` leaves (RFC 6962, section 2.1.2).
 * Throws `TypeError` unless `0 < oldSize <= size`.
 */
export function consistencyRanges(oldSize: number, size: number): LeafRange[] {
  if (!isSize(oldSize) || !isSize(size) || oldSize === 0 || oldSize > size)
    throw new TypeError("a proof needs an older tree with leaves, no larger than the newer one");
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  let rightmost = true;
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start);
    if (oldSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
      rightmost = false;
    }
  }
  // The old root itself need not be sent: whoever checks holds it.
  if (!rightmost) ranges.push({ start, end });
  return ranges.reverse();
}

export interface Consistency {
  readonly oldSize: number;
  readonly size: number;
  readonly oldRoot: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether the newer tree only appended to the older one (RFC 9162, section 2.1.4.2). Never throws. */
export function verifyConsistency(hash: TreeHash, claim: Consistency): boolean {
  const { oldSize, size, oldRoot, root, proof } = claim;
  if (!isSize(oldSize) || !isSize(size) || oldSize > size || proof.some(isNotHash)) return false;
  if (oldSize === 0) return proof.length === 0 && equalBytes(oldRoot, hash.empty);
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root);
  return foldConsistency(hash, claim);
}

function foldConsistency(hash: TreeHash, { oldSize, size, oldRoot, root, proof }: Consistency): boolean {
  let node = oldSize - 1;
  let last = size - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  // An old tree that is one complete subtree is its own first node, and is not sent.
  const [first, ...siblings] = node === 0 ? [oldRoot, ...proof] : proof;
  const sides = siblingSides(node, last, siblings.length);
  if (first === undefined || sides === null) return false;
  let oldComputed = first;
  let computed = first;
  for (const [at, sibling] of siblings.entries()) {
    const left = sides[at] === "left";
    if (left) oldComputed = hash.node(sibling, oldComputed);
    computed = left ? hash.node(sibling, computed) : hash.node(computed, sibling);
  }
  return equalBytes(oldComputed, oldRoot) && equalBytes(computed, root);
}
