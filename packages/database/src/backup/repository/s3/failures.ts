import { BackupError } from "../../errors.ts";

interface Failure {
  readonly name?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const MISSING: ReadonlySet<unknown> = new Set(["NoSuchKey", "NotFound", "NoSuchUpload"]);
const EXISTS: ReadonlySet<unknown> = new Set(["PreconditionFailed", "ConditionalRequestConflict"]);
/** Of stores that have a limit. */
const FULL: ReadonlySet<unknown> = new Set(["QuotaExceeded", "InsufficientStorage", "XMinioStorageFull"]);

/** What the store says, in the words of the port. */
export function failureOf(name: string, error: unknown): unknown {
  if (error instanceof BackupError || error instanceof TypeError) return error;
  const { name: code, $metadata } = error as Failure;
  const options = { cause: error, details: { object: name } };
  if (MISSING.has(code))
    return new BackupError("object-missing", `${name} is not in the repository`, options);
  if (EXISTS.has(code))
    return new BackupError("object-exists", `${name} is in the repository already`, options);
  if (FULL.has(code) || $metadata?.httpStatusCode === 507)
    return new BackupError("repository-full", "the repository has no room left", options);
  return new BackupError("repository-unavailable", "the repository cannot be used", options);
}

/** What was given to be stored failed: that is its own. */
export class SourceFailure extends Error {
  readonly source: unknown;

  constructor(source: unknown) {
    super("the source failed");
    this.source = source;
  }
}
