/**
 * The checksum of a data page: 32 FNV-1a sums side by side, folded (PostgreSQL source: `checksum_impl.h`). In this machine's byte
 * order: little-endian.
 */

export const PAGE_BYTES = 8_192;

const SUMS = 32;
const PRIME = 16_777_619;
const CHECKSUM_AT = 8;
const UPPER_AT = 14;

const WORDS = PAGE_BYTES / 4;
const CHECKSUM_WORD = CHECKSUM_AT / 4;
const UNUSED = Buffer.alloc(PAGE_BYTES);

const OFFSETS = Uint32Array.of(
  0x5b1f36e9,
  0xb8525960,
  0x02ab50aa,
  0x1de66d2a,
  0x79ff467a,
  0x9bb9f8a3,
  0x217e7cd2,
  0x83e13d2c,
  0xf8d4474f,
  0xe39eb970,
  0x42c6ae16,
  0x993216fa,
  0x7b093b5d,
  0x98daff3c,
  0xf718902a,
  0x0b1c9cdb,
  0xe58f764b,
  0x187636bc,
  0x5d7b3bb1,
  0xe73de7de,
  0x92bec979,
  0xcca6c0b2,
  0x304a0979,
  0x85aa43d4,
  0x783125bb,
  0x6ca8eaa2,
  0xe407eac6,
  0x4b5cfc3e,
  0x9fbf8c76,
  0x15ca20be,
  0xf2ca9fd3,
  0x959bd756,
);

/** Whether a page is what was written as block `number` of its relation. One that was never used holds nothing to check. */
export function isSoundPage(page: Buffer, number: number): boolean {
  if (page.readUInt16LE(UPPER_AT) === 0) return page.equals(UNUSED);
  return page.readUInt16LE(CHECKSUM_AT) === pageChecksum(page, number);
}

/** One sum after the other: it stays in a register, and takes half the time of all of them side by side. */
export function pageChecksum(page: Buffer, number: number): number {
  const words = wordsOf(page);
  let folded = 0;
  for (let at = 0; at < SUMS; at += 1) {
    let sum = mix(OFFSETS[at] as number, firstWord(words, at));
    for (let next = at + SUMS; next < WORDS; next += SUMS) sum = mix(sum, words[next] as number);
    folded ^= mix(mix(sum, 0), 0);
  }
  return (((folded ^ number) >>> 0) % 65_535) + 1;
}

/** The checksum's own place counts as zero. */
function firstWord(words: Int32Array, at: number): number {
  const word = words[at] as number;
  return at === CHECKSUM_WORD ? word & 0xffff0000 : word;
}

/** The page itself where it is aligned, or a copy. */
function wordsOf(page: Buffer): Int32Array {
  if (page.byteOffset % 4 === 0) return new Int32Array(page.buffer, page.byteOffset, WORDS);
  return new Int32Array(Uint8Array.from(page).buffer);
}

function mix(sum: number, value: number): number {
  const mixed = sum ^ value;
  return Math.imul(mixed, PRIME) ^ (mixed >>> 17);
}
