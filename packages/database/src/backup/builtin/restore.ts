import type { Clock } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { type Account, accountFor } from "../../embedded/account.ts";
import { usablePrograms } from "../../embedded/programs.ts";
import { BackupError } from "../errors.ts";
import { type BackupManifest, databaseBytes, majorVersion } from "../manifest.ts";
import type { RecoveryTarget, RestoreOptions, RestoreReport } from "../ports.ts";
import { progressOf } from "../progress.ts";
import type { Vault } from "../sealed/objects.ts";
import type { Chain } from "../wal/chain.ts";
import { chainOf, readWalIndex, type WalIndex } from "../wal/index-of.ts";
import { assertReachable, chooseBackup } from "./choose.ts";
import { finishIn, type RecoveryPrograms } from "./finish.ts";
import { layOut } from "./lay-out.ts";
import { recoverableTo } from "./recoverable.ts";
import { majorVersionOf, type RecoveredServer, recover, recoverTo } from "./recovery.ts";
import { assertEmpty, asWhole } from "./target-place.ts";
import { WalSource } from "./wal-source.ts";

export interface RestorePorts {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly programs: RecoveryPrograms;
}

/** Everything is looked at before anything is written; then copy, recover, hooks, and only then the directory has its name. */
export async function restoreBackup(ports: RestorePorts, options: RestoreOptions): Promise<RestoreReport> {
  const { vault } = ports;
  await assertEmpty(options.directory);
  const manifest = await chooseBackup(vault, options.target, options.backup);
  const account = await accountFor(undefined);
  const program = ports.programs.postgres ?? (await usablePrograms(account)).postgres;
  await assertVersion(program, manifest);
  const index = await readWalIndex(vault, manifest.systemIdentifier);
  const chain = chainOf(manifest, index);
  assertReachable(manifest, chain, options.target, await recoverableTo(vault, manifest, chain));
  const place = { target: options.directory, bytes: databaseBytes(manifest), account };
  return asWhole(place, (directory) =>
    rebuild(ports, options, { manifest, account, program, index, chain, directory }),
  );
}

/** Throws `version-mismatch`. */
export async function assertVersion(
  program: string,
  { serverVersion }: Pick<BackupManifest, "serverVersion">,
): Promise<void> {
  const found = await majorVersionOf(program);
  if (found === majorVersion(serverVersion)) return;
  throw new BackupError(
    "version-mismatch",
    `the backup is of PostgreSQL ${serverVersion} and ${program} is PostgreSQL ${found}: restore with the same major version`,
  );
}

interface Rebuild {
  readonly manifest: BackupManifest;
  readonly account: Account;
  readonly program: string;
  readonly index: WalIndex;
  readonly chain: Chain;
  readonly directory: string;
}

async function rebuild(ports: RestorePorts, options: RestoreOptions, plan: Rebuild): Promise<RestoreReport> {
  const { vault, clock } = ports;
  const { manifest, directory, account } = plan;
  const { signal, onProgress, tablespaceDirectory } = options;
  const bytes = databaseBytes(manifest);
  const startedAt = clock.monotonic();
  const onBytes = progressOf("copy", bytes, clock, onProgress);
  await layOut(vault, manifest, { directory, tablespaceDirectory, account, signal, onBytes });
  const copiedAt = clock.monotonic();
  const server = await recoverTo(options.target, (target) => attempt(ports, options, plan, target));
  const recoverMs = clock.monotonic() - copiedAt;
  const known = {
    backup: manifest.id,
    target: options.target,
    bytes,
    copyMs: copiedAt - startedAt,
    recoverMs,
  };
  return finishIn(directory, server, ports.programs, known, options.hooks);
}

function attempt(
  { vault, log, clock }: RestorePorts,
  { onProgress }: RestoreOptions,
  { manifest, account, program, index, chain, directory }: Rebuild,
  target: RecoveryTarget,
): Promise<RecoveredServer> {
  const { segmentBytes, systemIdentifier } = manifest;
  const progress = progressOf("recover", chain.segments.length * segmentBytes, clock, onProgress);
  const wal = new WalSource({
    vault,
    systemIdentifier,
    available: index.sizes,
    expected: chain.segments,
    directory,
    account,
    onSegment: (done) => progress(done * segmentBytes),
  });
  return recover({ program, directory, account, target, timeline: chain.timeline, wal, log });
}
