import { causes, type Random } from "@rempart/kernel";
import { DatabaseError, isDatabaseError } from "../errors.ts";
import type { Connections, Lease } from "./connections.ts";
import type { QueryOptions, Transaction, TransactionOptions } from "./ports.ts";

const DEFAULT_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 250;

export async function runTransaction<T>(
  connections: Connections,
  random: Random,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const attempts = options.attempts ?? DEFAULT_ATTEMPTS;
  if (!Number.isInteger(attempts) || attempts < 1) throw new TypeError("attempts must be a positive integer");
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce(connections, work, options);
    } catch (error) {
      if (attempt >= attempts || !isLostRace(error)) throw error;
      await pause(pauseBefore(attempt, random));
    }
  }
}

/** True for 40001 and 40P01, also when the work wrapped them: the server rolled back, so nothing happened. */
function isLostRace(error: unknown): boolean {
  if (isDatabaseError(error, "commit-unknown")) return false;
  return causes(error).some((link) => isDatabaseError(link, "serialization"));
}

async function attemptOnce<T>(
  connections: Connections,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const lease = await connections.lease();
  let clean = false;
  try {
    await lease.run(beginStatement(options));
    const result = await workOn(lease, work).catch(async (error) => {
      clean = await rollback(lease);
      throw error;
    });
    await commit(lease, options);
    clean = true;
    return result;
  } catch (error) {
    if (isEndedByServer(error)) clean = true;
    throw error;
  } finally {
    lease.release(!clean);
  }
}

/** After these, the server has ended the transaction itself: the connection is as good as new. */
function isEndedByServer(error: unknown): boolean {
  return isDatabaseError(error, "transaction-aborted");
}

export function beginStatement({
  isolation = "read committed",
  readOnly = false,
}: TransactionOptions): string {
  return `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}, ${readOnly ? "READ ONLY" : "READ WRITE"}`;
}

async function workOn<T>(lease: Lease, work: (tx: Transaction) => Promise<T>): Promise<T> {
  let open = true;
  const run: Lease["run"] = (text, values, options) => {
    if (!open) throw new TypeError("the transaction has ended: await everything inside the work");
    return lease.run(text, values, options);
  };
  try {
    return await work({
      query: async <Row extends object>(text: string, values?: readonly unknown[], options?: QueryOptions) =>
        (await run(text, values, options)).rows as Row[],
      kysely: async () =>
        (await import("./kysely.ts")).kyselyOver({
          lease: async () => ({ run, release: () => {} }),
          inTransaction: true,
        }),
    });
  } finally {
    open = false;
  }
}

/** False when the connection cannot be trusted any more. */
async function rollback(lease: Lease): Promise<boolean> {
  try {
    await lease.run("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

async function commit(lease: Lease, { readOnly = false }: TransactionOptions): Promise<void> {
  let command: string;
  try {
    command = (await lease.run("COMMIT")).command;
  } catch (error) {
    throw readOnly || isRefusal(error) ? error : commitUnknown(error);
  }
  if (command === "ROLLBACK") {
    throw new DatabaseError("transaction-aborted", "COMMIT rolled back: an earlier statement had failed");
  }
}

/** The server itself said that this COMMIT failed: a deferred constraint, a lost race, a full disk. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof DatabaseError &&
    error.details.sqlState !== undefined &&
    !isDatabaseError(error, "unavailable")
  );
}

function commitUnknown(cause: unknown): DatabaseError {
  return new DatabaseError(
    "commit-unknown",
    "The connection was lost during COMMIT: it may or may not have happened",
    { cause },
  );
}

/** Full jitter: anything from 0 to a ceiling that doubles, so that the losers of a race do not meet again. */
function pauseBefore(attempt: number, random: Random): number {
  const ceiling = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  const [high = 0, low = 0] = random.bytes(2);
  return (ceiling * ((high << 8) | low)) / 0xffff;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
