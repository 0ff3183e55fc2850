import { setTimeout as sleep } from "node:timers/promises";
import type { CheckedPages } from "../manifest.ts";
import { isSoundPage, PAGE_BYTES } from "../pages/page-checksum.ts";
import { firstBlockOf } from "../pages/relation-files.ts";
import type { Lsn } from "../wal/lsn.ts";

/** Reads so many bytes of the file again; fewer where it has become shorter. */
export type ReadAgain = (into: Buffer, position: number) => Promise<number>;

/** The server writes a page in a few microseconds; a machine that is busy may stop it in the middle. */
const READS = 5;
const PAUSE_MS = 20;
/** Of one backup: what a disk has changed by the gigabyte must not hold it up for hours. */
const PAUSES = 3_000;
const NAMED = 1_000;
/** That are remembered until the backup's end is known, a megabyte or two. So many are not written at this moment: more are damage. */
const REMEMBERED = 10_000;

interface Changed {
  readonly name: string;
  readonly lsn: Lsn;
}

/**
 * The checksums of pages that pass while a server writes them (as `pg_basebackup`: PostgreSQL source, `basebackup.c`). One that is
 * written at this moment is read again. One that says to be changed since the backup began is taken from the log by recovery,
 * whatever it holds: that is believed unless it names a position that was not reached when the backup ended.
 */
export class PageChecks {
  readonly #start: Lsn;
  readonly #named: string[] = [];
  readonly #changed: Changed[] = [];
  readonly #pause: (milliseconds: number) => Promise<unknown>;
  #pauses = PAUSES;
  #checked = 0;
  #damaged = 0;

  /** `start` is where in the log the backup began. */
  constructor(start: Lsn, pause: (milliseconds: number) => Promise<unknown> = sleep) {
    this.#start = start;
    this.#pause = pause;
  }

  /** `pages` of the file at `path` below the data directory, from `position` on; those that were read again are replaced in it. */
  async check(path: string, pages: Buffer, position: number, again: ReadAgain): Promise<void> {
    const first = firstBlockOf(path);
    if (first === null) return;
    for (let at = 0; at + PAGE_BYTES <= pages.length; at += PAGE_BYTES) {
      const page = pages.subarray(at, at + PAGE_BYTES);
      const block = first + (position + at) / PAGE_BYTES;
      this.#checked += 1;
      if (isSoundPage(page, block)) continue;
      await this.#lookAgain(`${path}, block ${block}`, page, block, (into) => again(into, position + at));
    }
  }

  async #lookAgain(
    name: string,
    page: Buffer,
    block: number,
    again: (into: Buffer) => Promise<number>,
  ): Promise<void> {
    for (let reads = 1; reads < READS; reads += 1) {
      this.#pauses -= 1;
      if (this.#pauses >= 0) await this.#pause(PAUSE_MS);
      // What was cut off meanwhile, recovery cuts off as well.
      if ((await again(page)) < PAGE_BYTES || isSoundPage(page, block)) return;
    }
    const lsn = lsnOf(page);
    if (lsn < this.#start || this.#changed.length === REMEMBERED) this.#tell(name);
    else this.#changed.push({ name, lsn });
  }

  /** `stop` is where in the log the backup ended. */
  end(stop: Lsn): CheckedPages {
    for (const { name, lsn } of this.#changed) if (lsn > stop) this.#tell(name);
    return { checked: this.#checked, damaged: this.#damaged, named: this.#named };
  }

  #tell(name: string): void {
    this.#damaged += 1;
    if (this.#named.length < NAMED) this.#named.push(name);
  }
}

/** The end of the log record of its last change: two halves, the higher one first (PostgreSQL source: `bufpage.h`). */
function lsnOf(page: Buffer): Lsn {
  return (BigInt(page.readUInt32LE(0)) << 32n) | BigInt(page.readUInt32LE(4));
}
