import { type Bytes, concat } from "@rempart/kernel";
import type { ClientConfig, ClientState, RatchetTree, SecretTree, SecretTreeNode } from "ts-mls";
import { decodeGroupStateWithoutTree, encodeGroupStateWithoutTree } from "ts-mls/clientState.js";
import type { Decoder } from "ts-mls/codec/tlsDecoder.js";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import { decodeRatchetTree, ratchetTreeEncoder } from "ts-mls/ratchetTree.js";
import { decodeSecretTreeNode, secretTreeNodeEncoder } from "ts-mls/secretTree.js";
import { Reader } from "../../framing/reader.ts";
import { vector } from "../../framing/vector.ts";
import { MessagingError } from "../errors.ts";
import { MlsGroup } from "./state.ts";

/**
 * An exported group: a version byte, then three vectors: the ratchet tree, the ratchets of its leaves, and the rest of the
 * library's state. A later form takes the next number and keeps reading this one.
 */
const STATE_VERSION = 1;

/**
 * A message moves one leaf's ratchet and nothing else, and the library's values are never changed in place: what was
 * encoded once for a tree, or for one leaf's ratchets, is good for every later export of the epoch.
 */
const encodedTrees = new WeakMap<RatchetTree, Bytes>();
const encodedRatchets = new WeakMap<SecretTreeNode, Bytes>();

const encodeTree = encode(ratchetTreeEncoder);
const encodeRatchets = encode(secretTreeNodeEncoder);

export function exportState(state: ClientState): Bytes {
  const tree = once(encodedTrees, state.ratchetTree, () => vector(encodeTree(state.ratchetTree)));
  const ratchets = leafRatchets(state.secretTree).map((node) =>
    once(encodedRatchets, node, () => new Uint8Array(encodeRatchets(node))),
  );
  const rest = encodeGroupStateWithoutTree({ ...state, secretTree: [] });
  return concat(Uint8Array.of(STATE_VERSION), tree, vector(concat(...ratchets)), vector(rest));
}

function once<Key extends object>(cache: WeakMap<Key, Bytes>, key: Key, make: () => Bytes): Bytes {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

/** Only leaves have ratchets that are used: they stand at the even nodes. */
function leafRatchets(tree: SecretTree): SecretTreeNode[] {
  return tree.filter((_, node) => node % 2 === 0);
}

export function importState(bytes: Uint8Array, config: ClientConfig): MlsGroup {
  // The decoders answer with views of their input. A copy keeps `release` from overwriting the caller's bytes.
  const reader = new Reader(new Uint8Array(bytes));
  const version = reader.uint8();
  const [tree, ratchets, rest] = [reader.vector(), reader.vector(), reader.vector()];
  if (!reader.done || version !== STATE_VERSION) throw unreadable();
  try {
    const ratchetTree = whole(decodeRatchetTree, tree);
    const state = whole(decodeGroupStateWithoutTree(ratchetTree), rest);
    return new MlsGroup({ ...state, secretTree: secretTree(ratchets), clientConfig: config });
  } catch (cause) {
    throw unreadable(cause);
  }
}

function whole<T>(decode: Decoder<T>, bytes: Uint8Array): T {
  const decoded = decode(bytes, 0);
  if (decoded === undefined || decoded[1] !== bytes.length) throw unreadable();
  return decoded[0];
}

const NO_RATCHET = { secret: new Uint8Array(), generation: 0, unusedGenerations: {} };
const NO_RATCHETS: SecretTreeNode = { handshake: NO_RATCHET, application: NO_RATCHET };

function secretTree(bytes: Uint8Array): SecretTree {
  const tree: SecretTree = [];
  for (let at = 0; at < bytes.length; ) {
    const decoded = decodeSecretTreeNode(bytes, at);
    if (decoded === undefined) throw unreadable();
    if (tree.length > 0) tree.push(NO_RATCHETS);
    tree.push(decoded[0]);
    at += decoded[1];
  }
  return tree;
}

function unreadable(cause?: unknown): MessagingError {
  return new MessagingError("unreadable-state", "The stored group cannot be read", { cause });
}
