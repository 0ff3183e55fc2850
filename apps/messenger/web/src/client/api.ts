/**
 * What the screens know of the messenger: stores to read and commands to give. Behind it stands the core in its worker
 * (network, encryption, storage); in tests and in design work, a typed double. No React and no cryptography here.
 */
import type {
  Device,
  FactorProof,
  Factors,
  Passkey,
  ProblemCode,
  Role,
  SecondFactor,
  Session,
  User,
} from "@rempart/messaging/contract";

/** A value that changes. `subscribe` calls back after each change, and returns the way to stop; made for `useSyncExternalStore`. */
export interface Store<T> {
  get(): T;
  subscribe(changed: () => void): () => void;
}

/**
 * Why a command failed, as a code the screens translate. `offline` and `timeout` never reached the server's answer;
 * `passkey-*` come from the browser's own dialog.
 */
export type FailureCode =
  | ProblemCode
  | "passkey-cancelled"
  | "passkey-exists"
  | "passkey-failed"
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
  /** Mail to the address has reached its owner. */
  readonly emailVerified: boolean;
  readonly role: "USER" | "MODERATOR" | "ADMIN";
  /** Signing in takes more than the password. */
  readonly mfaEnabled: boolean;
  /** The role demands a second factor and there is none yet: nothing of the role can be done. */
  readonly mfaRequired: boolean;
  /** This browser's device; null until it is registered. */
  readonly deviceId: string | null;
}

/**
 * `erased-unrecorded`: the account is gone, and a restore of the server's backups might still bring it back. `erased-unconfirmed`:
 * the answer to its deletion never came, and the session has ended: gone from this browser, and most likely from the server.
 */
export type SignedOutReason =
  | "none"
  | "expired"
  | "device-removed"
  | "suspended"
  | "erased"
  | "erased-unrecorded"
  | "erased-unconfirmed";

export type AppState =
  /** The worker is starting and asking who is signed in. */
  | { readonly phase: "starting" }
  | { readonly phase: "signed-out"; readonly reason: SignedOutReason }
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
   * `recovering`: this device fell out of step and is rejoining by itself. `waiting`: no device of anybody else is set up for
   * the conversation, so that what is written is kept here until one is.
   */
  readonly sync: "ready" | "joining" | "catching-up" | "recovering" | "waiting";
}

/**
 * How far one's own message got. `queued`: waits for the connection. `held`: waits until somebody could read it. `sending`: on
 * its way. `sent`: durable on the server. `delivered`/`read`: by every other member. `failed`: gave up, can be retried or discarded.
 */
export type DeliveryState = "queued" | "held" | "sending" | "sent" | "delivered" | "read" | "failed";

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

/** For `parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()` (WebAuthn Level 3, section 5.1). */
export type PasskeyOptions = Readonly<Record<string, unknown>>;

/** What the browser's dialog gave, in its JSON form. */
export type PasskeyAnswer = Record<string, unknown>;

/** Where a sign-in stands after the password: done, or to be finished with a second factor in time. */
export type SignInStep =
  | { readonly status: "signed-in" }
  | {
      readonly status: "second-factor";
      readonly challenge: string;
      /** Unix milliseconds. */
      readonly expiresAt: number;
      readonly methods: readonly SecondFactor[];
    };

/** `verify-email`: the account begins with the link of a mail that is on its way. */
export type SignUpStep = { readonly status: "signed-in" | "verify-email" };

/** What an authenticator app is told; nothing changes until its first code is confirmed. */
export interface TotpEnrolment {
  /** Base32. */
  readonly secret: string;
  /** `otpauth://`, for a QR code. */
  readonly uri: string;
}

/** Shown once; null when the account has some already. */
export type RecoveryCodes = readonly string[] | null;

/**
 * Something that the owner of the account must know of its keys. `new-device`: a device was added that this browser does not
 * know. `log-untrusted`: the server's log of keys contradicts itself, or what is seen elsewhere; a device may be hidden.
 */
export type KeyAlert =
  | {
      readonly type: "new-device";
      readonly deviceId: string;
      readonly name: string | null;
      /** Unix milliseconds. */
      readonly addedAt: number;
    }
  | {
      readonly type: "log-untrusted";
      readonly reason: "bad-signature" | "forked" | "bad-proof" | "withheld";
    };

export interface MessengerClient {
  readonly app: Store<AppState>;
  readonly connection: Store<Connection>;
  /** The latest activity first. Null while they are read for the first time. */
  readonly conversations: Store<readonly ConversationView[] | null>;
  readonly keyAlerts: Store<readonly KeyAlert[]>;
  /** One store per conversation; reading it for the first time loads the newest page. */
  timeline(conversationId: string): Store<Timeline>;

  /** `language`: of the mails to this person. */
  signUp(input: {
    email: string;
    password: string;
    name: string;
    language?: "en" | "fr";
    invitation?: string;
  }): Promise<Result<SignUpStep>>;
  signIn(input: { email: string; password: string }): Promise<Result<SignInStep>>;
  completeSignIn(input: { challenge: string; proof: FactorProof }): Promise<Result>;
  /** What to ask a passkey for, as the second factor of this sign-in. */
  startPasskeySecondFactor(challenge: string): Promise<Result<PasskeyOptions>>;
  /** What to ask a passkey for, to sign in with it alone. */
  startPasskeySignIn(): Promise<Result<PasskeyOptions>>;
  signInWithPasskey(answer: PasskeyAnswer): Promise<Result>;
  /** `forgetDevice` also removes this device from the account and erases keys and history from this browser. */
  signOut(options: { everywhere?: boolean; forgetDevice?: boolean }): Promise<Result>;
  /** For good, here and on the server. Asks for a fresh proof. */
  eraseAccount(): Promise<Result>;
  takeOver(): Promise<Result>;
  rename(name: string): Promise<Result>;

  /** Succeeds whoever has the address, so that nobody learns who has one. */
  requestPasswordReset(email: string): Promise<Result>;
  /** These take the secret of a mail's link. A reset and an undone change end every session. */
  resetPassword(input: { token: string; password: string }): Promise<Result>;
  verifyEmail(token: string): Promise<Result>;
  confirmEmailChange(token: string): Promise<Result>;
  undoEmailChange(token: string): Promise<Result>;

  changePassword(input: { current: string; next: string; keepOtherSessions: boolean }): Promise<Result>;
  /** The address changes when the link of the mail to the new one is followed. */
  changeEmail(email: string): Promise<Result>;
  resendVerification(): Promise<Result>;
  /** Proves oneself again: by a passkey alone, or the password with the second factor the account has. */
  stepUp(proof: { password?: string; factor?: FactorProof }): Promise<Result>;
  startPasskeyStepUp(): Promise<Result<PasskeyOptions>>;
  factors(): Promise<Result<Factors>>;
  startTotp(): Promise<Result<TotpEnrolment>>;
  confirmTotp(code: string): Promise<Result<RecoveryCodes>>;
  startPasskey(): Promise<Result<PasskeyOptions>>;
  addPasskey(input: {
    name: string;
    answer: PasskeyAnswer;
  }): Promise<Result<{ readonly passkey: Passkey; readonly recoveryCodes: RecoveryCodes }>>;
  renamePasskey(passkeyId: string, name: string): Promise<Result>;
  removeFactor(factorId: string): Promise<Result>;
  replaceRecoveryCodes(): Promise<Result<readonly string[]>>;

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
  /** This device is mine: no alert for it any more. */
  acknowledgeDevice(deviceId: string): Promise<Result>;
  /** Believe the server's log of keys as it is from now on. */
  trustKeyLog(): Promise<Result>;
  sessions(): Promise<Result<readonly Session[]>>;
  revokeSession(sessionId: string): Promise<Result>;
  /** Every session of the account but this one. */
  revokeOtherSessions(): Promise<Result>;
  safetyNumber(userId: string): Promise<Result<SafetyNumber>>;
  setVerified(userId: string, verified: boolean): Promise<Result>;
  /** Try to connect now instead of at `retryAt`. */
  reconnect(): void;
}
