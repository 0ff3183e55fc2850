import type { Network } from "./network.ts";

/** Something said about a network, in force until a moment (milliseconds since the epoch), or for good. */
export interface Entry extends Network {
  readonly until: number | null;
}

interface Node<T extends Entry> {
  readonly entry: T;
  /** The smallest network around this one. */
  readonly parent: Node<T> | null;
}

/**
 * Networks of one address family, for longest-prefix look-ups. Two networks are apart or one holds the other, so every network
 * around an address is an ancestor of the last one that starts at or before it: one binary search, then at most a step per bit.
 */
export class NetworkTable<T extends Entry> {
  readonly #nodes: readonly Node<T>[];

  constructor(entries: readonly T[]) {
    const sorted = entries.toSorted(byStartThenSize);
    const nodes: Node<T>[] = [];
    let around: Node<T> | null = null;
    for (const entry of sorted) {
      while (around !== null && around.entry.last < entry.first) around = around.parent;
      around = { entry, parent: around };
      nodes.push(around);
    }
    this.#nodes = nodes;
  }

  /** The narrowest entry around the address that is in force. */
  find(address: string, now: number): T | null {
    let node = this.#lastStartingBy(address);
    while (node !== null && !(address <= node.entry.last && isInForce(node.entry, now))) node = node.parent;
    return node?.entry ?? null;
  }

  #lastStartingBy(address: string): Node<T> | null {
    let low = 0;
    let high = this.#nodes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#nodes[middle] as Node<T>).entry.first <= address) low = middle + 1;
      else high = middle;
    }
    return this.#nodes[low - 1] ?? null;
  }
}

export function isInForce({ until }: { readonly until: number | null }, now: number): boolean {
  return until === null || now < until;
}

/** Of two entries for one network the one that ends later comes last, and so is found first. */
function byStartThenSize(a: Entry, b: Entry): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  if (a.prefix !== b.prefix) return a.prefix - b.prefix;
  return (a.until ?? Number.MAX_VALUE) - (b.until ?? Number.MAX_VALUE);
}
