import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Account } from "../../embedded/account.ts";
import { runningAsRoot } from "../../embedded/account.ts";
import { reachesBackup } from "../builtin/recoverable.ts";
import { callProgram } from "../program.ts";
import type { PgBackRestBackup } from "./info.ts";
import { type ArchivedLog, type Ask, readSegment } from "./repository.ts";

export interface LogReader {
  readonly ask: Ask;
  readonly account: Account;
  /** PostgreSQL's `pg_waldump`. */
  readonly waldump: string;
}

/** What is further back than this many segments without a commit is not looked for: the point is then that of the backup. */
const MOST_SEGMENTS = 8;

/**
 * Unix milliseconds: everything committed before then can be restored from this backup. It is the time of the newest commit in the
 * unbroken log of the repository; the time at which a segment was stored says less, since it may have waited for that. A server
 * at rest commits nothing, so its point grows old although nothing would be lost.
 */
export async function recoverableTo(
  reader: LogReader,
  backup: PgBackRestBackup,
  log: ArchivedLog,
): Promise<number | null> {
  if (!reachesBackup(backup, log.chain)) return null;
  for (const name of log.chain.segments.slice(-MOST_SEGMENTS).toReversed()) {
    const at = await newestCommit(reader, name, await readSegment(reader.ask, log, name));
    if (at !== null) return Math.max(at, backup.startedAt);
  }
  return backup.startedAt;
}

const COMMIT = /desc: COMMIT(?:_PREPARED)? .*?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})\d* UTC/;

/** `pg_waldump` ends with an error where a segment ends in the middle of a record: what it said until then counts. */
async function newestCommit(
  { account, waldump }: LogReader,
  name: string,
  content: Buffer,
): Promise<number | null> {
  const folder = await mkdtemp(join(tmpdir(), "rempart-wal-"));
  try {
    const file = join(folder, name);
    await writeFile(file, content, { mode: 0o600 });
    await chmod(folder, 0o700);
    if (runningAsRoot()) for (const path of [folder, file]) await chown(path, account.uid, account.gid);
    let newest: number | null = null;
    const onLine = (line: string): void => {
      const [, day, time] = COMMIT.exec(line) ?? [];
      if (day !== undefined) newest = Math.max(newest ?? 0, Date.parse(`${day}T${time}Z`));
    };
    await callProgram({ program: waldump, args: ["--rmgr=Transaction", file], account, onLine });
    return newest;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Debian's package of the server brings it beside the server. */
export function waldumpBeside(postgres: string | undefined): string {
  return postgres === undefined ? "pg_waldump" : join(dirname(postgres), "pg_waldump");
}
