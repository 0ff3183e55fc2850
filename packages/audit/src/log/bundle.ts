/** Entry bundles: up to 256 entries in one file, each behind its length (C2SP tlog-tiles). */
import { concat } from "@rempart/kernel";

export const MAX_ENTRY_BYTES = 65_535;
const LENGTH_BYTES = 2;

export function packEntry(entry: Uint8Array): Uint8Array {
  if (entry.length > MAX_ENTRY_BYTES) throw new RangeError(`an entry has at most ${MAX_ENTRY_BYTES} bytes`);
  return concat(new Uint8Array([entry.length >> 8, entry.length & 0xff]), entry);
}

/** The entries of a bundle, as views into it. Null when its lengths do not add up. */
export function unpackEntries(bundle: Uint8Array): Uint8Array[] | null {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    const high = bundle[at];
    const low = bundle[at + 1];
    if (high === undefined || low === undefined) return null;
    const end = at + LENGTH_BYTES + ((high << 8) | low);
    if (end > bundle.length) return null;
    entries.push(bundle.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return entries;
}
