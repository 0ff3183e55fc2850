import { readFile, realpath, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Logger, silentLogger } from "@rempart/runtime";
import type { Account } from "./account.ts";
import { fileFailure } from "./failures.ts";
import { type Home, keptPassword, prepareHome } from "./home.ts";
import {
  APPLICATION_DATABASE,
  APPLICATION_ROLE,
  finishRestore,
  initialise,
  inspectDataDirectory,
  type Passwords,
  removeAbandoned,
} from "./initialise.ts";
import { settleLeftover } from "./leftover.ts";
import { parsePostmasterFile } from "./postmaster-file.ts";
import { findPostmaster } from "./processes.ts";
import { type Programs, usablePrograms } from "./programs.ts";
import { launch } from "./server.ts";
import { type Listening, SOCKET_PORT, serverArguments } from "./settings.ts";
import { type Supervisor, supervise } from "./supervisor.ts";

export interface EmbeddedPostgresOptions {
  /** Where the database lives, such as `.rempart/postgres`; made when missing. */
  directory: string;
  log?: Logger;
  /** Also listen on this TCP port of 127.0.0.1. Without it there is a Unix socket only. */
  port?: number;
  /** False gives up durability for speed: for tests. */
  durable?: boolean;
  /** Further settings, asked for at the start when the place is known: an archiver's, for backups. */
  settings?: (place: ServerPlace) => Promise<Readonly<Record<string, string>>>;
}

/** Where a server works on this machine. */
export interface ServerPlace {
  readonly dataDirectory: string;
  /** Entered by the server's account alone. */
  readonly runDirectory: string;
  /** That the server runs under. */
  readonly account: Account;
}

export interface EmbeddedPostgres {
  /** PostgreSQL's own, below the directory. */
  readonly dataDirectory: string;
  /** For the application: the owner of its database, not a superuser. Holds the password. */
  readonly url: string;
  /** For maintenance: the superuser. Holds the password. */
  readonly superuserUrl: string;
  readonly port: number | undefined;
  /** Of the postmaster that runs now. */
  readonly pid: number;
  /** Resolves when the server has stopped for good: with nothing after `stop()`, with `crashed` when it was given up. */
  readonly exited: Promise<Error | undefined>;
  stop(): Promise<void>;
  /** Lets the process end although the server runs, as `unref` of a timer does; the server stops when the process has ended. */
  unref(): void;
}

/**
 * Starts PostgreSQL as a child of this process and keeps it running: a crash is followed by a restart, with pauses that
 * grow, until it has failed too often. The server stops when this process ends, even by SIGKILL; a start that comes sooner
 * waits for it. Never are two servers on one directory.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  try {
    return await start(directory, options);
  } catch (error) {
    throw fileFailure(directory, error);
  }
}

async function start(directory: string, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log = silentLogger, durable = true, port } = options;
  const home = await prepareHome(directory);
  const { account, dataDirectory, socketDirectory } = home;
  const programs = await usablePrograms(account);
  const passwords = await readPasswords(home);
  await prepareData(home, programs, passwords, durable);
  const listening: Listening = { socketDirectory, port };
  const further = await options.settings?.({ dataDirectory, runDirectory: socketDirectory, account });
  const args = serverArguments(dataDirectory, listening, durable, further);
  const supervisor = await supervise(async () => {
    // Before a restart too: the dead server's id may be another process's by now.
    await settleLeftover(dataDirectory, account.uid);
    // Nobody serves here now; the dead server's id may live on in another process, or as one that nobody collects.
    await rm(join(socketDirectory, `.s.PGSQL.${port ?? SOCKET_PORT}.lock`), { force: true });
    return launch({ program: programs.postgres, args, account, log });
  }, log);
  return faceOf(supervisor, home, listening, passwords);
}

/** How to reach the server that another process runs on this directory; null when none does. */
export async function findEmbeddedPostgres(
  directory: string,
): Promise<Pick<EmbeddedPostgres, "url" | "superuserUrl" | "dataDirectory"> | null> {
  const path = await realpath(directory).catch(() => null);
  if (path === null) return null;
  const lockFile = await readFile(join(path, "data", "postmaster.pid"), "utf8").catch(() => "");
  const running = parsePostmasterFile(lockFile);
  if (running === null || running.socketDirectory === "") return null;
  const { uid } = await stat(join(path, "data"));
  if ((await findPostmaster(running.pid, join(path, "data"), uid)) === undefined) return null;
  return { ...addresses(running, await readPasswords({ path })), dataDirectory: join(path, "data") };
}

export async function readPasswords(home: Pick<Home, "path">): Promise<Passwords> {
  return {
    application: await keptPassword(join(home.path, "password")),
    superuser: await keptPassword(join(home.path, "superuser-password")),
  };
}

async function prepareData(
  home: Home,
  programs: Programs,
  passwords: Passwords,
  durable: boolean,
): Promise<void> {
  await removeAbandoned(home.path);
  await finishRestore(home);
  if ((await inspectDataDirectory(home.dataDirectory)) === "absent") {
    await initialise(programs, home.account, home.dataDirectory, passwords, durable);
  }
}

function faceOf(
  supervisor: Supervisor,
  home: Home,
  listening: Listening,
  passwords: Passwords,
): EmbeddedPostgres {
  return {
    ...addresses(listening, passwords),
    dataDirectory: home.dataDirectory,
    port: listening.port,
    get pid() {
      return supervisor.pid();
    },
    exited: supervisor.exited,
    async stop() {
      await supervisor.stop();
      await home.tidy();
    },
    unref: supervisor.unref,
  };
}

function addresses(listening: Listening, passwords: Passwords) {
  return {
    url: urlOf(listening, APPLICATION_ROLE, passwords.application, APPLICATION_DATABASE),
    superuserUrl: urlOf(listening, "postgres", passwords.superuser, "postgres"),
  };
}

/** The host in the authority is for parsers that insist on one; the `host` parameter is what PostgreSQL's clients use. */
function urlOf(
  { socketDirectory, port }: Listening,
  role: string,
  password: string,
  database: string,
): string {
  const socket = encodeURIComponent(socketDirectory);
  return `postgres://${role}:${password}@localhost:${port ?? SOCKET_PORT}/${database}?host=${socket}`;
}
