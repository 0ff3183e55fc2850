import { BackupError } from "../errors.ts";
import { MANIFESTS, manifestName } from "../layout.ts";
import {
  type BackupManifest,
  databaseBytes,
  decodeManifest,
  encodeManifest,
  isBackupId,
} from "../manifest.ts";
import type { BackupSummary, ObjectInfo } from "../ports.ts";
import { once, putSealed, readSealed, type Vault } from "../sealed/objects.ts";

const MAX_MANIFEST_BYTES = 512 * 2 ** 20;

export async function writeManifest(vault: Vault, manifest: BackupManifest): Promise<void> {
  await putSealed(vault, manifestName(manifest.id), once(encodeManifest(manifest)), { ifAbsent: true });
}

/** Throws `no-backup`, or as `openSealed` does. */
export async function readManifest(vault: Vault, id: string): Promise<BackupManifest> {
  if (!isBackupId(id)) throw noBackup(id);
  try {
    return decodeManifest(await readSealed(vault, manifestName(id), MAX_MANIFEST_BYTES), id);
  } catch (error) {
    throw error instanceof BackupError && error.code === "object-missing" ? noBackup(id, error) : error;
  }
}

function noBackup(id: string, cause?: unknown): BackupError {
  const name = JSON.stringify(id.slice(0, 40));
  return new BackupError("no-backup", `there is no whole backup ${name}`, { cause });
}

/** Of whole backups, by their names. */
export async function backupIds(vault: Vault): Promise<string[]> {
  return (await manifestObjects(vault)).map(({ id }) => id);
}

export interface ManifestObject {
  readonly id: string;
  readonly object: ObjectInfo;
}

/** As `backupIds`. */
export async function manifestObjects({ repository }: Vault): Promise<ManifestObject[]> {
  const found: ManifestObject[] = [];
  for await (const object of repository.list(MANIFESTS)) {
    const id = object.name.slice(MANIFESTS.length, -"/manifest".length);
    if (isBackupId(id) && object.name === manifestName(id)) found.push({ id, object });
  }
  return found;
}

export function summaryOf(manifest: BackupManifest): BackupSummary {
  const { id, startedAt, stoppedAt, serverVersion, packs } = manifest;
  const storedBytes = packs.reduce((sum, pack) => sum + pack.storedBytes, 0);
  const damaged = manifest.pages ? manifest.pages.damaged > 0 : null;
  const summary = { id, startedAt, stoppedAt, serverVersion, storedBytes, damaged };
  return { ...summary, engine: "built-in", databaseBytes: databaseBytes(manifest) };
}
