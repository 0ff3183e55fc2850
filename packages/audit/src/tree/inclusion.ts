import { equalBytes } from "@rempart/kernel";
import { HASH_BYTES, type TreeHash } from "./hash.ts";
import { siblingSides } from "./sibling-sides.ts";
import { isSize, type LeafRange, splitPoint } from "./subtrees.ts";

/**
 * The siblings on the way from leaf `index` up to the root of a tree of `size` leaves, the leaf's own first (RFC 6962,
 * section 2.1.1). Throws `TypeError` when the tree has no such leaf.
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!isSize(index) || !isSize(size) || index >= size) throw new TypeError("the tree has no such leaf");
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

export interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Whether the leaf stands at this index of the tree with this root (RFC 9162, section 2.1.3.2). Never throws. */
export function verifyInclusion(hash: TreeHash, { index, size, leaf, proof, root }: Inclusion): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || proof.some(isNotHash)) return false;
  const sides = siblingSides(index, size - 1, proof.length);
  if (sides === null) return false;
  const computed = proof.reduce(
    (node, sibling, at) => (sides[at] === "left" ? hash.node(sibling, node) : hash.node(node, sibling)),
    leaf,
  );
  return equalBytes(computed, root);
}

export function isNotHash(bytes: Uint8Array): boolean {
  return bytes.length !== HASH_BYTES;
}
