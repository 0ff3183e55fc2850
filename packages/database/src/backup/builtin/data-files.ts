import { type FileHandle, open, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { BackupError } from "../errors.ts";
import type { Tablespace } from "../manifest.ts";

/** Their content belongs to the running server, or is made anew at the start (PostgreSQL, "Low-Level Base Backup"). */
const EMPTY_FOLDERS: ReadonlySet<string> = new Set([
  "pg_wal",
  "pg_dynshmem",
  "pg_notify",
  "pg_replslot",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);

const LEFT_OUT: ReadonlySet<string> = new Set([
  "postmaster.pid",
  "postmaster.opts",
  "backup_label",
  "backup_label.old",
  "tablespace_map",
  "tablespace_map.old",
  "backup_manifest",
  "current_logfiles",
  "recovery.signal",
  "standby.signal",
  "pg_wal/archive_status",
]);

/** Sorting space, a cache of the catalogue, relations of sessions: none outlives its process. */
const TEMPORARY = /^(?:pgsql_tmp.*|pg_internal\.init.*|t\d+_\d+(?:_\w+)?(?:\.\d+)?)$/;

/** Read last: recovery begins with what it says. */
export const CONTROL_FILE = "global/pg_control";

export interface DataDirectory {
  /** Below the data directory, each after the one that holds it. */
  readonly directories: readonly string[];
  readonly files: readonly string[];
  readonly tablespaces: readonly Tablespace[];
}

/** What a base backup copies. Files come and go while the server works: what is missing later was dropped. */
export async function surveyDataDirectory(root: string): Promise<DataDirectory> {
  const directories: string[] = [];
  const files: string[] = [];
  const tablespaces: Tablespace[] = [];

  async function visit(folder: string): Promise<void> {
    const names = await entriesOf(join(root, folder));
    const unlogged = unloggedRelations(names.map(({ name }) => name));
    for (const entry of names.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (LEFT_OUT.has(path) || TEMPORARY.test(entry.name)) continue;
      if (folder === "pg_tblspc" && entry.isSymbolicLink())
        tablespaces.push({ oid: entry.name, location: await readlink(join(root, path)) });
      if (entry.isDirectory() || entry.isSymbolicLink()) {
        directories.push(path);
        if (!EMPTY_FOLDERS.has(path)) await visit(path);
      } else if (entry.isFile() && path !== CONTROL_FILE && !isUnlogged(entry.name, unlogged))
        files.push(path);
    }
  }

  await visit("");
  // Made by the server at each start, but only where the folder is there.
  directories.push("pg_wal/archive_status");
  return { directories, files: [...files, CONTROL_FILE], tablespaces };
}

async function entriesOf(path: string) {
  return readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
}

const INITIAL_FORK = /^(\d+)_init(?:\.\d+)?$/;
const RELATION = /^(\d+)(?:_(?:fsm|vm))?(?:\.\d+)?$/;

/** Recovery makes an unlogged table anew from its initial fork: the rest would be copied for nothing. */
function unloggedRelations(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => INITIAL_FORK.exec(name)?.[1] ?? []));
}

function isUnlogged(name: string, unlogged: ReadonlySet<string>): boolean {
  const relation = RELATION.exec(name)?.[1];
  return relation !== undefined && unlogged.has(relation);
}

/** Null when it was dropped meanwhile. */
export async function openToRead(path: string): Promise<FileHandle | null> {
  return open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
}

const CONTROL_READS = 20;

/** The server may be writing it: what two readings agree on is whole. */
export async function readControlFile(root: string): Promise<Buffer> {
  const path = join(root, CONTROL_FILE);
  let last = await readFile(path);
  for (let reads = 1; reads < CONTROL_READS; reads += 1) {
    const next = await readFile(path);
    if (next.equals(last)) return next;
    last = next;
  }
  return last;
}

/**
 * The identifier of the cluster whose data directory this is: the first field of the control file (PostgreSQL source:
 * `pg_control.h`), in this machine's byte order, little-endian. Rejects with `server-refused`.
 */
export async function identityOf(dataDirectory: string): Promise<string> {
  try {
    return (await readControlFile(dataDirectory)).readBigUInt64LE(0).toString();
  } catch (cause) {
    throw new BackupError("server-refused", `${dataDirectory} is no data directory that we may read`, {
      cause,
    });
  }
}
