import type { Lsn } from "../backup/wal/lsn.ts";

/** Where the primary's log was at a time of the monotonic clock. */
interface Sample {
  readonly at: number;
  readonly lsn: Lsn;
}

/** Older ones say only that a replica is too far behind, which nobody asks the length of. */
const KEPT = 600;

/**
 * How far a replica is behind, in time, without a write: it is as old as the last moment at which the primary's log was known
 * to end where the replica is. A replica of a primary that rests is up to date, however long ago the last write was.
 */
export class Positions {
  #samples: Sample[] = [];

  /** `at` is the time before the primary was asked. */
  add(at: number, lsn: Lsn): void {
    this.#samples = [...this.#samples, { at, lsn }].slice(-KEPT);
  }

  /** Milliseconds; infinite for a replica that is behind everything remembered. */
  lag(lsn: Lsn, now: number): number {
    const caughtUp = this.#samples.findLast((sample) => sample.lsn <= lsn);
    return caughtUp === undefined ? Number.POSITIVE_INFINITY : now - caughtUp.at;
  }
}
