/** What each table holds once decrypted, and how its keys are made. */
import type { Bytes } from "@rempart/kernel";
import type { Content } from "@rempart/messaging";
import type { Durable } from "@rempart/messaging/client";
import type { CommitBody, Member, NewConversationBody, Role, Suite } from "@rempart/messaging/contract";
import type { Me, TimelineItem } from "../../client/api.ts";
import type { KeyLogState, LogFault } from "../transparency/follow.ts";
import type { Range } from "./storage.ts";

export type Undecryptable = Extract<TimelineItem, { kind: "undecryptable" }>["reason"];

export interface Records {
  /** `state`, `refreshed` and `key-log` in an account's store, `last-account` and `erasure` in the browser's own. */
  meta: MetaRecord | RefreshRecord | KeyLogRecord | ErasureRecord | Me;
  device: DeviceRecord;
  keyPackages: KeyPackageRecord;
  /** At the conversation's id the MLS state, sealed as bytes; at `<id>/pending` the commit under way. */
  groups: Bytes | PendingCommitRecord;
  messages: MessageRecord;
  outbox: OutboxRecord;
  /** At the conversation's id its place, at `<id>/roster` who is in it: the first changes with every message. */
  conversations: PlaceRecord | RosterRecord;
  people: PersonRecord;
  verified: VerifiedRecord;
}

export interface MetaRecord {
  readonly incarnation: number;
}

/** When this browser last replaced its session's token, in Unix milliseconds. */
export interface RefreshRecord {
  readonly refreshedAt: number;
}

/** The account whose deletion was asked for here, while the server's answer is not known. */
export interface ErasureRecord {
  readonly erasing: string;
}

/** What this browser knows of the account's key log. */
export interface KeyLogRecord {
  /** Null before the first look. */
  readonly log: KeyLogState | null;
  /** Devices that were there at the first look, and those that the owner said are theirs. */
  readonly known: readonly string[];
  /** Kept: a log that lied once does not become honest by an honest answer. */
  readonly fault: LogFault | null;
  /** The log did not tell of all that is seen elsewhere when it was last looked at. */
  readonly inDoubt: boolean;
}

/** At the key `self`: this browser's device. The private key never leaves the vault but to the engine. */
export interface DeviceRecord {
  readonly id: string;
  readonly signatureKey: string;
  readonly privateKey: string;
}

/** At the key package's hash reference. */
export interface KeyPackageRecord {
  readonly suite: Suite;
  readonly secret: string;
  /** Unix seconds. */
  readonly notAfter: number;
  /** Others may be using it too: joining with it does not use it up. */
  readonly lastResort?: true;
}

/**
 * A commit that was built and saved but whose place in the conversation is not known yet. It is sent again, under the
 * same id, until the server places it or says that another commit came first.
 */
export interface PendingCommitRecord {
  readonly id: string;
  readonly body: CommitBody;
  /** The group's state after the commit, base64url. */
  readonly next: string;
  /** Set for the first commit of a conversation that this device creates. */
  readonly creates: Pick<NewConversationBody, "kind" | "suite"> | null;
}

/** What stands in a conversation at one position. An empty list of items is a position with nothing to show. */
export interface MessageRecord {
  readonly seq: number;
  readonly items: readonly StoredItem[];
}

interface StoredItemBase {
  readonly id: string;
  readonly at: number;
  readonly senderId: string;
}

export type StoredItem =
  | (StoredItemBase & { readonly kind: "text"; readonly text: string })
  | (StoredItemBase & { readonly kind: "undecryptable"; readonly reason: Undecryptable })
  | (StoredItemBase & { readonly kind: "notice"; readonly notice: StoredNotice });

/** A `Notice` with ids in place of people: names are looked up when it is shown. */
export type StoredNotice =
  | { readonly type: "created" }
  | { readonly type: "added"; readonly userIds: readonly string[] }
  | { readonly type: "removed"; readonly userIds: readonly string[] }
  | { readonly type: "left" }
  | { readonly type: "renamed"; readonly title: string }
  | { readonly type: "role"; readonly userId: string; readonly role: Role }
  | {
      readonly type: "devices-changed";
      readonly userId: string;
      readonly added: number;
      readonly removed: number;
    }
  | { readonly type: "rejoined" };

/** What a message of ours says, until the stream reaches it. How far it got stands in the place's `machine`. */
export interface OutboxRecord {
  readonly id: string;
  readonly conversationId: string;
  readonly content: Content;
  readonly createdAt: number;
}

/** Where this device stands in a conversation, and what the list of conversations shows of it. */
export interface PlaceRecord {
  readonly id: string;
  readonly kind: "direct" | "group";
  readonly suite: Suite;
  readonly createdAt: number;
  readonly lastActivityAt: number;
  /** A group's, decrypted; of a direct conversation, the name of who is gone from it. */
  readonly title: string | null;
  readonly draft: string;
  /** False until this device was in the group for the first time. */
  readonly joined: boolean;
  /** Everything up to here was read, on any of the user's devices. */
  readonly readSeq: number;
  readonly unread: number;
  readonly preview: { readonly seq: number; readonly item: StoredItem } | null;
  /** The state machine's part: the cursor, the epoch, the outbox, the pending commit. */
  readonly machine: Durable;
}

export interface RosterRecord {
  readonly members: readonly Member[];
  /** Devices whose leaf is in the group's tree. */
  readonly devices: readonly string[];
  /** Devices that the next committer removes. */
  readonly orphans: readonly string[];
}

export interface PersonRecord {
  readonly id: string;
  readonly name: string;
  /** Signature keys by device id, pinned at first sight: a device never changes its key. */
  readonly devices: Readonly<Record<string, PinnedDevice>>;
}

export interface PinnedDevice {
  readonly signatureKey: string;
  readonly revoked: boolean;
}

export interface VerifiedRecord {
  /** The safety number that was compared, digits only. */
  readonly number: string;
  readonly at: number;
}

const SEQ_DIGITS = 16;

export const keys = {
  self: "self",
  state: "state",
  refreshed: "refreshed",
  keyLog: "key-log",
  roster: (conversationId: string) => `${conversationId}/roster`,
  pendingCommit: (conversationId: string) => `${conversationId}/pending`,
  message: (conversationId: string, seq: number) =>
    `${conversationId}/${String(seq).padStart(SEQ_DIGITS, "0")}`,
  outbox: (conversationId: string, id: string) => `${conversationId}/${id}`,
};

/** "0" is the character after "/". */
export function withinConversation(conversationId: string): { from: string; to: string } {
  return { from: `${conversationId}/`, to: `${conversationId}0` };
}

/** Every key of a table: keys are ASCII, and "~" comes after all of their characters. */
export function everything(limit: number): Range {
  return { from: "", to: "~", limit };
}
