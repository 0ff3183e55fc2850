import type { BackupManifest } from "../manifest.ts";
import type { BackupSummary, ObjectInfo } from "../ports.ts";
import type { Vault } from "../sealed/objects.ts";
import { readManifest, summaryOf } from "./catalog.ts";
import { wholeBackups } from "./choose.ts";

/** Of a manifest, without its list of files. */
export interface KnownBackup
  extends Pick<
    BackupManifest,
    "id" | "systemIdentifier" | "timeline" | "startLsn" | "stopLsn" | "segmentBytes"
  > {
  readonly summary: BackupSummary;
}

interface Read {
  readonly backup: KnownBackup;
  readonly object: ObjectInfo;
}

/** Whole backups, each manifest read once while the store shows the same object under its name: a backup never changes. */
export class KnownBackups {
  readonly #vault: Vault;
  #read: ReadonlyMap<string, Read> = new Map();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** As `wholeBackups` orders them. */
  async read(): Promise<readonly KnownBackup[]> {
    const read = new Map<string, Read>();
    const backups = await wholeBackups(this.#vault, async ({ id, object }) => {
      const known = this.#read.get(id);
      const backup =
        known !== undefined && isSame(known.object, object)
          ? known.backup
          : factsOf(await readManifest(this.#vault, id));
      read.set(id, { backup, object });
      return backup;
    });
    this.#read = read;
    return backups;
  }
}

function isSame(a: ObjectInfo, b: ObjectInfo): boolean {
  return a.size === b.size && a.modifiedAt === b.modifiedAt;
}

function factsOf(manifest: BackupManifest): KnownBackup {
  const { id, systemIdentifier, timeline, startLsn, stopLsn, segmentBytes } = manifest;
  return { id, systemIdentifier, timeline, startLsn, stopLsn, segmentBytes, summary: summaryOf(manifest) };
}
