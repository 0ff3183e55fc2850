import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Logger, silentLogger } from "@rempart/runtime";
import { type Home, keptPassword, prepareHome } from "./home.ts";
import {
  APPLICATION_DATABASE,
  APPLICATION_ROLE,
  initialise,
  inspectDataDirectory,
  type Passwords,
  removeAbandoned,
} from "./initialise.ts";
import { settleLeftover } from "./leftover.ts";
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
}

export interface EmbeddedPostgres {
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
  const { log = silentLogger, durable = true, port } = options;
  const home = await prepareHome(resolve(options.directory));
  const programs = await usablePrograms(home.account);
  const passwords = await readPasswords(home);
  await prepareData(home, programs, passwords, durable);
  await writeFile(home.supervisorFile, String(process.pid));
  const listening: Listening = { socketDirectory: home.socketDirectory, port };
  const args = serverArguments(home.dataDirectory, listening, durable);
  const supervisor = await supervise(
    () => launch({ program: programs.postgres, args, account: home.account, log }),
    log,
  );
  return faceOf(supervisor, listening, passwords);
}

async function readPasswords(home: Home): Promise<Passwords> {
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
  if ((await inspectDataDirectory(home.dataDirectory)) === "absent") {
    await initialise(programs, home.account, home.dataDirectory, passwords, durable);
  }
  await settleLeftover({
    dataDirectory: home.dataDirectory,
    ownerUid: home.account.uid,
    supervisorFile: home.supervisorFile,
  });
}

function faceOf(supervisor: Supervisor, listening: Listening, passwords: Passwords): EmbeddedPostgres {
  return {
    url: urlOf(listening, APPLICATION_ROLE, passwords.application, APPLICATION_DATABASE),
    superuserUrl: urlOf(listening, "postgres", passwords.superuser, "postgres"),
    port: listening.port,
    get pid() {
      return supervisor.pid();
    },
    exited: supervisor.exited,
    stop: supervisor.stop,
    unref: supervisor.unref,
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
