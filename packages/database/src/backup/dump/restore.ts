import { chown } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { accountFor, runningAsRoot } from "../../embedded/account.ts";
import { usablePrograms } from "../../embedded/programs.ts";
import { createDatabase } from "../../pool/database.ts";
import { finish, type RecoveryPrograms } from "../builtin/finish.ts";
import { startPrivately } from "../builtin/recovery.ts";
import { assertEmpty, asWhole } from "../builtin/target-place.ts";
import { BackupError } from "../errors.ts";
import type { RestoreHook, RestoreOptions, RestoreReport, RunOptions } from "../ports.ts";
import { callProgram } from "../program.ts";
import { progressOf } from "../progress.ts";
import type { Vault } from "../sealed/objects.ts";
import { assertNewEnough, type ClientPrograms } from "./client-programs.ts";
import { type DumpManifest, dumpedBytes, dumpIds, ROLES_FILE, readDumpManifest } from "./manifest.ts";
import { openDump } from "./open.ts";
import { inPrivateFolder } from "./private-folder.ts";

export interface DumpRestorePorts {
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Logger;
  readonly programs: ClientPrograms;
  readonly server: RecoveryPrograms;
  readonly workDirectory: string | undefined;
  readonly jobs: number;
}

export interface RestoreIntoOptions extends RunOptions {
  /** Of an empty database, as its owner or a superuser. */
  readonly url: string;
  /** The newest unless told. */
  readonly backup?: string;
  /** False: everything belongs to the role of the address, and nobody else is granted anything. */
  readonly owners?: boolean;
  /** They get the database of the address, as its role, whatever role they ask for. */
  readonly hooks?: readonly RestoreHook[];
}

/**
 * Into an empty database of a running server, in which the roles are. Throws `target-not-empty`; after `hook-failed` what was
 * loaded is still there: drop that database before it is tried again.
 */
export async function restoreInto(
  ports: DumpRestorePorts,
  options: RestoreIntoOptions,
): Promise<RestoreReport> {
  const { clock } = ports;
  const { url, hooks = [], signal } = options;
  const manifest = await chooseDump(ports, options.backup);
  await assertEmptyDatabase(url);
  const words = options.owners === false ? ["--no-owner", "--no-privileges"] : [];
  const startedAt = clock.monotonic();
  let copiedAt = startedAt;
  await withDump(ports, manifest, options, async (folder) => {
    copiedAt = clock.monotonic();
    await load(ports, folder, url, words, signal);
  });
  const known = {
    backup: manifest.id,
    target: { kind: "latest" } as const,
    bytes: manifest.databaseBytes,
    copyMs: copiedAt - startedAt,
    recoverMs: clock.monotonic() - copiedAt,
  };
  return finish({ urlOf: () => url }, {}, known, hooks);
}

/** Into a new data directory with a server that nobody else can reach: as the port wants it. */
export async function restoreDump(ports: DumpRestorePorts, options: RestoreOptions): Promise<RestoreReport> {
  await assertEmpty(options.directory);
  if (options.target.kind !== "latest")
    throw new BackupError(
      "target-unsupported",
      "a dump holds one moment: only what is in it can be restored. For points in time take the built-in engine or pgBackRest",
    );
  const manifest = await chooseDump(ports, options.backup);
  const account = await accountFor(undefined);
  const place = { target: options.directory, bytes: manifest.databaseBytes, account };
  return asWhole(place, (directory) => build(ports, options, { manifest, directory, account }));
}

interface Build {
  readonly manifest: DumpManifest;
  readonly directory: string;
  readonly account: Awaited<ReturnType<typeof accountFor>>;
}

async function build(
  ports: DumpRestorePorts,
  options: RestoreOptions,
  { manifest, directory, account }: Build,
): Promise<RestoreReport> {
  const { clock, log, server: given } = ports;
  const postgres = given.postgres ?? (await usablePrograms(account)).postgres;
  const startedAt = clock.monotonic();
  if (runningAsRoot()) await chown(directory, account.uid, account.gid);
  await initialise(join(dirname(postgres), "initdb"), directory, account);
  const server = await startPrivately({ program: postgres, directory, account, log });
  try {
    const role = "postgres";
    const copiedAt = clock.monotonic();
    await withDump(ports, manifest, options, async (folder) => {
      await createRoles(ports, folder, server.urlOf(role, "postgres"));
      // What every cluster has is not made again; any other is made as it was.
      const words = manifest.database === "postgres" ? [] : ["--create"];
      await load(ports, folder, server.urlOf(role, "postgres"), words, options.signal);
    });
    const known = {
      backup: manifest.id,
      target: options.target,
      bytes: manifest.databaseBytes,
      copyMs: copiedAt - startedAt,
      recoverMs: clock.monotonic() - copiedAt,
    };
    return await finish(server, { role, database: "postgres" }, known, options.hooks ?? []);
  } finally {
    await server.stop();
  }
}

/** Who may connect is not part of a dump: nobody over the network, until somebody says who. */
const CLUSTER = [
  "--username=postgres",
  "--encoding=UTF8",
  "--no-locale",
  "--auth-local=peer",
  "--auth-host=reject",
];

async function initialise(program: string, directory: string, account: Build["account"]): Promise<void> {
  const end = await callProgram({
    program,
    args: [`--pgdata=${directory}`, "--data-checksums", ...CLUSTER],
    account,
  });
  if (end.exitCode === 0) return;
  throw new BackupError("recovery-failed", "a new data directory could not be made", {
    cause: new Error(end.said),
  });
}

async function chooseDump(
  { vault, programs }: DumpRestorePorts,
  named: string | undefined,
): Promise<DumpManifest> {
  const id = named ?? (await dumpIds(vault)).at(-1);
  if (id === undefined) throw new BackupError("no-backup", "there is no whole dump");
  const manifest = await readDumpManifest(vault, id);
  await assertNewEnough(programs, "pg_restore", manifest.programVersion);
  return manifest;
}

function withDump(
  { vault, clock, workDirectory }: DumpRestorePorts,
  manifest: DumpManifest,
  { signal, onProgress }: RunOptions,
  work: (folder: string) => Promise<void>,
): Promise<void> {
  return inPrivateFolder(workDirectory, async (parent) => {
    const folder = join(parent, "dump");
    const onBytes = progressOf("copy", dumpedBytes(manifest), clock, onProgress);
    await openDump(vault, manifest, folder, { signal, onBytes });
    await work(folder);
  });
}

/** Those of the cluster itself are there already: each statement stands for itself. */
async function createRoles({ programs }: DumpRestorePorts, folder: string, url: string): Promise<void> {
  const args = ["--no-psqlrc", "--quiet", `--file=${join(folder, ROLES_FILE)}`];
  await programs.run("psql", { url, args }, "recovery-failed");
}

async function load(
  { programs, jobs }: DumpRestorePorts,
  folder: string,
  url: string,
  words: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const database = decodeURIComponent(new URL(url).pathname.slice(1));
  const args = [
    "--exit-on-error",
    "--no-password",
    `--jobs=${jobs}`,
    ...words,
    `--dbname=${database}`,
    folder,
  ];
  await programs.run("pg_restore", { url, args, signal }, "recovery-failed");
}

/** Throws `target-not-empty`. */
export async function assertEmptyDatabase(url: string): Promise<void> {
  const database = createDatabase({ url, poolSize: 1, applicationName: "rempart-backup" });
  try {
    const [row] = await database.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' LIMIT 1`,
    );
    if (row === undefined) return;
    throw new BackupError("target-not-empty", `the database holds ${row.name}: restore into an empty one`);
  } finally {
    await database.close();
  }
}
