/** Text with signatures below it (C2SP signed-note). */
import { fromUtf8, utf8 } from "@rempart/kernel";
import { fromBase64, toBase64 } from "./base64.ts";

export interface NoteSignature {
  /** The key's name, as its owner chose it. */
  readonly name: string;
  readonly keyId: number;
  /** What follows the key id: its form is the algorithm's. */
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** With its final newline; what the signatures are over. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A note larger than this is not read: a checkpoint with sixteen signatures takes less than 3 KiB. */
export const MAX_NOTE_BYTES = 64 * 1024;
export const MAX_SIGNATURES = 64;

const KEY_ID_BYTES = 4;
const SEPARATOR = "\n\n";
const SIGNATURE_LINE = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** Null for anything that is not a signed note. Nothing is verified here: the text is not to be believed yet. */
export function parseNote(bytes: Uint8Array): SignedNote | null {
  if (bytes.length > MAX_NOTE_BYTES) return null;
  const whole = fromUtf8(bytes);
  if (whole === null || CONTROL.test(whole)) return null;
  const split = whole.lastIndexOf(SEPARATOR);
  if (split < 1 || !whole.endsWith("\n")) return null;
  const lines = whole.slice(split + SEPARATOR.length, -1).split("\n");
  const signatures = parseSignatureLines(lines);
  return signatures && { text: whole.slice(0, split + 1), signatures };
}

/** Null when a line is not a signature line, or when there is none, or too many. */
export function parseSignatureLines(lines: readonly string[]): NoteSignature[] | null {
  if (lines.length > MAX_SIGNATURES) return null;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === null) return null;
    signatures.push(signature);
  }
  return signatures.length > 0 ? signatures : null;
}

function parseSignatureLine(line: string): NoteSignature | null {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  if (name === undefined || encoded === undefined || name.includes("+")) return null;
  const bytes = fromBase64(encoded);
  if (bytes === null || bytes.length <= KEY_ID_BYTES) return null;
  const keyId = new DataView(bytes.buffer).getUint32(0);
  return { name, keyId, signature: bytes.subarray(KEY_ID_BYTES) };
}

/** `— name base64(key id, signature)`, without the newline. */
export function signatureLine({ name, keyId, signature }: NoteSignature): string {
  const bytes = new Uint8Array(KEY_ID_BYTES + signature.length);
  new DataView(bytes.buffer).setUint32(0, keyId);
  bytes.set(signature, KEY_ID_BYTES);
  return `— ${name} ${toBase64(bytes)}`;
}

export function formatNote({ text, signatures }: SignedNote): string {
  return `${text}\n${signatures.map((signature) => `${signatureLine(signature)}\n`).join("")}`;
}

/** Throws `TypeError` for a name that cannot stand in a signature line. */
export function checkKeyName(name: string): void {
  if (!/^[^\s+]{1,255}$/u.test(name) || CONTROL.test(name))
    throw new TypeError("a key's name is 1 to 255 characters, without spaces and plus signs");
}

/** The bytes that a plain Ed25519 signature of a note is over. */
export function signedBytes({ text }: Pick<SignedNote, "text">): Uint8Array {
  return utf8(text);
}
