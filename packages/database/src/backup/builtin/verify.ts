import { type Clock, explain } from "@rempart/kernel";
import { BackupError } from "../errors.ts";
import { MANIFESTS, manifestName, walFolder, walObject } from "../layout.ts";
import { type BackupManifest, databaseBytes } from "../manifest.ts";
import type { BackupFinding, VerifyOptions, VerifyReport } from "../ports.ts";
import { progressOf } from "../progress.ts";
import { eachOf } from "../sealed/in-order.ts";
import type { Vault } from "../sealed/objects.ts";
import type { Chain } from "../wal/chain.ts";
import { chainOf, readWalIndex } from "../wal/index-of.ts";
import { readWalFile } from "../wal/object.ts";
import { backupIds, readManifest } from "./catalog.ts";
import { readManifests } from "./choose.ts";
import { noSink, packsOf, readPack } from "./read-packs.ts";
import { reachesBackup, recoverableTo } from "./recoverable.ts";

const SEGMENTS_UNDER_WAY = 3;

/** Reads back everything that a restore of one backup to `latest` would, and names all that is wrong with it. */
export async function verifyBackup(
  vault: Vault,
  clock: Clock,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const id = options.backup ?? (await newestOf(vault));
  const look = new Look(vault);
  if (id === null) {
    look.findings.push({ code: "no-backup", name: MANIFESTS, detail: "there is no whole backup" });
    return look.report(null, null);
  }
  const manifest = await look.at(manifestName(id), () => readManifest(vault, id));
  if (manifest === null) return look.report(id, null);
  const index = await look.at(walFolder(manifest.systemIdentifier), () =>
    readWalIndex(vault, manifest.systemIdentifier),
  );
  const chain = index === null ? null : chainOf(manifest, index);
  const total = databaseBytes(manifest) + (chain?.segments.length ?? 0) * manifest.segmentBytes;
  const progress = progressOf("verify", total, clock, options.onProgress);
  look.onBytes = progress;
  await look.atPacks(manifest, options.signal);
  const files = look.findings.length === 0;
  look.atPages(manifest);
  const whole = chain && (await look.atSegments(manifest, chain, options.signal));
  const known = files && whole !== null ? await recoverableTo(vault, manifest, whole) : null;
  return look.report(id, known);
}

/** By the log, which no clock can turn; by its name when its manifest is damaged: nobody knows then where in the log it stands. */
async function newestOf(vault: Vault): Promise<string | null> {
  const last = (await backupIds(vault)).at(-1) ?? null;
  const whole = await readManifests(vault).catch((error: unknown) => {
    if (error instanceof BackupError && FINDINGS.has(error.code)) return [];
    throw error;
  });
  return whole.some(({ id }) => id === last) ? (whole.at(-1)?.id ?? last) : last;
}

/** What cannot be looked at now says nothing about the backup. */
const FINDINGS: ReadonlySet<string> = new Set(["object-missing", "object-altered", "wrong-key", "no-backup"]);

class Look {
  readonly findings: BackupFinding[] = [];
  onBytes: (done: number) => void = () => {};
  readonly #vault: Vault;
  #objects = 0;
  #bytes = 0;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Null when there is a finding. */
  async at<T>(name: string, read: () => Promise<T>): Promise<T | null> {
    try {
      const value = await read();
      this.#objects += 1;
      return value;
    } catch (error) {
      if (!(error instanceof BackupError) || !FINDINGS.has(error.code)) throw error;
      const object = typeof error.details.object === "string" ? error.details.object : name;
      this.findings.push({
        code: error.code as BackupFinding["code"],
        name: object,
        detail: explain(error),
      });
      return null;
    }
  }

  async atPacks(manifest: BackupManifest, signal: AbortSignal | undefined): Promise<void> {
    const onBytes = (bytes: number): void => this.#count(bytes);
    await eachOf(packsOf(manifest), SEGMENTS_UNDER_WAY, async (pack) => {
      await this.at(pack.name, () => readPack(this.#vault, pack, noSink, { signal, onBytes }));
    });
  }

  /** What is damaged and was copied as it is. */
  atPages({ pages }: BackupManifest): void {
    for (const name of pages?.named ?? [])
      this.findings.push({
        code: "page-damaged",
        name,
        detail: "it was damaged on the server when it was copied",
      });
  }

  /** The chain as far as it is sound. */
  async atSegments(
    { systemIdentifier, ...manifest }: BackupManifest,
    chain: Chain,
    signal: AbortSignal | undefined,
  ): Promise<Chain> {
    const sound: boolean[] = [];
    await eachOf(chain.segments.keys(), SEGMENTS_UNDER_WAY, async (index) => {
      signal?.throwIfAborted();
      const name = chain.segments[index] as string;
      const file = await this.at(walObject(systemIdentifier, name), () =>
        readWalFile(this.#vault, systemIdentifier, name),
      );
      sound[index] = file !== null;
      this.#count(file?.content.length ?? 0);
    });
    const damaged = sound.indexOf(false);
    const reaches = reachesBackup(manifest, chain);
    if (chain.missing !== null || !reaches) this.#gap(chain);
    if (damaged < 0) return chain;
    const lost = BigInt(chain.segments.length - damaged) * BigInt(manifest.segmentBytes);
    return { ...chain, segments: chain.segments.slice(0, damaged), end: chain.end - lost };
  }

  report(backup: string | null, recoverable: number | null): VerifyReport {
    const { findings } = this;
    return { backup, findings, objects: this.#objects, bytes: this.#bytes, recoverableTo: recoverable };
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.onBytes(this.#bytes);
  }

  #gap({ missing, segments }: Chain): void {
    const name = missing ?? `after ${segments.at(-1) ?? "the backup's beginning"}`;
    this.findings.push({ code: "wal-gap", name, detail: "a segment that recovery needs is missing" });
  }
}
