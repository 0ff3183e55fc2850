import type { Database, Transaction } from "@rempart/database";
import { explain } from "@rempart/kernel";
import { type Logger, repeat } from "@rempart/runtime";
import type { Checkpoint } from "../note/checkpoint.ts";
import type { WitnessAddress } from "../witness/client.ts";
import { Cosigners } from "./cosigners.ts";
import { placeEntries } from "./place.ts";
import { Publisher, type PublisherOptions } from "./publish.ts";

export interface SequencerOptions extends PublisherOptions {
  readonly database: Database;
  readonly log: Logger;
  /** Milliseconds between two rounds; 1,000 unless told. */
  readonly everyMs?: number;
  /** Asked to cosign each new head. */
  readonly witnesses?: readonly WitnessAddress[];
  /** Milliseconds that all witnesses together may take; 800 unless told. Who is later is left out. */
  readonly witnessBudgetMs?: number;
  /** A witness says that the log is not the one it knew: the database was restored, or somebody forges it. */
  readonly onFork?: (witness: string, detail: string) => void;
}

export interface Sequencer extends AsyncDisposable {
  /**
   * One round: what has committed gets its place, and the log a new head. Null when there was nothing to add, or when
   * another process is at it. Throws `AuditError` when the log and the database do not agree.
   */
  round(): Promise<Checkpoint | null>;
  /** Ends after the round that is under way. */
  stop(): Promise<void>;
}

/** Entries placed in one transaction. */
const BATCH = 10_000;
const DEFAULT_EVERY_MS = 1_000;
/** Any number will do, as long as nothing else in this database takes it. */
export const SEQUENCER_LOCK = "7235419380122631";

/** Gives entries their place and publishes the tree, once a second, in one process of those that share a database. */
export function startSequencer(options: SequencerOptions): Sequencer {
  const { log, everyMs = DEFAULT_EVERY_MS } = options;
  const publisher = new Publisher(options);
  const cosigners = new Cosigners(options);
  const round = inTurn(() => runRound(options, publisher, cosigners));
  const abort = new AbortController();
  const running = repeat(abort.signal, async () => {
    try {
      await round();
    } catch (error) {
      log.error({ error: explain(error) }, "the audit log cannot grow");
    }
    return everyMs;
  });
  const stop = async (): Promise<void> => {
    abort.abort();
    await running;
  };
  return { round, stop, [Symbol.asyncDispose]: stop };
}

/** Calls run one after the other, each to its end. */
function inTurn<T>(work: () => Promise<T>): () => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
}

async function runRound(
  { database, hash }: SequencerOptions,
  publisher: Publisher,
  cosigners: Cosigners,
): Promise<Checkpoint | null> {
  let placed: number | null;
  do {
    placed = await database.transaction((tx) => alone(tx, () => placeEntries(tx, hash, BATCH)));
  } while (placed === BATCH);
  if (placed === null) return null;
  const head = await database.transaction((tx) => alone(tx, () => publisher.publish(tx)), { attempts: 1 });
  const cosigned = await cosigners.cosign(head ?? publisher.takeUp());
  if (cosigned) await database.transaction((tx) => alone(tx, () => publisher.showCosigned(tx, cosigned)));
  return head;
}

/** Null when another process does the same just now. */
async function alone<T>(tx: Transaction, work: () => Promise<T>): Promise<T | null> {
  const [lock] = await tx.query<{ free: boolean }>("SELECT pg_try_advisory_xact_lock($1::bigint) AS free", [
    SEQUENCER_LOCK,
  ]);
  return lock?.free ? work() : null;
}
