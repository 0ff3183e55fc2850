import type { BackupStatus, BackupSummary, Progress, VerifyReport } from "@rempart/database/backup";
import { table } from "../table.ts";
import { bytesText } from "../text.ts";

/** To the millisecond, as a restore can be told it. */
export function momentText(at: number | null): string {
  return at === null ? "never" : new Date(at).toISOString();
}

export function backupTable(backups: readonly BackupSummary[]): string {
  const rows = backups.map(({ id, stoppedAt, databaseBytes, storedBytes, serverVersion, damaged }) => [
    id,
    momentText(stoppedAt),
    bytesText(databaseBytes),
    bytesText(storedBytes),
    serverVersion,
    pagesText(damaged),
  ]);
  return table([["backup", "can be restored from", "database", "stored", "PostgreSQL", "pages"], ...rows]);
}

function pagesText(damaged: boolean | null): string {
  if (damaged === null) return "not checked";
  return damaged ? "DAMAGED" : "sound";
}

export function statusText(
  { backups, newest, recoverableTo, missingSegment, repositoryBytes }: BackupStatus,
  now: number,
): string {
  const age =
    recoverableTo === null ? "" : ` (${Math.max(0, Math.round((now - recoverableTo) / 1_000))} s ago)`;
  const lines = [
    ["can be restored up to", `${momentText(recoverableTo)}${age}`],
    ["newest backup", newest === null ? "none" : newestText(newest)],
    ["backups", String(backups)],
    ["repository", bytesText(repositoryBytes)],
    ...(missingSegment === null ? [] : [["missing segment", missingSegment]]),
  ];
  return table(lines);
}

function newestText({ id, databaseBytes, damaged }: BackupSummary): string {
  return `${id}, ${bytesText(databaseBytes)}, pages ${pagesText(damaged)}`;
}

export function verifyText({ backup, findings, objects, bytes, recoverableTo }: VerifyReport): string {
  const rows = findings.map(({ code, name, detail }) => [code, name, detail]);
  if (rows.length > 0) return table([["finding", "where", "detail"], ...rows]);
  return `${backup}: ${objects} objects with ${bytesText(bytes)} are what was written; it can be restored up to ${momentText(recoverableTo)}`;
}

export function upTo({ lastTransactionAt }: { readonly lastTransactionAt: number | null }): string {
  return lastTransactionAt === null ? "the end of the backup" : momentText(lastTransactionAt);
}

/** One line that is written over, on a terminal only. */
export function progressLine(output: NodeJS.WriteStream): (progress: Progress) => void {
  if (!output.isTTY) return () => {};
  return ({ phase, doneBytes, totalBytes, remainingMs }) => {
    const left = remainingMs === null ? "" : `, ${Math.ceil(remainingMs / 1_000)} s left`;
    const text = `${phase}: ${bytesText(doneBytes)} of ${bytesText(totalBytes)}${left}`;
    output.write(`\r${text.padEnd(70)}${doneBytes >= totalBytes ? "\n" : ""}`);
  };
}
