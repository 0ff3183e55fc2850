import { DatabaseError, type DatabaseErrorCode } from "../errors.ts";
import type { MigrationFile } from "./files.ts";

export interface AppliedMigration {
  source: string;
  name: string;
  checksum: string;
}

/**
 * The files of one source that are still to be applied. Applied files must all be there, unchanged, and come first:
 * otherwise this database has another history than the code expects, and nothing is applied.
 */
export function planMigrations(
  files: readonly MigrationFile[],
  applied: readonly AppliedMigration[],
): MigrationFile[] {
  const known = new Map(files.map((file) => [file.name, file]));
  for (const record of applied) assertUnchanged(record, known.get(record.name));
  const done = new Set(applied.map((record) => record.name));
  const pending = files.filter((file) => !done.has(file.name));
  const last = [...done].sort().at(-1) ?? "";
  for (const file of pending) {
    if (file.name < last)
      throw refuse(
        "migration-out-of-order",
        file,
        `sorts before ${last}, which is already applied: give it a higher number`,
      );
  }
  return pending;
}

function assertUnchanged(record: AppliedMigration, file: MigrationFile | undefined): void {
  if (file === undefined) {
    throw refuse(
      "migration-missing",
      record,
      "is applied but its file is gone: this code is older than its database",
    );
  }
  if (file.checksum !== record.checksum) {
    throw refuse(
      "migration-edited",
      record,
      "was changed after it had been applied: restore it and add a new file instead",
    );
  }
}

function refuse(
  code: DatabaseErrorCode,
  { source, name }: { source: string; name: string },
  problem: string,
): DatabaseError {
  return new DatabaseError(code, `Migration ${source}/${name} ${problem}`, { details: { source, name } });
}
