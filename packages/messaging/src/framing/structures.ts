import type { Suite } from "../contract/index.ts";
import { type DeviceIdentity, decodeIdentity } from "./identity.ts";
import type { Reader } from "./reader.ts";
import { suiteOfNumber } from "./suites.ts";

/** Structures of RFC 9420 that several messages carry. Each parser reads exactly its structure, or fails its reader. */

export const MLS_1_0 = 1;
/** A conversation id has 36 bytes; nothing of ours is longer. */
const MAX_GROUP_ID_BYTES = 64;
const MAX_EXTENSIONS = 16;
const ED25519_KEY_BYTES = 32;
const BASIC_CREDENTIAL = 1;

/** A device as its leaf presents it. Nothing is verified: compare with the directory before believing it. */
export interface LeafIdentity extends DeviceIdentity {
  /** Ed25519 public key, 32 bytes. */
  readonly signatureKey: Uint8Array;
}

export interface Leaf extends LeafIdentity {
  readonly source: "key-package" | "update" | "commit";
  /** Unix seconds; 0 unless the leaf comes from a key package. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export function readSuite(reader: Reader): Suite {
  const suite = suiteOfNumber(reader.uint16());
  if (suite === null) reader.fail();
  return suite ?? "x25519";
}

export function readGroupId(reader: Reader): string {
  return reader.text(MAX_GROUP_ID_BYTES);
}

export function expect(reader: Reader, found: number, wanted: number): void {
  if (found !== wanted) reader.fail();
}

/** Extension types, in order (RFC 9420, section 13.4); a repeated type fails. */
export function readExtensions(reader: Reader): number[] {
  const list = reader.elements();
  const types: number[] = [];
  while (list.more) {
    const type = list.uint16();
    list.vector();
    if (types.includes(type) || types.length >= MAX_EXTENSIONS) list.fail();
    types.push(type);
  }
  reader.adopt(list);
  return types;
}

/** LeafNode (RFC 9420, section 7.2) with our basic credential; any other credential fails. */
export function readLeaf(reader: Reader): Leaf {
  reader.vector(); // encryption_key
  const signatureKey = reader.vector();
  expect(reader, signatureKey.length, ED25519_KEY_BYTES);
  expect(reader, reader.uint16(), BASIC_CREDENTIAL);
  const identity = decodeIdentity(reader.vector());
  if (identity === null) reader.fail();
  readCapabilities(reader);
  const source = readLeafSource(reader);
  readExtensions(reader);
  reader.vector(); // signature
  return { userId: identity?.userId ?? "", deviceId: identity?.deviceId ?? "", signatureKey, ...source };
}

/** Capabilities (RFC 9420, section 7.2): MLS 1.0 and the basic credential alone; any suites, extensions and proposals. */
function readCapabilities(reader: Reader): void {
  readNumbers(reader, (version) => version === MLS_1_0);
  for (let i = 0; i < 3; i += 1) readNumbers(reader, () => true);
  readNumbers(reader, (credential) => credential === BASIC_CREDENTIAL);
}

function readNumbers(reader: Reader, isAccepted: (number: number) => boolean): void {
  const list = reader.elements();
  while (list.more) if (!isAccepted(list.uint16())) list.fail();
  reader.adopt(list);
}

function readLeafSource(reader: Reader): Pick<Leaf, "source" | "notBefore" | "notAfter"> {
  switch (reader.uint8()) {
    case 1:
      return {
        source: "key-package",
        notBefore: reader.uint64Saturating(),
        notAfter: reader.uint64Saturating(),
      };
    case 2:
      return { source: "update", notBefore: 0, notAfter: 0 };
    case 3:
      reader.vector(); // parent_hash
      return { source: "commit", notBefore: 0, notAfter: 0 };
    default:
      reader.fail();
      return { source: "update", notBefore: 0, notAfter: 0 };
  }
}

export interface KeyPackageParts {
  readonly suite: Suite;
  readonly leaf: Leaf;
}

/** KeyPackage (RFC 9420, section 10). */
export function readKeyPackage(reader: Reader): KeyPackageParts {
  expect(reader, reader.uint16(), MLS_1_0);
  const suite = readSuite(reader);
  reader.vector(); // init_key
  const leaf = readLeaf(reader);
  if (leaf.source !== "key-package") reader.fail();
  readExtensions(reader);
  reader.vector(); // signature
  return { suite, leaf };
}

export type Sender =
  | { readonly type: "member"; readonly leafIndex: number }
  | { readonly type: "new-member-commit" };

/** Sender (RFC 9420, section 6): external senders and new-member proposals are not used, and fail. */
export function readSender(reader: Reader): Sender {
  const type = reader.uint8();
  if (type === 1) return { type: "member", leafIndex: reader.uint32() };
  if (type !== 4) reader.fail();
  return { type: "new-member-commit" };
}
