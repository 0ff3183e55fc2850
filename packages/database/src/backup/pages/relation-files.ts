import { PAGE_BYTES } from "./page-checksum.ts";

/** A relation's file, or one of its forks: `16384`, `16384_fsm`, `16384.2`. Other folders hold files with such names and no pages. */
const RELATION = /^(?:base|global|pg_tblspc)\/(?:.*\/)?\d+(?:_(?:fsm|vm|init))?(?:\.(\d+))?$/;
/** Blocks of a file of 1 GiB, after which the next one goes on. */
const SEGMENT_BLOCKS = 2 ** 30 / PAGE_BYTES;

/** Number of the first block in a file below the data directory; null for one that is not made of pages. */
export function firstBlockOf(path: string): number | null {
  const found = RELATION.exec(path);
  return found === null ? null : SEGMENT_BLOCKS * Number(found[1] ?? 0);
}
