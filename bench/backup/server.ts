/** The server that every tool backs up, as Debian ships it, and what they share. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { createDatabase } from "@rempart/database";
import { freePort, type OtherPostgres, startDebianPostgres } from "@rempart/testing";

export const BIN = "/usr/lib/postgresql/15/bin";
const run = promisify(execFile);

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Bench {
  readonly server: OtherPostgres;
  /** That the server runs under. */
  readonly account: Account;
  /** Open to that account. */
  readonly scratch: string;
  readonly port: string;
  /** Rows of `pgbench_accounts`. */
  readonly rows: number;
}

/** `pgbench`'s tables at this scale: 15 MB for each step. Its pages have checksums, which whoever can looks at. */
export async function startBench(scratch: string, scale: number): Promise<Bench> {
  const settings = { fsync: "on", archive_mode: "on", max_wal_size: "8GB", wal_compression: "on" };
  const server = await startDebianPostgres({ service: "postgres", settings, checksums: true });
  const { uid, gid } = statSync(server.dataDirectory);
  await run(join(BIN, "pgbench"), ["-i", "-q", "-s", String(scale), "-I", "dtGvp", server.url]);
  const account = { uid, gid };
  return { server, account, scratch, port: new URL(server.url).port, rows: scale * 100_000 };
}

/** A new folder of the server's account. */
export function folderFor({ scratch, account }: Bench, name: string): string {
  const path = join(scratch, name);
  mkdirSync(path);
  chownSync(path, account.uid, account.gid);
  chmodSync(path, 0o700);
  return path;
}

/** As the server's account, in a shell; rejects with what it said. */
export async function shell({ account }: Bench, text: string): Promise<void> {
  const options = {
    ...account,
    cwd: "/",
    maxBuffer: 2 ** 26,
    env: { PATH: `${BIN}:/usr/bin:/bin`, HOME: "/tmp" },
  };
  await run("bash", ["-o", "pipefail", "-c", text], options);
}

/** Starts what was restored, and waits until it answers as the original did; resolves with that moment. */
export async function firstQuery(bench: Bench, directory: string): Promise<number> {
  const port = await freePort();
  const socket = dirname(bench.server.dataDirectory);
  const args = ["-D", directory, "-p", String(port), "-k", socket, "-c", "archive_mode=off"];
  const child = spawn(join(BIN, "postgres"), args, { ...bench.account, stdio: "ignore", cwd: "/" });
  try {
    await untilCorrect(`postgres://postgres@127.0.0.1:${port}/postgres`, bench.rows, child);
    return performance.now();
  } finally {
    child.kill("SIGINT");
    await once(child, "exit");
  }
}

async function untilCorrect(url: string, rows: number, child: ChildProcess): Promise<void> {
  const database = createDatabase({ url, poolSize: 1 });
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the restored server ended with ${child.exitCode}`);
      if ((await countRows(database).catch(() => null)) === rows) return;
      await sleep(20);
    }
  } finally {
    await database.close();
  }
}

/** The index alone, so that reading it does not outweigh the restore. */
export async function countRows(database: Pick<ReturnType<typeof createDatabase>, "query">): Promise<number> {
  const [row] = await database.query<{ last: number }>(
    "SELECT max(aid) AS last FROM pgbench_accounts WHERE NOT pg_is_in_recovery()",
  );
  return row?.last ?? 0;
}

export function bytesBelow(path: string): number {
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), 0);
}
