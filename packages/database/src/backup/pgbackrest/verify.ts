import type { Clock } from "@rempart/kernel";
import { reachesBackup } from "../builtin/recoverable.ts";
import { BackupError } from "../errors.ts";
import type { BackupFinding, VerifyOptions, VerifyReport } from "../ports.ts";
import { progressOf } from "../progress.ts";
import type { PgBackRestBackup } from "./info.ts";
import { type LogReader, recoverableTo } from "./recovery-point.ts";
import { type ArchivedLog, readInfo, readLog } from "./repository.ts";

/** Reads every object of the repository: pgBackRest cannot look at one backup alone. */
export async function verifyPgBackRest(
  reader: LogReader,
  clock: Clock,
  options: VerifyOptions,
): Promise<VerifyReport> {
  try {
    return await look(reader, clock, options);
  } catch (error) {
    if (!(error instanceof BackupError) || error.code !== "wrong-key") throw error;
    const finding = { code: "wrong-key", name: "backup.info", detail: error.message } as const;
    return { backup: null, findings: [finding], objects: 0, bytes: 0, recoverableTo: null };
  }
}

async function look(reader: LogReader, clock: Clock, options: VerifyOptions): Promise<VerifyReport> {
  const info = await readInfo(reader.ask);
  const { backup: label } = options;
  const backup = label === undefined ? info.backups.at(-1) : info.backups.find((one) => one.label === label);
  if (backup === undefined) {
    const finding = {
      code: "no-backup",
      name: label ?? "backup/",
      detail: "there is no whole backup",
    } as const;
    return { backup: label ?? null, findings: [finding], objects: 0, bytes: 0, recoverableTo: null };
  }
  const log = await readLog(reader.ask, info, backup);
  const bytes = backup.databaseBytes + log.chain.segments.length * log.segmentBytes;
  const progress = progressOf("verify", bytes, clock, options.onProgress);
  const said = await reader.ask(
    ["verify", "--output=text", "--verbose", "--log-level-console=info"],
    options.signal,
  );
  progress(bytes);
  const { findings, objects } = parseVerify(said.toString());
  const all = [...findings, ...ownFindings(backup, log)];
  const recoverable = all.length === 0 ? await recoverableTo(reader, backup, log) : null;
  return { backup: backup.label, findings: all, objects, bytes, recoverableTo: recoverable };
}

function ownFindings(backup: PgBackRestBackup, { chain }: ArchivedLog): BackupFinding[] {
  const findings: BackupFinding[] = [];
  if (backup.damaged === true)
    findings.push({
      code: "page-damaged",
      name: backup.label,
      detail: "pages were damaged on the server already",
    });
  if (chain.missing !== null || !reachesBackup(backup, chain))
    findings.push({
      code: "wal-gap",
      name: chain.missing ?? `after ${chain.segments.at(-1) ?? "the backup's beginning"}`,
      detail: "a segment that recovery needs is missing",
    });
  return findings;
}

const MAX_FINDINGS = 10_000;
const BAD = /INFO: (file missing|invalid (?:checksum|size|result)|unable to open)[^'\d]*'?([^\s':]+)/g;
const CHECKED = /total (?:WAL|files) checked: (\d+)/g;
const WHOLE = /^stanza: \S+\nstatus: ok$/m;

/** pgBackRest's words (pgBackRest source: `command/verify`). Whatever it does not call well is a finding, named or not. */
export function parseVerify(said: string): { findings: BackupFinding[]; objects: number } {
  const findings: BackupFinding[] = [];
  for (const [, what = "", name = ""] of said.matchAll(BAD)) {
    if (findings.length === MAX_FINDINGS) break;
    findings.push({
      code: what === "file missing" ? "object-missing" : "object-altered",
      name,
      detail: what,
    });
  }
  if (findings.length === 0 && !WHOLE.test(said))
    findings.push({ code: "object-altered", name: "repository", detail: "pgBackRest does not call it well" });
  const objects = [...said.matchAll(CHECKED)].reduce((sum, [, count]) => sum + Number(count), 0);
  return { findings, objects };
}
