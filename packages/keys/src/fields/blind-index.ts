import { createHmac, hkdfSync } from "node:crypto";

export interface BlindIndexOptions {
  /** At least 32 bytes, its own key, from the secrets: whoever holds it can test guesses against the index. */
  readonly key: Uint8Array;
  /** The column that is searched: each gets a key of its own, so equal values in two columns do not show. */
  readonly table: string;
  readonly column: string;
  /** Of the HMAC that are kept, 8 to 256; 32 unless told. */
  readonly bits?: number;
}

export interface BlindIndex {
  /** Bits kept of each value. */
  readonly bits: number;
  /** Lower-case hexadecimal, for the index column and for the search. Equal for equal texts only: normalise first. */
  of(text: string): string;
}

const MIN_KEY = 32;

/**
 * Equality search over an encrypted column: a keyed, truncated hash of the value beside it.
 *
 * Equal values have equal entries, so the index shows how often a value occurs to whoever reads the table. Truncation makes
 * unequal values share entries, too: at `bits` far below log2(rows) an entry names a crowd instead of a person, and at 32
 * a table of 100,000 rows has about one false match. So the searcher decrypts every row found and compares.
 */
export function blindIndex({ key, table, column, bits = 32 }: BlindIndexOptions): BlindIndex {
  if (key.length < MIN_KEY) throw new TypeError(`a blind index needs a key of at least ${MIN_KEY} bytes`);
  if (!Number.isInteger(bits) || bits < 8 || bits > 256) throw new TypeError("bits must be 8 to 256");
  // The length in front: table "a", column "bc" is not table "ab", column "c".
  const info = `rempart blind index v1 ${table.length}:${table}.${column}`;
  const columnKey = Buffer.from(hkdfSync("sha256", key, "", info, 32));
  return {
    bits,
    of(text) {
      return truncate(createHmac("sha256", columnKey).update(text).digest(), bits).toString("hex");
    },
  };
}

/** The first `bits` bits; what is left of the last byte is zero. */
function truncate(mac: Buffer, bits: number): Buffer {
  const kept = mac.subarray(0, Math.ceil(bits / 8));
  const spare = kept.length * 8 - bits;
  const last = kept.length - 1;
  kept.writeUInt8((kept.readUInt8(last) >> spare) << spare, last);
  return kept;
}
