import type { Envelopes, SealedStreams } from "@rempart/keys";
import type { Database } from "../pool/ports.ts";

export interface ObjectInfo {
  readonly name: string;
  /** Bytes as stored. */
  readonly size: number;
  /** Unix milliseconds, by the store's clock. */
  readonly modifiedAt: number;
  /** Stands in the class for what is seldom read. */
  readonly archived?: boolean;
}

export interface PutOptions {
  /** Rejects with `object-exists`, and changes nothing, when something stands under the name; of two at once one wins. */
  readonly ifAbsent?: boolean;
  /** The same unless exactly these bytes stand under the name. For what is small: up to a megabyte, the old and the new. */
  readonly ifSame?: Uint8Array;
  /** Told to who fetches the object over HTTP (RFC 9111, section 5.2), where the store is reached so. */
  readonly cacheControl?: string;
  readonly signal?: AbortSignal;
}

export interface GetOptions {
  /** First byte; 0 unless told. */
  readonly from?: number;
  /** The byte after the last; the end unless told. */
  readonly to?: number;
  readonly signal?: AbortSignal;
}

/**
 * Where backups are kept. It is trusted with nothing: all content is sealed, and what comes back is verified by who reads it.
 * Failures are `BackupError`s: `repository-unavailable` or `repository-full` where nothing else is said. `test/backup/repository-contract.ts`
 * is what an implementation must pass.
 */
export interface Repository {
  /** For people: `file:/var/backups`, `s3://bucket/prefix`. Without credentials. */
  readonly location: string;
  /**
   * Resolves when the object would survive a loss of power; before that nobody sees it, and a failure leaves nothing under the
   * name. Replaces unless told otherwise. Up to 5 GiB.
   */
  put(name: string, content: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<void>;
  /** Rejects with `object-missing` at once, not at the first piece. */
  get(name: string, options?: GetOptions): Promise<AsyncIterable<Uint8Array>>;
  /** Whose names begin with `prefix`, in the order of their bytes; all of them, however many. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Also resolves when there was no such object. */
  delete(name: string): Promise<void>;
  /** Moves an object to the class for what is seldom read; it can be read as before. Absent where the store has none. */
  readonly archive?: (name: string) => Promise<void>;
  /** Removes what writers that were killed before then (Unix milliseconds) left unfinished. */
  tidy(before: number): Promise<void>;
}

/** What seals and opens the objects: a `Keyring` of `@rempart/keys` is one. */
export type Sealing = Envelopes & SealedStreams;

/** Where a restore ends. */
export type RecoveryTarget =
  | { readonly kind: "latest" }
  /** Unix milliseconds: commits up to and including then. */
  | { readonly kind: "time"; readonly at: number }
  /** Up to and including this transaction. */
  | { readonly kind: "transaction"; readonly id: string }
  /** As given to `pg_create_restore_point`. */
  | { readonly kind: "name"; readonly name: string }
  /** Up to and including this position of the log, as in `0/3000028`. */
  | { readonly kind: "lsn"; readonly lsn: string };

export interface Progress {
  readonly phase: "copy" | "recover" | "verify";
  /** Bytes of the database, before compression. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Null until there is something to reckon with. */
  readonly remainingMs: number | null;
}

export interface BackupSummary {
  readonly id: string;
  readonly engine: BackupEngine["name"];
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Unix milliseconds: nothing before this can be restored to from this backup. */
  readonly stoppedAt: number;
  /** Bytes of the files it holds. */
  readonly databaseBytes: number;
  /** Bytes it takes in the repository. */
  readonly storedBytes: number;
  /** Such as `18.4`. */
  readonly serverVersion: string;
  /** Whether pages were damaged on the server already when they were copied. Null: nobody looked. */
  readonly damaged: boolean | null;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface VerifyOptions extends RunOptions {
  /** The newest unless told. */
  readonly backup?: string;
}

export interface BackupFinding {
  readonly code: "object-missing" | "object-altered" | "wrong-key" | "wal-gap" | "no-backup" | "page-damaged";
  /** The object, the missing segment, or the page. */
  readonly name: string;
  readonly detail: string;
}

export interface VerifyReport {
  readonly backup: string | null;
  /** Empty: everything that a restore of this backup to `latest` reads is there and is what was written, and was sound then. */
  readonly findings: readonly BackupFinding[];
  readonly objects: number;
  readonly bytes: number;
  /** Unix milliseconds: what was committed before can be restored. Null: nothing can. */
  readonly recoverableTo: number | null;
}

export interface BackupStatus {
  readonly backups: number;
  readonly newest: BackupSummary | null;
  /**
   * Unix milliseconds: everything committed before stands in the repository, in an unbroken chain from a backup. Read from the
   * repository alone. Null: nothing can be restored.
   */
  readonly recoverableTo: number | null;
  /** The segment at which the chain breaks although later ones are there; null for a whole chain. */
  readonly missingSegment: string | null;
  readonly repositoryBytes: number;
}

/** What an application must do to a restored database before anybody may use it. */
export interface RestoreHook {
  readonly name: string;
  /** Runs on the restored server, which nobody else can reach yet. */
  run(context: RestoreContext): Promise<void>;
}

export interface RestoreContext {
  /** Of a superuser; closed when the hook ends. */
  readonly database: Database;
  /** As another role, in another database; closed when the hook ends. */
  open(role: string, database: string): Database;
  readonly report: Omit<RestoreReport, "hooks">;
}

export interface RestoreOptions extends RunOptions {
  readonly target: RecoveryTarget;
  /** PostgreSQL's data directory to make: missing or empty. */
  readonly directory: string;
  /** The newest that lies before the target unless told. */
  readonly backup?: string;
  /** Tablespaces go below this, each in a directory named by its id. Needed when the backup has any. */
  readonly tablespaceDirectory?: string;
  /** In this order. The first that fails ends the restore with `hook-failed`. */
  readonly hooks?: readonly RestoreHook[];
}

export interface RestoreReport {
  readonly backup: string;
  readonly target: RecoveryTarget;
  /** Of the new timeline, where recovery ended. */
  readonly timeline: number;
  /** Unix milliseconds of the last transaction that was replayed; null when none was. */
  readonly lastTransactionAt: number | null;
  readonly bytes: number;
  readonly copyMs: number;
  readonly recoverMs: number;
  /** Names of the hooks that ran. */
  readonly hooks: readonly string[];
}

/**
 * Takes backups of one server and restores them. Failures are `BackupError`s. `test/backup/engine-contract.ts` is what an
 * engine must pass.
 */
export interface BackupEngine {
  readonly name: "built-in" | "pgbackrest" | "dump";
  /** Kinds of target that it can restore to; every other one is `target-unsupported`. */
  readonly targets: readonly RecoveryTarget["kind"][];
  /**
   * Resolves when everything that its restore needs is durable in the repository. `busy` while another one runs; `pages-damaged` for
   * one that is kept, and is a copy of damage.
   */
  run(options?: RunOptions): Promise<BackupSummary>;
  /** Whole backups, the oldest first. */
  list(): Promise<readonly BackupSummary[]>;
  /** Reads back all that a restore would. What is wrong is in the report; it rejects only when it cannot look. */
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /** Leaves a stopped, recovered data directory, or nothing at all. */
  restore(options: RestoreOptions): Promise<RestoreReport>;
  status(): Promise<BackupStatus>;
}

/** For metrics and logs. An observer never throws. */
export type BackupEvent =
  | { readonly type: "backup-finished"; readonly backup: BackupSummary; readonly durationMs: number }
  | { readonly type: "backup-failed"; readonly error: unknown; readonly durationMs: number }
  | {
      readonly type: "segment-archived";
      readonly name: string;
      readonly storedBytes: number;
      readonly durationMs: number;
    }
  | { readonly type: "segment-refused"; readonly name: string; readonly error: unknown }
  /** `recoverableTo` as in `BackupStatus`, and `damaged` of the newest backup. */
  | {
      readonly type: "recovery-point";
      readonly recoverableTo: number | null;
      readonly damaged: boolean | null;
    };

export type BackupObserver = (event: BackupEvent) => void;
