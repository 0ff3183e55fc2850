/** A proof that needs no network: index, inclusion proof and checkpoint in one text (C2SP tlog-proof). */
import { fromUtf8, utf8 } from "@rempart/kernel";
import { fromBase64, toBase64 } from "../note/base64.ts";
import { parseHash, parseSize } from "../note/checkpoint.ts";
import { MAX_NOTE_BYTES } from "../note/note.ts";

export interface ProofFile {
  readonly index: number;
  readonly proof: readonly Uint8Array[];
  /** The signed checkpoint, as the log wrote it. */
  readonly checkpoint: Uint8Array;
  /** Whatever travels along. Not covered by any signature. */
  readonly extra: Uint8Array | null;
}

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
const MAX_EXTRA_BYTES = 1024 * 1024;
const MAX_PROOF_BYTES = 2 * MAX_EXTRA_BYTES + MAX_NOTE_BYTES;
/** A tree below 2^53 leaves is no deeper. */
const MAX_HASHES = 53;

export function formatProofFile({ index, proof, checkpoint, extra }: ProofFile): string {
  const lines = [FIRST_LINE];
  if (extra !== null) lines.push(`extra ${toBase64(extra)}`);
  lines.push(`index ${index}`, ...proof.map(toBase64));
  return `${lines.join("\n")}\n\n${fromUtf8(checkpoint)}`;
}

/** Null for anything that is not a proof. Nothing is verified here. */
export function parseProofFile(bytes: Uint8Array): ProofFile | null {
  const text = bytes.length <= MAX_PROOF_BYTES ? fromUtf8(bytes) : null;
  const end = text?.indexOf("\n\n") ?? -1;
  if (text === null || end < 0) return null;
  const [first, ...lines] = text.slice(0, end).split("\n");
  if (first !== FIRST_LINE) return null;
  const extra = lines[0]?.startsWith("extra ") ? parseExtra(lines.shift() as string) : null;
  if (extra === undefined) return null;
  const index = parseIndex(lines.shift());
  const proof = parseHashes(lines);
  if (index === null || proof === null) return null;
  return { index, proof, checkpoint: utf8(text.slice(end + 2)), extra };
}

function parseExtra(line: string): Uint8Array | undefined {
  return fromBase64(line.slice("extra ".length)) ?? undefined;
}

function parseIndex(line: string | undefined): number | null {
  return line?.startsWith("index ") ? parseSize(line.slice("index ".length)) : null;
}

/** Null when a line is not a hash, or when there are more than any tree needs. */
export function parseHashes(lines: readonly string[]): Uint8Array[] | null {
  if (lines.length > MAX_HASHES) return null;
  const hashes: Uint8Array[] = [];
  for (const line of lines) {
    const hash = parseHash(line);
    if (hash === null) return null;
    hashes.push(hash);
  }
  return hashes;
}
