import { z } from "zod";
import { LIMITS } from "./limits.ts";
import { base64url, epoch, role, seq, suite, timestamp, uuid } from "./primitives.ts";

export const user = z.strictObject({
  id: uuid,
  name: z.string(),
  /** Present for oneself and for somebody found by the exact address. */
  email: z.string().optional(),
});
export type User = z.infer<typeof user>;

export const account = z.strictObject({
  id: uuid,
  name: z.string(),
  email: z.string(),
  role: z.enum(["USER", "MODERATOR", "ADMIN"]),
  createdAt: timestamp,
  /** Null: nobody has shown yet that mail to this address reaches its owner. */
  emailVerifiedAt: timestamp.nullable(),
  /** A password alone signs nobody in. */
  mfaEnabled: z.boolean(),
  /** The role demands a second factor and there is none: until one is added, nothing of the role can be done. */
  mfaRequired: z.boolean(),
});
export type Account = z.infer<typeof account>;

export const session = z.strictObject({
  id: uuid,
  current: z.boolean(),
  createdAt: timestamp,
  lastUsedAt: timestamp,
  expiresAt: timestamp,
  userAgent: z.string(),
  address: z.string(),
  /** How the person proved who they are (RFC 8176). */
  amr: z.array(z.string()),
});
export type Session = z.infer<typeof session>;

export const signedIn = z.strictObject({
  account,
  session,
  /** Rises when the database was restored from a backup: the client compares and resynchronises. */
  incarnation: z.int(),
});
export type SignedIn = z.infer<typeof signedIn>;

/** What others may know of a device: enough to check its credential and to compare safety numbers. */
export const publicDevice = z.strictObject({
  id: uuid,
  userId: uuid,
  /** Ed25519 public key that every leaf of this device carries. */
  signatureKey: base64url(LIMITS.signatureKeyBytes),
  createdAt: timestamp,
  revokedAt: timestamp.nullable(),
});
export type PublicDevice = z.infer<typeof publicDevice>;

export const device = z.strictObject({
  ...publicDevice.shape,
  name: z.string(),
  lastUsedAt: timestamp,
  /** Unclaimed key packages left on the server, by suite. */
  keyPackages: z.record(suite, z.int()),
  /** Whether a last-resort key package stands there that nobody was given and that lasts another month, by suite. */
  lastResort: z.record(suite, z.boolean()),
});
export type Device = z.infer<typeof device>;

export const member = z.strictObject({
  userId: uuid,
  name: z.string(),
  role,
  joinedAt: timestamp,
  /** Everything up to here has reached at least one of this member's devices. */
  delivered: seq,
  /** Everything up to here was read by this member. */
  read: seq,
});
export type Member = z.infer<typeof member>;

export const conversation = z.strictObject({
  id: uuid,
  kind: z.enum(["direct", "group"]),
  suite,
  epoch,
  head: seq,
  /** The asking member may read from here on (exclusive): nothing from before they joined. */
  joinedSeq: seq,
  createdAt: timestamp,
  lastMessageAt: timestamp,
  members: z.array(member),
  /** Devices whose leaf is in the group's tree. */
  devices: z.array(uuid),
  /** Devices still in the tree whose member left or that were revoked: the next committer removes them. */
  orphans: z.array(uuid),
});
export type Conversation = z.infer<typeof conversation>;

/** Something the server did to the conversation; it stands in the sequence like a message. */
export const conversationEvent = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("left"), userId: uuid }),
  z.strictObject({ type: z.literal("role"), userId: uuid, role }),
]);
export type ConversationEvent = z.infer<typeof conversationEvent>;

/** What a commit did to the membership, as declared by its sender and checked by the server. */
export const membershipChange = z.strictObject({
  addedUsers: z.array(uuid),
  removedUsers: z.array(uuid),
  addedDevices: z.array(uuid),
  removedDevices: z.array(uuid),
  /** True when the sender (re-)joined by itself, without a welcome (RFC 9420, section 12.4.3.2). */
  external: z.boolean(),
});
export type MembershipChange = z.infer<typeof membershipChange>;

const placed = {
  id: uuid,
  conversationId: uuid,
  seq,
  senderId: uuid,
  sentAt: timestamp,
};

export const message = z.discriminatedUnion("kind", [
  z.strictObject({
    ...placed,
    kind: z.literal("application"),
    deviceId: uuid,
    epoch,
    body: base64url(LIMITS.applicationMessageBytes),
  }),
  z.strictObject({
    ...placed,
    kind: z.literal("commit"),
    deviceId: uuid,
    /** The epoch the commit starts from; the group is in `epoch + 1` after it. */
    epoch,
    body: base64url(LIMITS.commitBytes),
    change: membershipChange,
  }),
  z.strictObject({ ...placed, kind: z.literal("event"), event: conversationEvent }),
]);
export type Message = z.infer<typeof message>;

export const welcome = z.strictObject({
  id: uuid,
  conversationId: uuid,
  /** Position of the commit that added the device: its history starts after it. */
  seq,
  epoch,
  suite,
  /** MLS Welcome with the ratchet tree inside its group info. */
  body: base64url(LIMITS.welcomeBytes),
});
export type Welcome = z.infer<typeof welcome>;
