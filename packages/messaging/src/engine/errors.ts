import { CodedError } from "@rempart/kernel";

/**
 * Why a message, a commit or a key package was refused, or a state cannot act. After any of these the state the caller
 * holds is still good: nothing was changed.
 */
export type MessagingErrorCode =
  /** Not an MLS message of the kind asked for, or not well-formed. */
  | "malformed"
  /** For another conversation. */
  | "wrong-group"
  /** From an epoch the group has left: its keys are gone. For a commit of ours: rebase it. */
  | "stale-epoch"
  /** From an epoch this device has not reached: fetch and process the commits in between. */
  | "future-epoch"
  /** The keys do not open it: it is not for this device, a replay, or one of its own messages. */
  | "not-decryptable"
  /** A signature, a tag or a hash does not verify. */
  | "tampered"
  /** A leaf claims a device whose key the directory does not confirm. */
  | "unauthorised-credential"
  /** The commit does not do what its frame says, or does not come from the device it says. */
  | "commit-mismatch"
  /** This device is not a member any more: join again, if the user still is one. */
  | "removed"
  /** A post-quantum group cannot hold that many devices, or any group the protocol's limit. */
  | "group-too-large"
  /** The commit would add a device that is in the group, or remove one that is not. */
  | "invalid-change"
  /** The key package is of another suite, has expired, or does not verify. */
  | "invalid-key-package"
  /** Stored bytes are not a state of this version. */
  | "unreadable-state";

export class MessagingError extends CodedError<MessagingErrorCode> {}
