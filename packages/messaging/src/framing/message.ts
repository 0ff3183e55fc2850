import { LIMITS, type Suite } from "../contract/index.ts";
import { Reader } from "./reader.ts";
import {
  expect,
  MLS_1_0,
  readExtensions,
  readGroupId,
  readKeyPackage,
  readSender,
  readSuite,
  type Sender,
} from "./structures.ts";

/** Wire formats (RFC 9420, section 17.2). */
export const WIRE_FORMATS = { public: 1, private: 2, welcome: 3, groupInfo: 4, keyPackage: 5 } as const;

export type ContentType = "application" | "proposal" | "commit";

/** What the framing of an MLS message says in clear. Nothing of it is authenticated. */
export type MlsMessageInfo =
  | {
      readonly wireFormat: "public";
      readonly groupId: string;
      readonly epoch: number;
      readonly contentType: Exclude<ContentType, "application">;
      readonly authenticatedData: Uint8Array;
      readonly sender: Sender;
    }
  | {
      readonly wireFormat: "private";
      readonly groupId: string;
      readonly epoch: number;
      readonly contentType: ContentType;
      readonly authenticatedData: Uint8Array;
    }
  | { readonly wireFormat: "welcome"; readonly suite: Suite; readonly recipients: number }
  | {
      readonly wireFormat: "group-info";
      readonly suite: Suite;
      readonly groupId: string;
      readonly epoch: number;
      /** True when a device can join by an external commit with these bytes alone. */
      readonly joinable: boolean;
    }
  | { readonly wireFormat: "key-package"; readonly suite: Suite };

/** The largest message any route accepts. */
const MAX_BYTES = Math.max(LIMITS.welcomeBytes, LIMITS.groupInfoBytes, LIMITS.commitBytes);

/**
 * Reads the framing of an MLSMessage (RFC 9420, section 6) without decrypting or verifying anything. Null for garbage,
 * truncated or trailing bytes, other protocol versions and cipher suites we do not use. A private message, the hot path
 * of the server, is read to its last byte in constant time but for its group id; `authenticatedData` is a view of the
 * input. Of a public message only what stands before the content is read: see `inspectCommit`.
 */
export function inspectMlsMessage(bytes: Uint8Array): MlsMessageInfo | null {
  if (bytes.length > MAX_BYTES) return null;
  const reader = new Reader(bytes);
  expect(reader, reader.uint16(), MLS_1_0);
  switch (reader.uint16()) {
    case WIRE_FORMATS.private:
      return readPrivate(reader);
    case WIRE_FORMATS.public:
      return readPublic(reader);
    case WIRE_FORMATS.welcome:
      return readWelcome(reader);
    case WIRE_FORMATS.groupInfo:
      return readGroupInfo(reader);
    case WIRE_FORMATS.keyPackage: {
      const { suite } = readKeyPackage(reader);
      return reader.done ? { wireFormat: "key-package", suite } : null;
    }
    default:
      return null;
  }
}

const CONTENT_TYPES: readonly (ContentType | undefined)[] = [undefined, "application", "proposal", "commit"];

/** PrivateMessage (RFC 9420, section 6.3). */
function readPrivate(reader: Reader): MlsMessageInfo | null {
  const groupId = readGroupId(reader);
  const epoch = reader.uint64();
  const contentType = CONTENT_TYPES[reader.uint8()];
  const authenticatedData = reader.vector();
  reader.vector(); // encrypted_sender_data
  reader.vector(); // ciphertext
  if (!reader.done || contentType === undefined) return null;
  return { wireFormat: "private", groupId, epoch, contentType, authenticatedData };
}

function readPublic(reader: Reader): MlsMessageInfo | null {
  const groupId = readGroupId(reader);
  const epoch = reader.uint64();
  const sender = readSender(reader);
  const authenticatedData = reader.vector();
  const contentType = CONTENT_TYPES[reader.uint8()];
  // Section 6.2: an application message must not be sent in clear.
  if (!reader.more || contentType === undefined || contentType === "application") return null;
  return { wireFormat: "public", groupId, epoch, contentType, authenticatedData, sender };
}

/** Welcome (RFC 9420, section 12.4.3.1). */
function readWelcome(reader: Reader): MlsMessageInfo | null {
  const suite = readSuite(reader);
  const secrets = reader.elements();
  let recipients = 0;
  for (; secrets.more; recipients += 1) {
    secrets.vector(); // new_member
    secrets.vector(); // kem_output
    secrets.vector(); // ciphertext
    if (recipients > LIMITS.devicesPerConversation) secrets.fail();
  }
  reader.adopt(secrets);
  reader.vector(); // encrypted_group_info
  return reader.done && recipients > 0 ? { wireFormat: "welcome", suite, recipients } : null;
}

const EXTENSION = { ratchetTree: 2, externalPub: 4 } as const;

/** GroupInfo (RFC 9420, section 12.4.3). */
function readGroupInfo(reader: Reader): MlsMessageInfo | null {
  expect(reader, reader.uint16(), MLS_1_0);
  const suite = readSuite(reader);
  const groupId = readGroupId(reader);
  const epoch = reader.uint64();
  reader.vector(); // tree_hash
  reader.vector(); // confirmed_transcript_hash
  readExtensions(reader); // of the group context
  const extensions = readExtensions(reader);
  reader.vector(); // confirmation_tag
  reader.uint32(); // signer
  reader.vector(); // signature
  if (!reader.done) return null;
  const joinable = extensions.includes(EXTENSION.ratchetTree) && extensions.includes(EXTENSION.externalPub);
  return { wireFormat: "group-info", suite, groupId, epoch, joinable };
}

export interface GroupInfoInfo {
  readonly groupId: string;
  readonly epoch: number;
  readonly suite: Suite;
  readonly joinable: boolean;
}

/** A GroupInfo message, or null. Its signature and tree are verified by the device that joins with it. */
export function inspectGroupInfo(bytes: Uint8Array): GroupInfoInfo | null {
  const info = inspectMlsMessage(bytes);
  if (info?.wireFormat !== "group-info") return null;
  const { groupId, epoch, suite, joinable } = info;
  return { groupId, epoch, suite, joinable };
}
