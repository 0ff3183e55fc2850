import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseError } from "../errors.ts";
import { type Account, runningAsRoot } from "./account.ts";
import { startFailure } from "./failures.ts";
import { isAlive } from "./processes.ts";
import type { Programs } from "./programs.ts";
import { serverEnvironment } from "./settings.ts";

/** The major version of the programs: a data directory belongs to one. */
const MAJOR_VERSION = "18";

export const APPLICATION_ROLE = "rempart";
export const APPLICATION_DATABASE = "rempart";

export interface Passwords {
  /** Of the role `rempart`, which owns the database and is no superuser. */
  application: string;
  /** Of the role `postgres`. */
  superuser: string;
}

/** Only with a password, even on the socket: another account's process that reaches it must not get in. */
const HOST_BASED_AUTHENTICATION = `# TYPE DATABASE USER ADDRESS METHOD
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
local replication all scram-sha-256
`;

/** Beside the data: a restored directory, whole, that is about to take their place. */
export const RESTORED = "data.restored";

/** A restore was cut short when the old data had been moved aside already. */
export async function finishRestore({
  path,
  dataDirectory,
}: {
  path: string;
  dataDirectory: string;
}): Promise<void> {
  const restored = join(path, RESTORED);
  if (!(await present(dataDirectory)) && (await present(restored))) await rename(restored, dataDirectory);
}

export type DirectoryState = "absent" | "ready";

/** Looks at a data directory before anything is run on it. Throws `damaged-directory`, `version-mismatch` or `wrong-owner`. */
export async function inspectDataDirectory(dataDirectory: string): Promise<DirectoryState> {
  if (!(await present(dataDirectory))) return "absent";
  await assertOwner(dataDirectory);
  if ((await readdir(dataDirectory)).length === 0) return "absent";
  const version = await readFile(join(dataDirectory, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version === undefined || !(await present(join(dataDirectory, "global", "pg_control")))) {
    throw new DatabaseError(
      "damaged-directory",
      `${dataDirectory} is not a whole database: restore it from a backup, or move it away to start with an empty one`,
    );
  }
  if (version.trim() !== MAJOR_VERSION) throw wrongVersion(dataDirectory, version.trim());
  return "ready";
}

function wrongVersion(dataDirectory: string, version: string): DatabaseError {
  return new DatabaseError(
    "version-mismatch",
    `${dataDirectory} was written by PostgreSQL ${version.slice(0, 10)} and this is PostgreSQL ${MAJOR_VERSION}: dump it with the old version and load the dump into an empty directory`,
  );
}

async function assertOwner(dataDirectory: string): Promise<void> {
  const { uid } = await stat(dataDirectory);
  const own = process.getuid?.() ?? uid;
  if (own === 0 || uid === own) return;
  throw new DatabaseError(
    "wrong-owner",
    `${dataDirectory} belongs to user ${uid} and this is user ${own}: start as that user or as root, or hand it over with chown -R`,
  );
}

/**
 * Makes a data directory in a scratch directory beside it and moves it into place when it is whole, so that whoever is
 * interrupted leaves nothing that looks like a database. When two processes do this at once one of them wins.
 */
export async function initialise(
  programs: Programs,
  account: Account,
  dataDirectory: string,
  passwords: Passwords,
  durable: boolean,
): Promise<void> {
  const scratch = `${dataDirectory}.new-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(scratch, { mode: 0o700 });
    await giveTo(account, scratch);
    await initdb(programs, account, scratch, durable);
    await createRoles(programs, account, scratch, passwords);
    await writeFile(join(scratch, "pg_hba.conf"), HOST_BASED_AUTHENTICATION, { mode: 0o600 });
    await moveIntoPlace(scratch, dataDirectory);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function initdb(
  programs: Programs,
  account: Account,
  directory: string,
  durable: boolean,
): Promise<void> {
  // The built-in C.UTF-8 sorts the same on every machine: no index breaks when the operating system is upgraded.
  const args = [
    `--pgdata=${directory}`,
    "--username=postgres",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",
    ...(durable ? [] : ["--no-sync"]),
  ];
  await runProgram(programs.initdb, args, account, "");
}

/** One statement per line: a stand-alone server reads them so. The passwords come from our own alphabet, without quotes. */
async function createRoles(
  programs: Programs,
  account: Account,
  directory: string,
  passwords: Passwords,
): Promise<void> {
  const statements = [
    `ALTER ROLE postgres PASSWORD '${passwords.superuser}'`,
    `CREATE ROLE ${APPLICATION_ROLE} LOGIN CREATEDB PASSWORD '${passwords.application}'`,
    `CREATE DATABASE ${APPLICATION_DATABASE} OWNER ${APPLICATION_ROLE}`,
  ];
  const args = [
    "--single",
    "-D",
    directory,
    "-c",
    "exit_on_error=on",
    "-c",
    "log_min_error_statement=panic",
    "postgres",
  ];
  await runProgram(programs.postgres, args, account, `${statements.join("\n")}\n`);
}

function runProgram(
  program: string,
  args: readonly string[],
  account: Account,
  input: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: "/",
      env: serverEnvironment(),
      stdio: ["pipe", "ignore", "pipe"],
      ...(runningAsRoot() ? account : {}),
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_096);
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    child.once("error", (cause) => reject(startFailure(cause.message, cause)));
    child.once("close", (code) => (code === 0 ? resolve() : reject(startFailure(said))));
  });
}

async function giveTo(account: Account, path: string): Promise<void> {
  if (runningAsRoot()) await chown(path, account.uid, account.gid);
}

async function moveIntoPlace(scratch: string, dataDirectory: string): Promise<void> {
  await rmdir(dataDirectory).catch(() => {});
  try {
    await rename(scratch, dataDirectory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}

/** Removes what interrupted initialisations left; a scratch directory whose process lives is left alone. */
export async function removeAbandoned(home: string): Promise<void> {
  for (const entry of await readdir(home)) {
    const maker = /^data\.new-(\d+)-[0-9a-f]{8}$/.exec(entry)?.[1];
    if (maker !== undefined && !isAlive(Number(maker)))
      // The program of a start that was killed may outlive it for a moment, and still write there.
      await rm(join(home, entry), { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

function present(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
