import { BackupError } from "./errors.ts";
import { parseLsn } from "./wal/lsn.ts";

export interface BackedUpFile {
  /** Below the data directory, with `/`; never leads out of it. */
  readonly path: string;
  /** Bytes as they were read: the file may have grown since. */
  readonly size: number;
}

export interface Tablespace {
  readonly oid: string;
  /** The directory it had on the server. */
  readonly location: string;
}

/**
 * What a backup is made of. The files, one after the other in this order, are one tape; the tape is cut into packs. The
 * manifest is written last: a backup without one was not finished.
 */
export interface BackupManifest {
  readonly format: 1;
  readonly id: string;
  /** Of the database cluster, as PostgreSQL numbers them: 64 bits in decimal. */
  readonly systemIdentifier: string;
  /** Such as `18.4`. */
  readonly serverVersion: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Unix milliseconds, by the same clock, and never before `startedAt`. */
  readonly stoppedAt: number;
  readonly timeline: number;
  readonly startLsn: string;
  readonly stopLsn: string;
  readonly segmentBytes: number;
  /** The file `backup_label` as `pg_backup_stop` gave it. */
  readonly backupLabel: string;
  readonly tablespaceMap: string;
  readonly tablespaces: readonly Tablespace[];
  /** Below the data directory, each after the one that holds it. */
  readonly directories: readonly string[];
  readonly files: readonly BackedUpFile[];
  /** What the checksums of the pages said when they were copied. Null, or left out: nobody looked. */
  readonly pages?: CheckedPages | null;
  /** In the order of the tape; the n-th stands under the n-th name. */
  readonly packs: readonly Pack[];
}

export interface CheckedPages {
  readonly checked: number;
  /** On the server already. */
  readonly damaged: number;
  /** As `base/16384/2619, block 3`; the first thousand. */
  readonly named: readonly string[];
}

export interface Pack {
  /** Bytes of the tape. */
  readonly bytes: number;
  /** Bytes of the object. */
  readonly storedBytes: number;
}

/** Also the order of backups, but for a clock that went back; the letters make it unique. */
const ID = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;

export function isBackupId(text: string): boolean {
  return ID.test(text);
}

export function backupId(at: number, random: Uint8Array): string {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-${Buffer.from(random).toString("hex", 0, 4)}`;
}

export function databaseBytes({ files }: Pick<BackupManifest, "files">): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

export function majorVersion(serverVersion: string): string {
  return serverVersion.split(".")[0] ?? "";
}

export function encodeManifest(manifest: BackupManifest): Buffer {
  return Buffer.from(JSON.stringify(manifest));
}

/**
 * Only what was sealed arrives here; that does not make it harmless, since whoever holds the key might write it. Throws
 * `object-altered`.
 */
export function decodeManifest(bytes: Uint8Array, id: string): BackupManifest {
  const manifest = readJson(bytes);
  if (!isManifest(manifest) || manifest.id !== id) throw altered(id);
  return manifest;
}

function altered(id: string): BackupError {
  return new BackupError("object-altered", `the manifest of backup ${id} is not one`);
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return null;
  }
}

function isManifest(value: unknown): value is BackupManifest {
  if (!isRecord(value) || value.format !== 1) return false;
  return (
    isText(value.id, ID) &&
    isText(value.systemIdentifier, /^\d{1,20}$/) &&
    isText(value.serverVersion, /^\d{2}\.\d{1,3}$/) &&
    isCount(value.startedAt) &&
    isCount(value.stoppedAt) &&
    value.stoppedAt >= value.startedAt &&
    isCount(value.timeline) &&
    isLsn(value.startLsn) &&
    isLsn(value.stopLsn) &&
    isSegmentSize(value.segmentBytes) &&
    typeof value.backupLabel === "string" &&
    typeof value.tablespaceMap === "string" &&
    isListOf(
      value.tablespaces,
      ({ oid, location }) => isText(oid, /^\d{1,10}$/) && typeof location === "string",
    ) &&
    Array.isArray(value.directories) &&
    value.directories.every(isInside) &&
    isListOf(value.files, ({ path, size }) => isInside(path) && isCount(size)) &&
    isCheckedPages(value.pages ?? null) &&
    isListOf(value.packs, ({ bytes, storedBytes }) => isCount(bytes) && isCount(storedBytes)) &&
    coversTape(value as unknown as BackupManifest)
  );
}

function isCheckedPages(value: unknown): boolean {
  if (value === null) return true;
  if (!isRecord(value)) return false;
  const { checked, damaged, named } = value;
  return (
    isCount(checked) &&
    isCount(damaged) &&
    Array.isArray(named) &&
    named.length <= damaged &&
    named.every((name) => typeof name === "string" && name.length <= 1_100)
  );
}

/** The packs hold exactly the files. */
function coversTape({ files, packs }: BackupManifest): boolean {
  return databaseBytes({ files }) === packs.reduce((sum, { bytes }) => sum + bytes, 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isListOf(value: unknown, holds: (item: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isRecord(item) && holds(item));
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isLsn(value: unknown): boolean {
  return typeof value === "string" && parseLsn(value) !== null;
}

/** 1 MiB to 1 GiB, a power of two (`initdb --wal-segsize`). */
function isSegmentSize(value: unknown): boolean {
  return isCount(value) && value >= 2 ** 20 && value <= 2 ** 30 && Number.isInteger(Math.log2(value));
}

/** A relative path that stays below where it begins. */
function isInside(value: unknown): value is string {
  if (typeof value !== "string" || value.length > 1_024 || value.includes("\0")) return false;
  return value.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
