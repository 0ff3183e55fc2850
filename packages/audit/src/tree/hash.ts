/** Hashing of RFC 6962, section 2.1: leaves and nodes are told apart by their first byte, so that neither passes for the other. */

/** SHA-256 of the whole input, 32 bytes. Synchronous, so that the same code hashes in a browser and in Node. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const HASH_BYTES = 32;

const LEAF = 0x00;
const NODE = 0x01;

export interface TreeHash {
  /** Hash of an entry's bytes. */
  leaf(entry: Uint8Array): Uint8Array;
  /** Hash of a node over its two children. */
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** The root of a tree without leaves. */
  readonly empty: Uint8Array;
}

export function treeHash(sha256: Sha256): TreeHash {
  const pair = new Uint8Array(1 + 2 * HASH_BYTES);
  pair[0] = NODE;
  return {
    leaf(entry) {
      const input = new Uint8Array(1 + entry.length);
      input[0] = LEAF;
      input.set(entry, 1);
      return sha256(input);
    },
    node(left, right) {
      pair.set(left, 1);
      pair.set(right, 1 + HASH_BYTES);
      return sha256(pair);
    },
    empty: sha256(new Uint8Array(0)),
  };
}
