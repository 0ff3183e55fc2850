/** What a log asks of a witness (C2SP tlog-witness, add-checkpoint). */
import { concat, fromUtf8, utf8 } from "@rempart/kernel";
import { toBase64 } from "../note/base64.ts";
import { parseSize } from "../note/checkpoint.ts";
import { MAX_NOTE_BYTES } from "../note/note.ts";
import { parseHashes } from "../proof/proof-file.ts";

export interface AddCheckpoint {
  /** Of the head that the witness cosigned last; 0 for none. */
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** The signed checkpoint. */
  readonly note: Uint8Array;
}

/** A size line, at most 63 hashes, and a note. */
export const MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4_096;

export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): Uint8Array {
  const lines = [`old ${oldSize}`, ...proof.map(toBase64)];
  return concat(utf8(`${lines.join("\n")}\n\n`), note);
}

/** Null for anything else. Nothing is verified here. */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint | null {
  const text = body.length <= MAX_REQUEST_BYTES ? fromUtf8(body) : null;
  const end = text?.indexOf("\n\n") ?? -1;
  if (text === null || end < 0) return null;
  const [first = "", ...lines] = text.slice(0, end).split("\n");
  const oldSize = first.startsWith("old ") ? parseSize(first.slice("old ".length)) : null;
  const proof = parseHashes(lines);
  if (oldSize === null || proof === null) return null;
  return { oldSize, proof, note: utf8(text.slice(end + 2)) };
}
