import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { explain, hasCode } from "@rempart/kernel";
import type { Logger } from "@rempart/runtime";
import { type Account, runningAsRoot } from "../../embedded/account.ts";
import { launch, type Server } from "../../embedded/server.ts";
import { quoteListItem } from "../../embedded/settings.ts";
import { type Answer, EXIT_STOP, listenForCommands, stopUnlessAnswered } from "../archive/socket.ts";
import { BackupError } from "../errors.ts";
import type { RecoveryTarget } from "../ports.ts";

const run = promisify(execFile);

export interface RecoveryOptions {
  /** PostgreSQL's server program. */
  readonly program: string;
  readonly directory: string;
  readonly account: Account;
  readonly target: RecoveryTarget;
  readonly timeline: number;
  readonly wal: LogSource;
  readonly log: Logger;
}

/** Where recovery gets the log from. */
export interface LogSource {
  /** Answers `restore_command`; must not reject. */
  readonly answer: Answer;
  /** Why it stopped recovery. */
  readonly failure: unknown;
}

export interface RecoveredServer {
  /** Of a superuser who needs no password: the socket's directory is closed to all others. */
  urlOf(role: string, database: string): string;
  stop(): Promise<void>;
}

/** To which a server can be recovered that has its log. */
export const EVERY_TARGET: readonly RecoveryTarget["kind"][] = [
  "latest",
  "time",
  "transaction",
  "name",
  "lsn",
];

const PORT = 5432;

/**
 * Starts a server on the directory that nobody else can reach, lets it replay the log up to the target and open a timeline of
 * its own. It archives nothing; what it writes waits for the archiver of the server that is started on the directory later.
 */
export async function recover(options: RecoveryOptions): Promise<RecoveredServer> {
  const { account, directory, wal } = options;
  const folder = await privateFolder(account);
  const socket = await listenForCommands(folder, "restore", account, (words) => wal.answer(words));
  const close = async (): Promise<void> => {
    await socket.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ownFile(join(directory, "recovery.signal"), "", account);
    const command = stopUnlessAnswered(socket.command(EXIT_STOP, "restore", "%f", "%p"));
    return reachedIn(folder, await start(options, folder, command), close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts a server that nobody else can reach on a directory that needs no recovery. Throws `recovery-failed`. */
export async function startPrivately(
  options: Pick<RecoveryOptions, "program" | "directory" | "account" | "log">,
): Promise<RecoveredServer> {
  const folder = await privateFolder(options.account);
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    return reachedIn(folder, await launchIn(folder, options, {}), close);
  } catch (error) {
    await close();
    throw recoveryFailure(error);
  }
}

function reachedIn(folder: string, server: Server, close: () => Promise<void>): RecoveredServer {
  return {
    urlOf: (role, database) =>
      `postgres://${encodeURIComponent(role)}@localhost:${PORT}/${encodeURIComponent(database)}?host=${encodeURIComponent(folder)}`,
    async stop() {
      await server.stop();
      await close();
    },
  };
}

/**
 * A time at which nothing was committed is never "reached": PostgreSQL replays all there is and then complains. We know that the
 * log goes on beyond the time, so then all of it is what was asked for.
 */
export async function recoverTo(
  target: RecoveryTarget,
  attempt: (target: RecoveryTarget) => Promise<RecoveredServer>,
): Promise<RecoveredServer> {
  try {
    return await attempt(target);
  } catch (error) {
    if (target.kind !== "time" || !hasCode(error, "target-unreachable")) throw error;
    return attempt({ kind: "latest" });
  }
}

async function start(options: RecoveryOptions, folder: string, restoreCommand: string): Promise<Server> {
  try {
    return await launchIn(folder, options, {
      restore_command: restoreCommand,
      recovery_target_timeline: String(options.timeline),
      ...targetSettings(options.target),
    });
  } catch (error) {
    throw options.wal.failure ?? recoveryFailure(error);
  }
}

async function launchIn(
  folder: string,
  { program, directory, account, log }: Pick<RecoveryOptions, "program" | "directory" | "account" | "log">,
  further: Readonly<Record<string, string>>,
): Promise<Server> {
  const [hba, empty] = [join(folder, "hba.conf"), join(folder, "empty.conf")];
  await ownFile(hba, "local all all trust\n", account);
  await ownFile(empty, "", account);
  const settings = {
    ...SETTINGS,
    // Debian keeps a cluster's configuration outside of its data directory.
    config_file: empty,
    hba_file: hba,
    ident_file: empty,
    unix_socket_directories: quoteListItem(folder),
    ...further,
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return launch({ program, args: ["-D", directory, ...words], account, log: quiet(log) });
}

/** Recovery warns of what is meant here: that nothing is archived. */
function quiet(log: Logger): Logger {
  return { ...log, error: log.error.bind(log), debug: log.debug.bind(log), warn: log.debug.bind(log) };
}

/** Given on the command line, which `postgresql.auto.conf` in the data directory cannot change. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  port: String(PORT),
  recovery_target_action: "promote",
  recovery_target_inclusive: "on",
  recovery_min_apply_delay: "0",
  recovery_end_command: "",
  archive_cleanup_command: "",
  hot_standby: "off",
  // With archiving off, segments written now would never be handed over; without a command they wait.
  archive_mode: "on",
  archive_command: "",
  archive_library: "",
  max_prepared_transactions: "1000",
  // What was laid out is flushed already: one call finds that, where the default opens every file.
  ...(process.platform === "linux" ? { recovery_init_sync_method: "syncfs" } : {}),
  shared_buffers: "128MB",
  max_wal_size: "4GB",
  logging_collector: "off",
  log_destination: "stderr",
  log_line_prefix: "",
  log_error_verbosity: "terse",
  log_min_error_statement: "panic",
  lc_messages: "C",
};

const TARGETS = [
  "recovery_target",
  "recovery_target_time",
  "recovery_target_xid",
  "recovery_target_name",
  "recovery_target_lsn",
] as const;

/** The others are emptied: one that an earlier recovery left in the configuration would count. Ours last: PostgreSQL takes one that is set, and then none. */
function targetSettings(target: RecoveryTarget): Readonly<Record<string, string>> {
  const [name, value] = targetSetting(target);
  const others = TARGETS.filter((one) => one !== name).map((one) => [one, ""]);
  return { ...Object.fromEntries(others), [name]: value };
}

function targetSetting(target: RecoveryTarget): readonly [(typeof TARGETS)[number], string] {
  switch (target.kind) {
    case "latest":
      return ["recovery_target", ""];
    case "time":
      return ["recovery_target_time", timestampOf(target.at)];
    case "transaction":
      return ["recovery_target_xid", target.id];
    case "name":
      return ["recovery_target_name", target.name];
    case "lsn":
      return ["recovery_target_lsn", target.lsn];
  }
}

/** Read before any time zone is loaded: PostgreSQL knows no `Z` then. */
function timestampOf(at: number): string {
  return new Date(at).toISOString().replace("T", " ").replace("Z", "+00");
}

const UNREACHED = /recovery ended before configured recovery target was reached/;

function recoveryFailure(cause: unknown): BackupError {
  return UNREACHED.test(explain(cause))
    ? new BackupError("target-unreachable", "the log ended before the target", { cause })
    : new BackupError("recovery-failed", "the restored server did not come up", { cause });
}

/** Throws `recovery-failed` where the program cannot be run. */
export async function majorVersionOf(program: string): Promise<string> {
  try {
    const { stdout } = await run(program, ["--version"]);
    return /(\d+)(?:\.\d+|devel|beta|rc)/.exec(stdout)?.[1] ?? "";
  } catch (cause) {
    throw new BackupError("recovery-failed", `${program} cannot be run`, { cause });
  }
}

async function privateFolder(account: Account): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rempart-restore-"));
  await chmod(folder, 0o700);
  if (runningAsRoot()) await chown(folder, account.uid, account.gid);
  return folder;
}

async function ownFile(path: string, content: string, { uid, gid }: Account): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
  if (runningAsRoot()) await chown(path, uid, gid);
}
