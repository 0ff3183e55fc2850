import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, hasCode } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { type Account, accountFor } from "../../embedded/account.ts";
import { usablePrograms } from "../../embedded/programs.ts";
import { createDatabase } from "../../pool/database.ts";
import type { Database } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";
import { type BackupManifest, databaseBytes, majorVersion } from "../manifest.ts";
import type { RecoveryTarget, RestoreHook, RestoreOptions, RestoreReport } from "../ports.ts";
import { progressOf } from "../progress.ts";
import type { Vault } from "../sealed/objects.ts";
import type { Chain } from "../wal/chain.ts";
import { chainOf, readWalIndex, type WalIndex } from "../wal/index-of.ts";
import { assertReachable, chooseBackup } from "./choose.ts";
import { layOut } from "./lay-out.ts";
import { recoverableTo } from "./recoverable.ts";
import { majorVersionOf, type RecoveredServer, recover } from "./recovery.ts";
import { assertEmpty, asWhole } from "./target-place.ts";
import { WalSource } from "./wal-source.ts";

/** With what, and as whom, a restored server is recovered. */
export interface RecoveryPrograms {
  /** PostgreSQL's server program, of the backup's major version; the embedded one unless told. */
  readonly postgres?: string;
  /** Superuser of the cluster; `postgres` unless told. */
  readonly role?: string;
  /** A database that is there; `postgres` unless told. */
  readonly database?: string;
}

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

async function assertVersion(program: string, { serverVersion }: BackupManifest): Promise<void> {
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
  const server = await recoverTo(ports, options, plan);
  const recoverMs = clock.monotonic() - copiedAt;
  const known = {
    backup: manifest.id,
    target: options.target,
    bytes,
    copyMs: copiedAt - startedAt,
    recoverMs,
  };
  try {
    return await finish(server, ports.programs, known, options.hooks ?? []);
  } finally {
    await server.stop();
    for (const name of ["backup_label.old", "tablespace_map.old"])
      await rm(join(directory, name), { force: true });
  }
}

/**
 * A time at which nothing was committed is never "reached": PostgreSQL replays all there is and then complains. We know that the
 * log goes on beyond the time, so then all of it is what was asked for.
 */
async function recoverTo(
  ports: RestorePorts,
  options: RestoreOptions,
  plan: Rebuild,
): Promise<RecoveredServer> {
  try {
    return await attempt(ports, options, plan, options.target);
  } catch (error) {
    if (options.target.kind !== "time" || !hasCode(error, "target-unreachable")) throw error;
    return attempt(ports, options, plan, { kind: "latest" });
  }
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

async function finish(
  server: RecoveredServer,
  { role = "postgres", database = "postgres" }: RecoveryPrograms,
  known: Omit<RestoreReport, "hooks" | "timeline" | "lastTransactionAt">,
  hooks: readonly RestoreHook[],
): Promise<RestoreReport> {
  const opened: Database[] = [];
  const open = (as: string, name: string): Database => {
    const one = createDatabase({ url: server.urlOf(as, name), poolSize: 4 });
    opened.push(one);
    return one;
  };
  try {
    const superuser = open(role, database);
    const report = { ...known, ...(await endOfRecovery(superuser)) };
    for (const hook of hooks) await runHook(hook, { database: superuser, open, report });
    return { ...report, hooks: hooks.map((hook) => hook.name) };
  } finally {
    await Promise.all(opened.map((one) => one.close()));
  }
}

async function endOfRecovery(database: Database) {
  const [row] = await database.query<{ timeline: number; at: number | null }>(
    `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline,
       floor(extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::bigint AS at`,
  );
  return { timeline: row?.timeline ?? 0, lastTransactionAt: row?.at ?? null };
}

async function runHook(hook: RestoreHook, context: Parameters<RestoreHook["run"]>[0]): Promise<void> {
  try {
    await hook.run(context);
  } catch (cause) {
    throw new BackupError("hook-failed", `${hook.name} failed, and the restored database was not opened`, {
      cause,
    });
  }
}
