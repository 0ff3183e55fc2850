import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Clock, systemClock } from "@rempart/kernel";
import type { Secret } from "@rempart/runtime";
import { finish } from "../builtin/finish.ts";
import { BackupError } from "../errors.ts";
import type { RestoreHook, RestoreReport } from "../ports.ts";
import { callProgram } from "../program.ts";
import { clientPrograms, connectionEnvironment } from "./client-programs.ts";
import { inPrivateFolder } from "./private-folder.ts";
import { assertEmptyDatabase } from "./restore.ts";

export interface GpgArchiveOptions {
  /** Such as `secure-messenger_20241204_120000.sql.gz.gpg`: a plain dump, packed by gzip, encrypted by `gpg --symmetric`. */
  readonly file: string;
  readonly passphrase: Secret;
  /** Of an empty database. */
  readonly url: string;
  /** `gpg` unless told. */
  readonly gpg?: string;
  /** The directory of `psql`; the PATH unless told. */
  readonly clients?: string;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** They get the database of the address, as its role, whatever role they ask for. */
  readonly hooks?: readonly RestoreHook[];
}

const NAME = /\.sql\.gz\.gpg$/;

export function isGpgArchive(name: string): boolean {
  return NAME.test(name);
}

/**
 * Loads an archive in one transaction, which is committed only when gpg has found the whole of it unaltered. Its SQL is run with
 * all that `psql` can do: restore no archive of somebody you do not trust.
 */
export async function restoreGpgArchive(options: GpgArchiveOptions): Promise<RestoreReport> {
  const { file, url, passphrase, gpg = "gpg", clock = systemClock, signal } = options;
  signal?.throwIfAborted();
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new BackupError("no-backup", `there is no archive ${file}`, { cause });
  });
  const startedAt = clock.monotonic();
  await assertEmptyDatabase(url);
  await inPrivateFolder(undefined, async (home) => {
    try {
      await load(options, decryption(gpg, home, file, passphrase));
    } finally {
      // The agent that gpg has started for its home.
      await callProgram({
        program: "gpgconf",
        args: ["--kill", "all"],
        environment: { GNUPGHOME: home },
      }).catch(() => {});
    }
  });
  const recoverMs = clock.monotonic() - startedAt;
  const known = {
    backup: basename(file),
    target: { kind: "latest" },
    bytes: size,
    copyMs: 0,
    recoverMs,
  } as const;
  return finish({ urlOf: () => url }, {}, known, options.hooks ?? []);
}

/** The passphrase goes over a pipe of its own: the words of a command and the environment can be read by others. */
function decryption(program: string, home: string, file: string, passphrase: Secret): ChildProcess {
  const quiet = ["--batch", "--quiet", "--no-options", "--pinentry-mode", "loopback", "--no-symkey-cache"];
  const args = [...quiet, "--passphrase-fd", "3", "--decrypt", file];
  const { PATH = "/usr/bin:/bin" } = process.env;
  const stdio = ["ignore", "pipe", "pipe", "pipe"] as const;
  const child = spawn(program, args, { env: { PATH, LC_ALL: "C", GNUPGHOME: home }, stdio: [...stdio] });
  const secret = child.stdio[3] as Writable | null;
  secret?.on("error", () => {});
  secret?.end(`${passphrase.reveal()}\n`);
  return child;
}

const PSQL = [
  "--no-psqlrc",
  "--quiet",
  "--no-password",
  "--set=ON_ERROR_STOP=1",
  "--single-transaction",
  "--file=-",
];

async function load({ url, clients, signal }: GpgArchiveOptions, gpg: ChildProcess): Promise<void> {
  const { PATH = "/usr/bin:/bin" } = process.env;
  const psql = spawn(clientPrograms(clients).pathOf("psql"), PSQL, {
    env: { PATH, ...connectionEnvironment(url) },
    stdio: ["pipe", "ignore", "pipe"],
  });
  const [opened, loaded] = [endOf(gpg), endOf(psql)];
  const unpacked = unpack(gpg, psql, signal).then(
    () => null,
    (error: unknown) => error,
  );
  const end = await opened;
  const broken = await unpacked;
  // Its input is still open, so it has committed nothing.
  if (end.code !== 0 || broken !== null) psql.kill("SIGKILL");
  else psql.stdin.end();
  const done = await loaded;
  signal?.throwIfAborted();
  if (done.code !== 0 && done.code !== null)
    throw failure("recovery-failed", "psql did not take what is in the archive", done.said);
  if (end.code !== 0) throw gpgFailure(end.said);
  if (broken !== null)
    throw new BackupError("object-altered", "the archive cannot be unpacked", { cause: broken });
}

async function unpack(gpg: ChildProcess, psql: ChildProcess, signal: AbortSignal | undefined): Promise<void> {
  if (gpg.stdout === null || psql.stdin === null) throw new TypeError("no pipe");
  const stopping = signal === undefined ? {} : { signal };
  try {
    await pipeline(gpg.stdout, createGunzip(), psql.stdin, { end: false, ...stopping });
  } finally {
    // Whoever has nobody to write to ends.
    gpg.stdout.destroy();
  }
}

interface End {
  readonly code: number | null;
  readonly said: string;
}

async function endOf(child: ChildProcess): Promise<End> {
  let said = "";
  child.stderr?.on("data", (piece) => {
    said = `${said}${piece}`.slice(-2_000);
  });
  child.stdin?.on("error", () => {});
  try {
    const [code] = await once(child, "close");
    return { code, said };
  } catch (cause) {
    throw new BackupError("program-missing", `${child.spawnfile} cannot be run: install it`, { cause });
  }
}

function gpgFailure(said: string): BackupError {
  if (/Bad session key|Bad passphrase|decryption failed: (?:Bad|No secret) key/i.test(said))
    return failure("wrong-key", "the archive does not open with this passphrase", said);
  return failure("object-altered", "gpg does not open the archive", said);
}

function failure(
  code: "wrong-key" | "object-altered" | "recovery-failed",
  message: string,
  said: string,
): BackupError {
  return new BackupError(code, message, { cause: new Error(said.trim()) });
}
