import { BackupError, type BackupErrorCode } from "../errors.ts";
import type { ProgramEnd } from "../program.ts";

/** By pgBackRest's exit codes (pgBackRest source: `build/error/error.yaml`). */
const CODES: Readonly<Record<number, BackupErrorCode>> = {
  26: "object-altered",
  29: "object-altered",
  50: "busy",
  55: "object-missing",
  56: "server-refused",
  57: "server-refused",
  58: "server-refused",
  59: "server-refused",
  73: "repository-unavailable",
  82: "archive-late",
  87: "server-refused",
  95: "wrong-key",
};

/** What pgBackRest complains of, in the words of a backup. */
export function pgBackRestFailure({ exitCode, said }: ProgramEnd, command: string): BackupError {
  const code = /No space left on device/.test(said) ? "repository-full" : CODES[exitCode];
  const cause = new Error(said === "" ? `exit code ${exitCode}` : said);
  return new BackupError(code ?? "repository-unavailable", `pgBackRest could not ${command}`, { cause });
}
