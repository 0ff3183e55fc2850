import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createDatabase, type Database } from "@rempart/database";
import { freePort } from "./ports.ts";
import { requireService, type ServiceName } from "./services.ts";

const run = promisify(execFile);

export interface OtherPostgres extends AsyncDisposable {
  /** Of the superuser. */
  url: string;
  dataDirectory: string;
  stop(): Promise<void>;
}

export interface OtherPostgresOptions {
  /** A copy of this server that follows it, instead of an empty one. */
  standbyOf?: OtherPostgres;
  /** Of each page of an empty one. PostgreSQL 18 makes them unless told; older ones do not. */
  checksums?: boolean;
  settings?: Readonly<Record<string, string>>;
  /** The text of a file that the server includes. */
  configuration?: string;
}

export interface DebianPostgresOptions extends OtherPostgresOptions {
  /** What it needs beside itself. Ask `requireService` first whether there is one. */
  service: Extract<ServiceName, "pgaudit" | "hypopg" | "postgres">;
}

const EMPTY = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"];
const COPY = ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"];

/** Debian's PostgreSQL 15, keeping nothing. */
export async function startDebianPostgres({
  service,
  ...options
}: DebianPostgresOptions): Promise<OtherPostgres> {
  const { path, skip } = await requireService(service);
  if (path === undefined) throw new Error(skip);
  return startPostgres(join(dirname(path), "..", "bin"), options);
}

/** A PostgreSQL of any version whose programs lie in this directory, keeping nothing. */
export async function startPostgres(
  programs: string,
  options: OtherPostgresOptions = {},
): Promise<OtherPostgres> {
  const directory = await mkdtemp(join(tmpdir(), "rempart-postgres-"));
  const account = await accountOf(directory);
  const dataDirectory = join(directory, "data");
  if (options.standbyOf === undefined)
    await run(
      join(programs, "initdb"),
      [...EMPTY, ...(options.checksums ? ["--data-checksums"] : []), "-D", dataDirectory],
      account,
    );
  else
    await run(
      join(programs, "pg_basebackup"),
      ["-D", dataDirectory, "-d", options.standbyOf.url, ...COPY],
      account,
    );
  await appendFile(join(dataDirectory, "postgresql.conf"), options.configuration ?? "");
  const port = await freePort();
  const all = {
    listen_addresses: "127.0.0.1",
    fsync: "off",
    ...options.settings,
    port: String(port),
    unix_socket_directories: directory,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(join(programs, "postgres"), ["-D", dataDirectory, ...args], {
    ...account,
    stdio: "ignore",
  });
  const endWithUs = (): void => void child.kill("SIGQUIT");
  process.once("exit", endWithUs);
  const stop = async (): Promise<void> => {
    process.off("exit", endWithUs);
    await stopChild(child);
    await rm(directory, { recursive: true, force: true });
  };
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await whenReady(url, child);
  return { url, dataDirectory, stop, [Symbol.asyncDispose]: stop };
}

/** PostgreSQL refuses to run as root: as Debian's own account then, which its package makes. */
async function accountOf(directory: string): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (what) => Number((await run("id", [what, "postgres"])).stdout)),
  );
  await chown(directory, uid as number, gid as number);
  await chmod(directory, 0o700);
  return { uid: uid as number, gid: gid as number };
}

async function whenReady(url: string, child: ChildProcess): Promise<void> {
  const database = createDatabase({ url, poolSize: 1 });
  try {
    await answering(database, child);
  } finally {
    await database.close();
  }
}

async function answering(database: Database, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
    const up = await database.ping().then(
      () => true,
      () => false,
    );
    if (up) return;
    await sleep(50);
  }
  throw new Error("postgres did not start");
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  await once(child, "exit");
}
