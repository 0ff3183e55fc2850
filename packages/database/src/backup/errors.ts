import { CodedError } from "@rempart/kernel";

export type BackupErrorCode =
  /** The repository gave no answer, or refused. Nothing was kept of what was being written. */
  | "repository-unavailable"
  | "repository-full"
  /** Something stands under this name already, where nothing must. */
  | "object-exists"
  /** The repository lacks an object that should be there. */
  | "object-missing"
  /** An object is cut, changed, or stands where another belongs. */
  | "object-altered"
  /** An object was sealed under a key that is not the one at hand, or the key service refuses it. */
  | "wrong-key"
  /** The key service or the key file gave no answer. */
  | "key-unavailable"
  /** Another backup or clean-up of this repository is under way. */
  | "busy"
  /** The server refuses, or does not archive. */
  | "server-refused"
  /** Pages of the server do not have their checksums. The backup is kept, and an older one without them too; `details` names both. */
  | "pages-damaged"
  /** The log of changes did not reach the repository in time. */
  | "archive-late"
  /** The server archives a segment that stands in the repository with other content. */
  | "wal-conflict"
  /** A segment between the backup and the target is not in the repository; `details` has its name and the last restorable time. */
  | "wal-gap"
  /** There is no backup, or none by this name, or none before the target. */
  | "no-backup"
  /** The target lies after everything in the repository, or was not found in it. */
  | "target-unreachable"
  /** This engine cannot restore to a target of this kind. */
  | "target-unsupported"
  /** The place to restore into holds something. */
  | "target-not-empty"
  /** A server runs on the place to restore into. */
  | "target-in-use"
  | "target-full"
  /** The account that runs PostgreSQL may not enter the place to restore into. */
  | "target-closed"
  /** The backup has tablespaces, and nobody said where they go. */
  | "tablespace-unmapped"
  /** The backup is of another major version than the programs at hand. */
  | "version-mismatch"
  /** A program that this engine runs is not installed, or too old. */
  | "program-missing"
  /** The restored server did not come up; `cause` has its last words. */
  | "recovery-failed"
  /** Pages of the erasure ledger are lost or damaged, or it speaks of what this version does not know. */
  | "erasures-lost"
  /** A hook failed: the restored database is not opened. */
  | "hook-failed";

/** `details` may hold names of objects and segments, positions and times: never content. */
export class BackupError extends CodedError<BackupErrorCode> {}
