/**
 * How a range of leaves falls into complete subtrees. Indices and sizes are whole numbers below 2^53; bit operators of the
 * language end at 2^31, so halving is division here.
 */

/** The complete subtree over leaves `[index · 2^level, (index + 1) · 2^level)`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `start` up to, not including, `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The largest power of two below `size`: where RFC 6962 splits a tree of more than one leaf. */
export function splitPoint(size: number): number {
  let point = 1;
  while (point * 2 < size) point *= 2;
  return point;
}

/**
 * The complete subtrees a range consists of, largest first. Only for ranges that are themselves nodes of some tree: they
 * start at a multiple of their first subtree's size.
 */
export function subtreesOf({ start, end }: LeafRange): Subtree[] {
  const subtrees: Subtree[] = [];
  let from = start;
  while (from < end) {
    let level = 0;
    let size = 1;
    while (from % (size * 2) === 0 && from + size * 2 <= end) {
      size *= 2;
      level += 1;
    }
    subtrees.push({ level, index: from / size });
    from += size;
  }
  return subtrees;
}

/** The hash of a range from the hashes of its complete subtrees, largest first. Undefined for none. */
export function foldSubtrees(
  hashes: readonly Uint8Array[],
  node: (left: Uint8Array, right: Uint8Array) => Uint8Array,
): Uint8Array | undefined {
  let folded: Uint8Array | undefined;
  for (let i = hashes.length - 1; i >= 0; i -= 1) {
    const hash = hashes[i] as Uint8Array;
    folded = folded === undefined ? hash : node(hash, folded);
  }
  return folded;
}

export function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
