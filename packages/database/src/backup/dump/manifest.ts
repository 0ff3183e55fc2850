import { BackupError } from "../errors.ts";
import { isBackupId } from "../manifest.ts";
import type { BackupSummary } from "../ports.ts";
import { once, putSealed, readSealed, type Vault } from "../sealed/objects.ts";

export interface DumpedFile {
  /** As `pg_dump` named it; without a path. */
  readonly name: string;
  readonly size: number;
  readonly storedBytes: number;
}

/** Written last: a dump without one was not finished. */
export interface DumpManifest {
  readonly format: 1;
  readonly id: string;
  /** Unix milliseconds: everything committed before is in it. */
  readonly startedAt: number;
  readonly stoppedAt: number;
  /** Such as `15.18`. */
  readonly serverVersion: string;
  /** Major version of `pg_dump`, which the `pg_restore` must have too, or a newer one. */
  readonly programVersion: number;
  readonly database: string;
  /** That the database took on the server. */
  readonly databaseBytes: number;
  readonly files: readonly DumpedFile[];
}

export const DUMPS = "dumps/";
export const ROLES_FILE = "roles.sql";
const FILE_NAME = /^[a-z0-9][a-z0-9._-]{0,80}$/;
const MAX_FILES = 1_000_000;
const MAX_MANIFEST_BYTES = 256 * 2 ** 20;

export function dumpFolder(id: string): string {
  return `${DUMPS}${id}/`;
}

export function dumpedFileName(id: string, file: string): string {
  if (!FILE_NAME.test(file)) throw new TypeError(`${JSON.stringify(file)} is no file of a dump`);
  return `${dumpFolder(id)}files/${file}`;
}

function manifestName(id: string): string {
  return `${dumpFolder(id)}manifest`;
}

export async function writeDumpManifest(vault: Vault, manifest: DumpManifest): Promise<void> {
  const content = Buffer.from(JSON.stringify(manifest));
  await putSealed(vault, manifestName(manifest.id), once(content), { ifAbsent: true });
}

/** Throws `no-backup`, or as `openSealed` does. */
export async function readDumpManifest(vault: Vault, id: string): Promise<DumpManifest> {
  if (!isBackupId(id)) throw noDump(id);
  try {
    return decodeDumpManifest(await readSealed(vault, manifestName(id), MAX_MANIFEST_BYTES), id);
  } catch (error) {
    throw error instanceof BackupError && error.code === "object-missing" ? noDump(id, error) : error;
  }
}

/** Only what was sealed arrives here; that does not make it harmless. Throws `object-altered`. */
export function decodeDumpManifest(bytes: Uint8Array, id: string): DumpManifest {
  const value = readJson(bytes);
  if (!isDumpManifest(value) || value.id !== id)
    throw new BackupError("object-altered", `the manifest of dump ${id} is not one`);
  return value;
}

/** Of whole dumps, the oldest first. */
export async function dumpIds({ repository }: Vault): Promise<string[]> {
  const ids: string[] = [];
  for await (const { name } of repository.list(DUMPS)) {
    const id = name.slice(DUMPS.length, -"/manifest".length);
    if (isBackupId(id) && name === manifestName(id)) ids.push(id);
  }
  return ids;
}

export function dumpSummary(manifest: DumpManifest): BackupSummary {
  const { id, startedAt, stoppedAt, serverVersion, databaseBytes, files } = manifest;
  const storedBytes = files.reduce((sum, file) => sum + file.storedBytes, 0);
  const known = { id, startedAt, stoppedAt, serverVersion, databaseBytes, storedBytes };
  return { ...known, engine: "dump", damaged: null };
}

export function dumpedBytes({ files }: Pick<DumpManifest, "files">): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function noDump(id: string, cause?: unknown): BackupError {
  return new BackupError("no-backup", `there is no whole dump ${JSON.stringify(id.slice(0, 40))}`, { cause });
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
}

function isDumpManifest(value: unknown): value is DumpManifest {
  if (typeof value !== "object" || value === null) return false;
  const { format, id, startedAt, stoppedAt, serverVersion, programVersion, database, databaseBytes, files } =
    value as Partial<Record<keyof DumpManifest, unknown>>;
  return (
    format === 1 &&
    typeof id === "string" &&
    [startedAt, stoppedAt, programVersion, databaseBytes].every(isCount) &&
    typeof serverVersion === "string" &&
    /^\d{2}\.\d{1,3}$/.test(serverVersion) &&
    typeof database === "string" &&
    database.length > 0 &&
    database.length < 64 &&
    Array.isArray(files) &&
    files.length <= MAX_FILES &&
    files.every(isDumpedFile)
  );
}

function isDumpedFile(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { name, size, storedBytes } = value as Partial<Record<keyof DumpedFile, unknown>>;
  return typeof name === "string" && FILE_NAME.test(name) && isCount(size) && isCount(storedBytes);
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
