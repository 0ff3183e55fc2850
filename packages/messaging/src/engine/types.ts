import type { Bytes } from "@rempart/kernel";
import type { MembershipChange, Suite } from "../contract/index.ts";
import type { DeviceIdentity, LeafIdentity } from "../framing/index.ts";

/** What a device is: its identity and its Ed25519 key pair, the same for both suites. Secret: store it encrypted. */
export interface DeviceKeys extends LeafIdentity {
  readonly signatureKey: Bytes;
  /** PKCS #8. */
  readonly privateKey: Bytes;
}

/**
 * Confirms which key a device registered with the server. Asked for every leaf before it is believed: on joining for
 * the whole tree, so answer from memory. Throwing makes the operation fail with the same error.
 */
export interface DeviceDirectory {
  verify(leaf: LeafIdentity): Promise<boolean>;
}

/** A key package to upload and the secret to keep beside it. It can be joined with once; delete it then. */
export interface KeyPackage {
  /** Hash reference in hexadecimal (RFC 9420, section 5.2): a welcome names the key packages it is for by it. */
  readonly id: string;
  readonly suite: Suite;
  /** Unix seconds. */
  readonly notAfter: number;
  /** MLS KeyPackage message. */
  readonly public: Bytes;
  /** Secret: store it encrypted. */
  readonly secret: Bytes;
}

/**
 * One device's view of one conversation's group at one point: an immutable value. Operations answer with the next one.
 * Save that (`exportGroup`) before acting on their output, or a crash could use a key twice.
 */
export interface Group {
  readonly conversationId: string;
  readonly epoch: number;
  readonly suite: Suite;
  /** False once a commit removed this device: nothing can be read or sent any more. */
  readonly active: boolean;
}

export interface Leaf extends LeafIdentity {
  readonly leafIndex: number;
}

/** Secrets that an operation used up. They stay usable in the old state until `release` overwrites them. */
export interface Consumed {
  readonly secrets: readonly Uint8Array[];
}

export interface Step<Output> {
  readonly group: Group;
  readonly output: Output;
  readonly consumed: Consumed;
}

/** The part of a membership change that stands in the commit itself; which users come and go the caller knows. */
export type DeviceChange = Pick<MembershipChange, "addedDevices" | "removedDevices" | "external">;

export interface OutgoingCommit {
  /** The epoch it starts from. */
  readonly epoch: number;
  /** MLS PublicMessage. */
  readonly commit: Bytes;
  /** One Welcome for every added device; null when none was added. */
  readonly welcome: Bytes | null;
  /** GroupInfo of the new epoch, with ratchet tree and external key. */
  readonly groupInfo: Bytes;
  readonly change: DeviceChange;
}

export interface IncomingCommit {
  /** Empty when this device was removed. */
  readonly added: readonly Leaf[];
  readonly removed: readonly Leaf[];
  /** The device that made the commit. */
  readonly by: DeviceIdentity;
  /** True when this device was removed: the group answered is not active. */
  readonly selfRemoved: boolean;
}

export interface Decrypted {
  readonly sender: Leaf;
  readonly body: Bytes;
  readonly authenticatedData: Bytes;
}

/**
 * End-to-end encryption of one device's conversations (MLS, RFC 9420). Every operation is a pure transition: it takes a
 * group and answers with the next one, so nothing is lost when the answer is thrown away. It does not queue: the caller
 * lets one operation at a time run on a group. All failures are `MessagingError`s; misuse is a `TypeError`.
 */
export interface CryptoEngine {
  createDevice(identity: DeviceIdentity): Promise<DeviceKeys>;
  createKeyPackages(
    device: DeviceKeys,
    /** `lifetimeSeconds` counts from now; 90 days by default. */
    options: { readonly suite: Suite; readonly count: number; readonly lifetimeSeconds?: number },
  ): Promise<KeyPackage[]>;

  /** A group with this device alone, at epoch 0. Nobody else knows of it before its first commit is accepted. */
  createGroup(
    device: DeviceKeys,
    options: { readonly conversationId: string; readonly suite: Suite },
  ): Promise<Group>;

  /**
   * Adds devices by their key packages, removes others by id, and renews this device's own keys when it removes any or
   * when both lists are empty. The group answered is the one after the commit: keep the old one until the server accepted,
   * and throw the new one away on `stale-epoch`. Errors: `invalid-key-package`, `unauthorised-credential`,
   * `invalid-change`, `group-too-large`, `removed`.
   */
  commit(
    group: Group,
    change: { readonly add?: readonly Uint8Array[]; readonly remove?: readonly string[] },
  ): Promise<Step<OutgoingCommit>>;

  /** Ids of the key packages a welcome is for, to find the one to join with. Empty for anything but a welcome. */
  welcomeKeyPackageIds(welcome: Uint8Array): string[];
  /**
   * Errors: `malformed`, `wrong-group` (`conversationId` is not the group's), `not-decryptable` (another key package),
   * `unauthorised-credential`, `tampered`.
   */
  join(
    device: DeviceKeys,
    options: {
      readonly conversationId: string;
      readonly welcome: Uint8Array;
      readonly keyPackage: Pick<KeyPackage, "secret">;
    },
  ): Promise<Step<readonly Leaf[]>>;
  /**
   * Joins without a welcome by a group info, as a new device of a member or after falling out of step. A former leaf of
   * this device is removed by the same commit; `change` then names the device as removed and as added.
   */
  joinExternally(
    device: DeviceKeys,
    options: { readonly conversationId: string; readonly groupInfo: Uint8Array },
  ): Promise<Step<OutgoingCommit>>;

  /** Another device's commit, with the change and the sender its frame declares. */
  processCommit(
    group: Group,
    incoming: {
      readonly commit: Uint8Array;
      readonly change: DeviceChange;
      readonly sender: DeviceIdentity;
    },
  ): Promise<Step<IncomingCommit>>;

  encrypt(group: Group, body: Uint8Array, authenticatedData: Uint8Array): Promise<Step<Bytes>>;
  /** A device cannot decrypt what it sent itself. */
  decrypt(group: Group, message: Uint8Array): Promise<Step<Decrypted>>;

  /** Secret: store it encrypted. */
  exportGroup(group: Group): Bytes;
  /** Throws `unreadable-state`. */
  importGroup(bytes: Uint8Array): Group;
  leaves(group: Group): Leaf[];
  ownLeaf(group: Group): Leaf;
  /** The same for all who are in the same epoch of the same group, and for nobody else (RFC 9420, section 8.7). */
  epochAuthenticator(group: Group): Bytes;
  /**
   * Overwrites used-up secrets. Call it after the server accepted what used them up and the new group is saved: before,
   * a crash or a refusal must still be able to return to the old group.
   */
  release(consumed: Consumed): void;
}
