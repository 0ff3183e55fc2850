/** What `pgbackrest info --output=json` and `repo-ls --output=json` say (pgBackRest, "Command Reference"), read with bounds. */
import { BackupError } from "../errors.ts";
import { parseLsn } from "../wal/lsn.ts";
import { walFileKind } from "../wal/names.ts";

export interface PgBackRestBackup {
  readonly label: string;
  /** Unix milliseconds: everything that was committed before is in it. */
  readonly startedAt: number;
  /** Unix milliseconds: nothing before can be restored from it. pgBackRest tells whole seconds: the end of that second. */
  readonly stoppedAt: number;
  readonly startLsn: string;
  readonly stopLsn: string;
  /** The first segment that its recovery reads. */
  readonly startSegment: string;
  readonly databaseBytes: number;
  readonly storedBytes: number;
  /** Whether there are pages whose checksums were wrong on the server already. Null: nobody looked. */
  readonly damaged: boolean | null;
  /** Number of the database system in the repository. */
  readonly system: number;
}

export interface PgBackRestInfo {
  readonly exists: boolean;
  /** Whole ones of the newest database system, the oldest first. */
  readonly backups: readonly PgBackRestBackup[];
  /** As in `15`: pgBackRest does not know the minor version. */
  readonly serverVersion: string;
  /** The folder of the log of the newest database system, as in `15-1`. */
  readonly archive: string;
}

const MAX_BACKUPS = 100_000;
const LABEL = /^\d{8}-\d{6}F(?:_\d{8}-\d{6}[DI])?$/;
/** pgBackRest's numbers of states: all is well, there is no stanza yet, there is no backup yet. */
const [STATUS_OK, STATUS_NO_STANZA, STATUS_NO_BACKUP] = [0, 1, 2];

/** Throws `object-altered`; `wrong-key` where the repository does not open, `repository-unavailable` where it did not answer. */
export function parseInfo(text: string): PgBackRestInfo {
  const [stanza] = listIn(readJson(text), 1).map(recordIn);
  if (stanza === undefined) throw notInfo();
  const { code } = recordIn(stanza.status);
  if (code === STATUS_NO_STANZA) return { exists: false, backups: [], serverVersion: "", archive: "" };
  if (code !== STATUS_OK && code !== STATUS_NO_BACKUP) throw unopened(stanza.repo);
  const newest = listIn(stanza.db, 1_000).map(recordIn).at(-1);
  const system = countIn(newest?.id);
  const serverVersion = textIn(newest?.version, /^\d{1,2}(?:\.\d{1,2})?$/);
  const backups = listIn(stanza.backup, MAX_BACKUPS).map(backupIn);
  return {
    exists: true,
    backups: backups.filter((backup) => backup.system === system),
    serverVersion,
    archive: `${serverVersion}-${system}`,
  };
}

/** By the names of pgBackRest's errors: the place was not to be had. A certificate that is not trusted is of its cryptography. */
const UNREACHED =
  /^\[(?:Protocol|Service|HostConnect|PathOpen|PathMissing|FileOpen|FileRead)Error\]|^\[CryptoError\].*certificate/;

function unopened(repositories: unknown): BackupError {
  const [repository] = listIn(repositories ?? [], 256).map(recordIn);
  const { message } = recordIn(repository?.status ?? {});
  const said = typeof message === "string" ? message.slice(0, 2_000) : "";
  const options = { cause: new Error(said) };
  return UNREACHED.test(said)
    ? new BackupError("repository-unavailable", "the repository of pgBackRest did not answer", options)
    : new BackupError(
        "wrong-key",
        "the repository of pgBackRest does not open with this passphrase, or its lists are damaged",
        options,
      );
}

function backupIn(value: unknown): PgBackRestBackup {
  const backup = recordIn(value);
  const [lsn, archive, info] = [backup.lsn, backup.archive, backup.info].map(recordIn);
  const { start, stop } = recordIn(backup.timestamp);
  return {
    label: textIn(backup.label, LABEL),
    startedAt: countIn(start) * 1_000,
    stoppedAt: (countIn(stop) + 1) * 1_000,
    startLsn: lsnIn(lsn?.start),
    stopLsn: lsnIn(lsn?.stop),
    startSegment: segmentIn(archive?.start),
    databaseBytes: countIn(info?.size),
    storedBytes: countIn(recordIn(info?.repository).delta),
    damaged: typeof backup.error === "boolean" ? backup.error : null,
    system: countIn(recordIn(backup.database).id),
  };
}

/** Numbers of the tablespaces of a backup, from `info --set`. */
export function parseTablespaces(text: string): readonly string[] {
  const [stanza] = listIn(readJson(text), 1).map(recordIn);
  const [backup] = listIn(stanza?.backup, 1).map(recordIn);
  if (backup?.tablespace === undefined || backup.tablespace === null) return [];
  return listIn(backup.tablespace, 10_000).map((one) => String(countIn(recordIn(one).oid)));
}

export interface ArchiveListing {
  /** Segments and histories, by the names that PostgreSQL knows, to where they stand below the folder of the log. */
  readonly files: ReadonlyMap<string, string>;
  readonly bytes: number;
}

const MAX_FILES = 5_000_000;
const STORED =
  /^(?:[0-9A-F]{16}\/)?([0-9A-F]{24}|[0-9A-F]{8}\.history)(?:-[0-9a-f]{40})?(?:\.zst|\.gz|\.lz4|\.bz2)?$/;

export function parseArchiveListing(text: string): ArchiveListing {
  const entries = Object.entries(recordIn(readJson(text)));
  if (entries.length > MAX_FILES) throw notInfo();
  const files = new Map<string, string>();
  let bytes = 0;
  for (const [path, value] of entries) {
    const entry = recordIn(value);
    if (entry.type !== "file") continue;
    bytes += countIn(entry.size);
    const name = STORED.exec(path)?.[1];
    if (name !== undefined) files.set(name, path);
  }
  return { files, bytes };
}

/** pgBackRest quotes what it could not open, with control characters and all. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/\p{Cc}/gu, " "));
  } catch (cause) {
    throw notInfo(cause);
  }
}

function recordIn(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw notInfo();
  return value as Record<string, unknown>;
}

function listIn(value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) throw notInfo();
  return value;
}

function textIn(value: unknown, pattern: RegExp): string {
  if (typeof value !== "string" || !pattern.test(value)) throw notInfo();
  return value;
}

function countIn(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw notInfo();
  return value;
}

function lsnIn(value: unknown): string {
  const text = textIn(value, /\//);
  if (parseLsn(text) === null) throw notInfo();
  return text;
}

function segmentIn(value: unknown): string {
  const text = textIn(value, /^/);
  if (walFileKind(text) !== "segment") throw notInfo();
  return text;
}

function notInfo(cause?: unknown): BackupError {
  return new BackupError("object-altered", "pgBackRest says of its repository what we cannot read", {
    cause,
  });
}
