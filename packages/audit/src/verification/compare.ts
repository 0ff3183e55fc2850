import { isIP, SocketAddress } from "node:net";
import { equalBytes } from "@rempart/kernel";
import { parseLeaf } from "../entry/leaf.ts";
import type { Sha256, TreeHash } from "../tree/hash.ts";
import type { Finding } from "./finding.ts";
import { commitmentOfRow, type EntryRow, leafBytesOfRow, type PlaceRow } from "./rows.ts";

/** Everything that is said of one place of the log. */
export interface Place {
  readonly index: number;
  /** The hash that the signed tree has here. */
  readonly truth: Uint8Array;
  /** Null: the database has no such place. */
  readonly row: PlaceRow | null;
  /** The entry's bytes as they were published; null when the file is missing or too short. */
  readonly published: Uint8Array | null;
}

export interface CompareOptions {
  readonly sha256: Sha256;
  readonly hash: TreeHash;
  /** Whether an entry of this class and age may be gone. Milliseconds. */
  readonly mayBeGone: (retention: string, time: number) => boolean;
  /** The address inside the personal part; undefined when it cannot be read. Absent: addresses are not compared. */
  readonly addressOf?: (entry: EntryRow) => Promise<string | null | undefined>;
}

export interface Comparison {
  readonly findings: readonly Finding[];
  readonly pruned: boolean;
}

const AS_IT_SHOULD_BE: Comparison = { findings: [], pruned: false };

/** What is wrong at one place, if anything. */
export async function comparePlace(options: CompareOptions, place: Place): Promise<Comparison> {
  const { index, truth, row, published } = place;
  if (row?.entry && isWhole(options, place, row.entry)) return compareAddress(options, index, row.entry);
  const findings: Finding[] = [];
  const bytes = published !== null && equalBytes(options.hash.leaf(published), truth) ? published : null;
  if (bytes === null)
    findings.push(
      finding(
        "bundle-altered",
        index,
        row?.entryId ?? null,
        "the published entry is not the one that was signed",
      ),
    );
  if (row === null) {
    const id = bytes === null ? null : (parseLeaf(bytes)?.id ?? null);
    return {
      findings: [...findings, finding("leaf-altered", index, id, "no row holds this place")],
      pruned: false,
    };
  }
  if (!equalBytes(row.hash, truth))
    findings.push(
      finding("leaf-altered", index, row.entryId, "the row of this place says another hash than was signed"),
    );
  const content = await compareEntry(options, { index, truth, row, bytes });
  if (findings.length === 0 && content === AS_IT_SHOULD_BE) return AS_IT_SHOULD_BE;
  return { findings: [...findings, ...content.findings], pruned: content.pruned };
}

/** Nearly every place: one look, before anybody asks what is wrong. */
function isWhole(
  { sha256, hash }: CompareOptions,
  { truth, row, published }: Place,
  entry: EntryRow,
): boolean {
  if (row === null || published === null || !equalBytes(row.hash, truth)) return false;
  const bytes = leafBytesOfRow(sha256, entry);
  return equalBytes(bytes, published) && equalBytes(hash.leaf(bytes), truth);
}

interface Held {
  readonly index: number;
  readonly truth: Uint8Array;
  readonly row: PlaceRow;
  /** Trusted: they hash to the truth. */
  readonly bytes: Uint8Array | null;
}

async function compareEntry(
  options: CompareOptions,
  { index, truth, row, bytes }: Held,
): Promise<Comparison> {
  const signed = bytes === null ? null : parseLeaf(bytes);
  if (signed !== null && signed.id !== row.entryId) {
    const detail = `the place of ${signed.id} is held by another entry`;
    return { findings: [finding("entry-reordered", index, signed.id, detail)], pruned: false };
  }
  if (row.entry === null) {
    if (signed !== null && options.mayBeGone(signed.retention, signed.time))
      return { findings: [], pruned: true };
    return {
      findings: [finding("entry-removed", index, row.entryId, "its row is gone before its time")],
      pruned: false,
    };
  }
  if (!equalBytes(options.hash.leaf(leafBytesOfRow(options.sha256, row.entry)), truth)) {
    const detail = `changed: ${changedColumns(options.sha256, row.entry, signed).join(", ")}`;
    return { findings: [finding("entry-altered", index, row.entryId, detail)], pruned: false };
  }
  return compareAddress(options, index, row.entry);
}

/** The address in clear is outside the leaf, so that it can be blanked: the encrypted one vouches for it. */
async function compareAddress(options: CompareOptions, index: number, entry: EntryRow): Promise<Comparison> {
  if (entry.ip_address === null || options.addressOf === undefined) return AS_IT_SHOULD_BE;
  const address = await options.addressOf(entry);
  if (address === undefined || (address !== null && isSameAddress(address, entry.ip_address)))
    return AS_IT_SHOULD_BE;
  return { findings: [finding("entry-altered", index, entry.id, "changed: ip_address")], pruned: false };
}

/** The database writes an address in its own way: `2001:DB8::0:1` comes back as `2001:db8::1`. */
function isSameAddress(a: string, b: string): boolean {
  return a === b || spelled(a) === spelled(b);
}

function spelled(address: string): string {
  const version = isIP(address);
  return version === 0 ? address : new SocketAddress({ address, family: `ipv${version as 4 | 6}` }).address;
}

function changedColumns(sha256: Sha256, entry: EntryRow, signed: ReturnType<typeof parseLeaf>): string[] {
  const columns: string[] = [];
  if (signed !== null && signed.time !== entry.created_at.getTime()) columns.push("created_at");
  if (signed !== null && signed.type !== entry.event_type) columns.push("event_type");
  if (signed !== null && signed.retention !== entry.retention) columns.push("retention");
  const commitment = signed?.commitment ?? entry.commitment;
  if (!equalBytes(commitmentOfRow(sha256, entry), commitment)) columns.push("body, personal or salt");
  return columns.length > 0 ? columns : ["the row"];
}

function finding(kind: Finding["kind"], index: number, entryId: string | null, detail: string): Finding {
  return { kind, index, entryId, detail };
}
