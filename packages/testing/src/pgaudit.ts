import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "./ports.ts";
import { requireService } from "./services.ts";

const run = promisify(execFile);

export interface TestPgAudit extends AsyncDisposable {
  /** Of the superuser. */
  url: string;
  /** What the server has written so far, in CSV. */
  auditLog(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Debian's PostgreSQL 15 with pgAudit loaded, keeping nothing, with these further settings. Ask `requireService("pgaudit")`
 * first whether there is one.
 */
export async function startPgAudit(settings: Readonly<Record<string, string>> = {}): Promise<TestPgAudit> {
  const { path, skip } = await requireService("pgaudit");
  if (path === undefined) throw new Error(skip);
  const programs = join(dirname(path), "..", "bin");
  const directory = await mkdtemp(join(tmpdir(), "rempart-pgaudit-"));
  const account = await accountOf(directory);
  const data = join(directory, "data");
  await run(
    join(programs, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"],
    account,
  );
  const port = await freePort();
  const all = { ...FIXED, ...settings, port: String(port), unix_socket_directories: directory };
  const args = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(join(programs, "postgres"), ["-D", data, ...args], { ...account, stdio: "ignore" });
  const endWithUs = (): void => void child.kill("SIGQUIT");
  process.once("exit", endWithUs);
  const stop = async (): Promise<void> => {
    process.off("exit", endWithUs);
    await stopChild(child);
    await rm(directory, { recursive: true, force: true });
  };
  await whenReady(join(programs, "pg_isready"), port, child);
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    auditLog: () => readLogs(join(data, "log")),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const FIXED = {
  listen_addresses: "127.0.0.1",
  fsync: "off",
  shared_preload_libraries: "pgaudit",
  logging_collector: "on",
  log_destination: "csvlog",
  log_directory: "log",
};

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

async function whenReady(isReady: string, port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
    const up = await run(isReady, ["-h", "127.0.0.1", "-p", String(port)]).then(
      () => true,
      () => false,
    );
    if (up) return;
    await sleep(50);
  }
  throw new Error("postgres did not start");
}

async function readLogs(directory: string): Promise<string> {
  const files = (await readdir(directory)).filter((name) => name.endsWith(".csv"));
  const texts = await Promise.all(files.toSorted().map((name) => readFile(join(directory, name), "utf8")));
  return texts.join("");
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGINT");
  await once(child, "exit");
}
