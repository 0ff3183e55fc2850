import { DatabaseError } from "../errors.ts";
import { dropHalfMade } from "../maintenance/half-made.ts";
import type { Database, Queryable } from "../pool/ports.ts";
import type { Finding } from "./finding.ts";

export type Applied =
  | { readonly state: "done" }
  /** It is no longer found: somebody was faster, or it has mended itself. */
  | { readonly state: "gone" }
  /** It was run, and is found all the same: another index has the name, or something holds what was to be cleaned. */
  | { readonly state: "remains" }
  /** For a person to run: it locks or restarts. */
  | { readonly state: "refused" };

export interface ApplyOptions {
  /** Looks once more, right before anything is changed and after. */
  readonly recheck: () => Promise<readonly Finding[]>;
  /** How long a statement may wait for a lock, since others queue up behind it; 2 s unless told. */
  readonly lockTimeoutMs?: number;
}

const LOCK_TIMEOUT_MS = 2_000;

/**
 * Runs a finding's statements. An index whose build failed is dropped again before the error goes on, so that nothing half made
 * stays. Throws `timeout` when a lock was not to be had in time.
 */
export async function applyFinding(
  database: Database,
  finding: Finding,
  { recheck, lockTimeoutMs = LOCK_TIMEOUT_MS }: ApplyOptions,
): Promise<Applied> {
  if (!finding.appliable) return { state: "refused" };
  const isFound = async (): Promise<boolean> =>
    (await recheck()).some((found) => sameFinding(found, finding));
  if (!(await isFound())) return { state: "gone" };
  await database.session(async (session) => {
    await session.query(`SET lock_timeout = ${Math.max(1, Math.round(lockTimeoutMs))}`);
    for (const statement of finding.fix) await runFix(session, statement, finding);
  });
  return { state: (await isFound()) ? "remains" : "done" };
}

function sameFinding(a: Finding, b: Finding): boolean {
  return a.code === b.code && a.object === b.object && a.fix.join() === b.fix.join();
}

async function runFix(session: Queryable, statement: string, finding: Finding): Promise<void> {
  const built = indexOf(finding);
  try {
    await session.query(statement);
    if (statement.startsWith("CREATE ")) await assertValid(session, built);
  } catch (error) {
    if (statement.startsWith("CREATE ")) await dropHalfMade(session, built, "index");
    if (statement.startsWith("REINDEX ")) await dropHalfMade(session, built, "copies");
    throw error;
  }
}

const DROP = "DROP INDEX CONCURRENTLY IF EXISTS ";

/** The statement that takes an index back names it; one that is built again is what the finding is about. */
function indexOf({ undo, object }: Finding): string {
  return undo.find((statement) => statement.startsWith(DROP))?.slice(DROP.length) ?? object;
}

/** `IF NOT EXISTS` is content with an index of that name in any state. */
async function assertValid(session: Queryable, index: string): Promise<void> {
  const [row] = await session.query<{ valid: boolean }>(
    "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)",
    [index],
  );
  if (row?.valid !== true) throw new DatabaseError("other", `${index} is there, and cannot be used`);
}
