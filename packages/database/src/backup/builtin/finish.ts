import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createDatabase } from "../../pool/database.ts";
import type { Database } from "../../pool/ports.ts";
import { BackupError } from "../errors.ts";
import type { RestoreHook, RestoreReport } from "../ports.ts";
import type { RecoveredServer } from "./recovery.ts";

/** With what, and as whom, a restored server is recovered. */
export interface RecoveryPrograms {
  /** PostgreSQL's server program, of the backup's major version; the embedded one unless told. */
  readonly postgres?: string;
  /** Superuser of the cluster; `postgres` unless told. */
  readonly role?: string;
  /** A database that is there; `postgres` unless told. */
  readonly database?: string;
}

/** As `finish`, then the server is stopped and the directory is as one that was never a backup. */
export async function finishIn(
  directory: string,
  server: RecoveredServer,
  programs: RecoveryPrograms,
  known: Parameters<typeof finish>[2],
  hooks: readonly RestoreHook[] = [],
): Promise<RestoreReport> {
  try {
    return await finish(server, programs, known, hooks);
  } finally {
    await server.stop();
    for (const name of ["backup_label.old", "tablespace_map.old"])
      await rm(join(directory, name), { force: true });
  }
}

/** Runs the hooks on a recovered server, and tells where recovery ended. Throws `hook-failed`. */
export async function finish(
  server: Pick<RecoveredServer, "urlOf">,
  { role = "postgres", database = "postgres" }: RecoveryPrograms,
  known: Omit<RestoreReport, "hooks" | "timeline" | "lastTransactionAt">,
  hooks: readonly RestoreHook[],
): Promise<RestoreReport> {
  const opened: Database[] = [];
  const open = (as: string, name: string): Database => {
    const one = createDatabase({ url: server.urlOf(as, name), poolSize: 4 });
    opened.push(one);
    return one;
  };
  try {
    const superuser = open(role, database);
    const report = { ...known, ...(await endOfRecovery(superuser)) };
    for (const hook of hooks) await runHook(hook, { database: superuser, open, report });
    return { ...report, hooks: hooks.map((hook) => hook.name) };
  } finally {
    await Promise.all(opened.map((one) => one.close()));
  }
}

async function endOfRecovery(database: Database) {
  const [row] = await database.query<{ timeline: number; at: number | null }>(
    `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline,
       floor(extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::bigint AS at`,
  );
  return { timeline: row?.timeline ?? 0, lastTransactionAt: row?.at ?? null };
}

async function runHook(hook: RestoreHook, context: Parameters<RestoreHook["run"]>[0]): Promise<void> {
  try {
    await hook.run(context);
  } catch (cause) {
    throw new BackupError("hook-failed", `${hook.name} failed, and the restored database was not opened`, {
      cause,
    });
  }
}
