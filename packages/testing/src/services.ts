import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Programs a test may want, and the Debian package that brings each. */
const PACKAGES = {
  "redis-server": "redis-server",
  nginx: "nginx-light",
  haproxy: "haproxy",
  promtool: "prometheus",
  prometheus: "prometheus",
  amtool: "prometheus-alertmanager",
  "prometheus-alertmanager": "prometheus-alertmanager",
  psql: "postgresql-client",
  rsyslogd: "rsyslog",
  pgaudit: "postgresql-15-pgaudit",
  hypopg: "postgresql-15-hypopg",
  postgres: "postgresql-15",
  pgbouncer: "pgbouncer",
  pgbackrest: "pgbackrest",
  gpg: "gpg",
  "softhsm2-util": "softhsm2",
  wrk: "wrk",
} as const;

/** What is loaded rather than run stands in one place. */
const LIBRARIES: Readonly<Partial<Record<ServiceName, string>>> = {
  pgaudit: "/usr/lib/postgresql/15/lib/pgaudit.so",
  hypopg: "/usr/lib/postgresql/15/lib/hypopg.so",
  postgres: "/usr/lib/postgresql/15/bin/postgres",
};

export type ServiceName = keyof typeof PACKAGES;

export type Service = { path: string; skip: false } | { path: undefined; skip: string };

const found = new Map<ServiceName, Promise<Service>>();

/**
 * The program on the PATH, or installed with apt when we are root on Debian; otherwise `skip` says why it is missing, to be
 * handed to `test(name, { skip })`. With `REMPART_REQUIRE_SERVICES=1`, as in continuous integration, a missing program is an
 * error instead: a skipped test proves nothing.
 */
export function requireService(name: ServiceName): Promise<Service> {
  const known = found.get(name) ?? findOrInstall(name);
  found.set(name, known);
  return known;
}

async function findOrInstall(name: ServiceName): Promise<Service> {
  const path = locate(name) ?? (await install(name));
  if (path !== undefined) return { path, skip: false };
  const reason = `${name} is not installed (Debian package ${PACKAGES[name]})`;
  if (process.env.REMPART_REQUIRE_SERVICES === "1") throw new Error(reason);
  return { path: undefined, skip: reason };
}

function locate(name: ServiceName): string | undefined {
  const library = LIBRARIES[name];
  if (library === undefined) return onPath(name);
  return existsSync(library) ? library : undefined;
}

/** Where administrators' programs live; an ordinary user's PATH often lacks it. */
const SYSTEM_DIRECTORIES = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

export function onPath(name: string, path = process.env.PATH ?? ""): string | undefined {
  const directories = [...path.split(delimiter).filter((entry) => entry !== ""), ...SYSTEM_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function install(name: ServiceName): Promise<string | undefined> {
  const allowed = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (!allowed || process.env.REMPART_INSTALL_SERVICES === "0") return undefined;
  try {
    await oneAtATime(() => withoutDaemons(() => aptInstall(PACKAGES[name])));
  } catch (error) {
    process.stderr.write(
      `apt-get could not install ${PACKAGES[name]}: ${(error as Error).message.slice(0, 300)}\n`,
    );
  }
  return locate(name);
}

async function aptInstall(name: string): Promise<void> {
  const options = {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 1 << 24,
    timeout: 180_000,
  };
  const wait = ["-o", "DPkg::Lock::Timeout=120", "-q"];
  await run("apt-get", [...wait, "update"], options);
  await run("apt-get", [...wait, "install", "-y", "--no-install-recommends", name], options);
}

const POLICY = "/usr/sbin/policy-rc.d";

/** Debian starts a daemon as it installs it; exit code 101 of this file says no (invoke-rc.d's policy layer). */
async function withoutDaemons(work: () => Promise<void>): Promise<void> {
  if (existsSync(POLICY)) return work();
  await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await work();
  } finally {
    await rm(POLICY, { force: true });
  }
}

const LOCK = join(tmpdir(), "rempart-apt.lock");
const LOCK_STALE_MS = 300_000;

/** Test files run in processes of their own and would all install at once. A directory is made by one of them only. */
async function oneAtATime(work: () => Promise<void>): Promise<void> {
  while (!(await taken())) await sleep(250);
  try {
    await work();
  } finally {
    await rm(LOCK, { recursive: true, force: true });
  }
}

async function taken(): Promise<boolean> {
  try {
    await mkdir(LOCK);
    return true;
  } catch {
    const age = await stat(LOCK).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > LOCK_STALE_MS) await rm(LOCK, { recursive: true, force: true });
    return false;
  }
}
