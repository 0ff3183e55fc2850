/**
 * What the screens know of the messenger: stores to read and commands to give. Behind it stands the core in its worker
 * (network, encryption, storage); in tests and in design work, a typed double. No React and no cryptography here.
 */
import type { Device, ProblemCode, Role, Session, User } from "@rempart/messaging/contract";

/** A value that changes. `subscribe` calls back after each change, and returns the way to stop; made for `useSyncExternalStore`. */
export interface Store<T> {
  get(): T;
  subscribe(changed: () => void): () => void;
}

/** Why a command failed, as a code the screens translate. `offline` and `timeout` never reached the server's answer. */
export type FailureCode =
  | ProblemCode
  | "offline"
  | "timeout"
  | "storage-full"
  | "crypto-failed"
  | "group-too-large"
  | "internal";

/** Commands never throw for what the world does: they answer with a result. */
export type Result<T = void> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: FailureCode; readonly retryAfterSeconds?: number };

export interface Me {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: "USER" | "MODERATOR" | "ADMIN";
  /** This browser's device; null until it is registered. */
  readonly deviceId: string | null;
}

export type AppState =
  /** The worker is starting and asking who is signed in. */
  | { readonly phase: "starting" }
  | { readonly phase: "signed-out"; readonly reason: "none" | "expired" | "device-removed" | "suspended" }
  /** Another tab of this browser owns the encrypted state. `takeOver()` moves it here. */
  | { readonly phase: "elsewhere" }
  | { readonly phase: "ready"; readonly me: Me }
  /** Start-up failed in a way a reload may or may not mend. */
  | { readonly phase: "failed"; readonly code: FailureCode };

export interface Connection {
  readonly status: "connecting" | "online" | "offline";
  /** When offline: Unix milliseconds of the next attempt. */
  readonly retryAt: number | null;
}

export interface Person {
  readonly id: string;
  readonly name: string;
}

export interface MemberView extends Person {
  readonly role: Role;
  readonly online: boolean;
  readonly read: number;
  readonly delivered: number;
}

export interface ConversationView {
  readonly id: string;
  readonly kind: "direct" | "group";
  /** A group's decrypted title, or null when none was received yet; for a direct conversation the other person's name. */
  readonly title: string | null;
  readonly members: readonly MemberView[];
  readonly myRole: Role;
  /** False after leaving or being removed: history stays readable, nothing can be sent. */
  readonly active: boolean;
  readonly postQuantum: boolean;
  readonly unread: number;
  readonly draft: string;
  readonly lastActivityAt: number;
  /** What the list shows under the title. */
  readonly preview: TimelineItem | null;
  /** People typing now, without oneself. */
  readonly typing: readonly Person[];
  /**
   * `ready`: messages flow. `joining`: a welcome is being processed. `catching-up`: a gap is being fetched.
   * `recovering`: this device fell out of step and is rejoining by itself.
   */
  readonly sync: "ready" | "joining" | "catching-up" | "recovering";
}

/**
 * How far one's own message got. `queued`: waits for the connection. `sending`: on its way. `sent`: durable on the server.
 * `delivered`/`read`: by every other member. `failed`: gave up, can be retried or discarded.
 */
export type DeliveryState = "queued" | "sending" | "sent" | "delivered" | "read" | "failed";

interface Placed {
  /** Stable key: the message id. */
  readonly id: string;
  /** Position in the conversation; null while it is not acknowledged. */
  readonly seq: number | null;
  /** Unix milliseconds: the server's once placed, this browser's before. */
  readonly at: number;
}

export type TimelineItem =
  | (Placed & {
      readonly kind: "text";
      readonly sender: Person;
      readonly mine: boolean;
      readonly text: string;
      readonly delivery: DeliveryState | null;
      readonly failure: FailureCode | null;
    })
  /** A message this device cannot show, and honestly why. */
  | (Placed & {
      readonly kind: "undecryptable";
      readonly sender: Person;
      readonly reason: "before-joining" | "key-lost" | "tampered" | "sender-mismatch" | "malformed";
    })
  | (Placed & {
      readonly kind: "notice";
      readonly notice: Notice;
    });

export type Notice =
  | { readonly type: "created"; readonly by: Person }
  | { readonly type: "added"; readonly by: Person; readonly people: readonly Person[] }
  | { readonly type: "removed"; readonly by: Person; readonly people: readonly Person[] }
  | { readonly type: "left"; readonly person: Person }
  | { readonly type: "renamed"; readonly by: Person; readonly title: string }
  | { readonly type: "role"; readonly person: Person; readonly role: Role }
  /** A device of this person appeared or went: their safety number changed. */
  | {
      readonly type: "devices-changed";
      readonly person: Person;
      readonly added: number;
      readonly removed: number;
    }
  /** This device rejoined after falling out of step; messages in between may be missing. */
  | { readonly type: "rejoined"; readonly person: Person };

export interface Timeline {
  /** Oldest first. */
  readonly items: readonly TimelineItem[];
  readonly hasOlder: boolean;
  readonly loading: boolean;
}

export interface SafetyNumber {
  /** Twelve groups of five digits, the same on both sides. */
  readonly groups: readonly string[];
  /** What a QR code carries: the same fingerprints, machine-readable. */
  readonly qrText: string;
  readonly verified: boolean;
  /** The number changed since it was verified. */
  readonly changed: boolean;
}

export interface MessengerClient {
  readonly app: Store<AppState>;
  readonly connection: Store<Connection>;
  /** The latest activity first. Null while they are read for the first time. */
  readonly conversations: Store<readonly ConversationView[] | null>;
  /** One store per conversation; reading it for the first time loads the newest page. */
  timeline(conversationId: string): Store<Timeline>;

  signUp(input: { email: string; password: string; name: string; invitation?: string }): Promise<Result>;
  signIn(input: { email: string; password: string }): Promise<Result>;
  /** `forgetDevice` also removes this device from the account and erases keys and history from this browser. */
  signOut(options: { everywhere?: boolean; forgetDevice?: boolean }): Promise<Result>;
  takeOver(): Promise<Result>;
  rename(name: string): Promise<Result>;

  searchUsers(query: string): Promise<Result<readonly User[]>>;
  /** Opens the existing conversation with this person, or starts one. */
  startDirect(userId: string): Promise<Result<{ conversationId: string }>>;
  createGroup(input: {
    title: string;
    userIds: readonly string[];
  }): Promise<Result<{ conversationId: string }>>;
  addMembers(conversationId: string, userIds: readonly string[]): Promise<Result>;
  removeMember(conversationId: string, userId: string): Promise<Result>;
  setRole(conversationId: string, userId: string, role: Role): Promise<Result>;
  renameGroup(conversationId: string, title: string): Promise<Result>;
  leave(conversationId: string): Promise<Result>;

  /** Shown at once, sent when it can be: the result says the message is stored on this device, not that it was sent. */
  send(conversationId: string, text: string): Promise<Result>;
  retry(conversationId: string, messageId: string): Promise<Result>;
  discard(conversationId: string, messageId: string): Promise<Result>;
  loadOlder(conversationId: string): Promise<Result>;
  markRead(conversationId: string, upToSeq: number): void;
  setTyping(conversationId: string, on: boolean): void;
  saveDraft(conversationId: string, text: string): void;

  devices(): Promise<Result<readonly Device[]>>;
  revokeDevice(deviceId: string): Promise<Result>;
  sessions(): Promise<Result<readonly Session[]>>;
  revokeSession(sessionId: string): Promise<Result>;
  safetyNumber(userId: string): Promise<Result<SafetyNumber>>;
  setVerified(userId: string, verified: boolean): Promise<Result>;
  /** Try to connect now instead of at `retryAt`. */
  reconnect(): void;
}
