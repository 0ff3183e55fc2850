import { ESCAPE, type Signs, signsOf, WIDE } from "./signs.ts";

/** Characters of one value that are looked at. */
export const MAX_VALUE = 4096;
/** Encodings inside encodings that are undone; nobody honest nests them deeper. */
const MAX_DEPTH = 3;

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  amp: "&",
  colon: ":",
  tab: "\t",
  newline: "\n",
  lpar: "(",
  rpar: ")",
  sol: "/",
};
const LONGEST_ENTITY = 10;

/** A text as some reader sees it, in lower case, and the kinds of its characters. */
export interface Form {
  readonly text: string;
  readonly signs: Signs;
}

/**
 * The value in lower case as every reader behind us might come to see it: as sent and after each round of undoing
 * percent-encoding (`%uXXXX` and over-long forms too), character references, JavaScript escapes and compatibility forms.
 */
export function decodedForms(value: string): readonly Form[] {
  let form = folded(value.slice(0, MAX_VALUE));
  const forms = [form];
  for (let depth = 0; depth < MAX_DEPTH && (form.signs & (ESCAPE | WIDE)) !== 0; depth += 1) {
    const next = folded(decodeOnce(form.text));
    if (next.text === form.text) break;
    forms.push(next);
    form = next;
  }
  return forms;
}

/** Full-width letters and the like become the plain ones that a database or a browser may take them for. */
function folded(text: string): Form {
  const signs = signsOf(text);
  if ((signs & WIDE) === 0) return { text: text.toLowerCase(), signs };
  const plain = text.normalize("NFKC").slice(0, MAX_VALUE).toLowerCase();
  return { text: plain, signs: signsOf(plain) | signs };
}

function decodeOnce(text: string): string {
  let decoded = "";
  let copied = 0;
  for (let i = 0; i < text.length; ) {
    const undone = readEscape(text, i);
    if (undone === null) {
      i += 1;
      continue;
    }
    decoded += text.slice(copied, i) + undone.text;
    i += undone.length;
    copied = i;
  }
  return copied === 0 ? text : decoded + text.slice(copied);
}

interface Escape {
  readonly text: string;
  readonly length: number;
}

function readEscape(text: string, at: number): Escape | null {
  switch (text.charCodeAt(at)) {
    case 37:
      return readPercent(text, at);
    case 38:
      return readReference(text, at);
    case 92:
      return readBackslash(text, at);
    case 0:
      return { text: "", length: 1 };
    default:
      return null;
  }
}

function readPercent(text: string, at: number): Escape | null {
  if (text.charAt(at + 1) === "u") return character(hex(text, at + 2, 4), 6);
  const byte = hex(text, at + 1, 2);
  if (byte < 0) return null;
  if (byte < 0xc0) return character(byte, 3);
  const bytes = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
  let point = byte & (0xff >> (bytes + 1));
  for (let i = 1; i < bytes; i += 1) {
    const next = text.charAt(at + i * 3) === "%" ? hex(text, at + i * 3 + 1, 2) : -1;
    if (next < 0x80 || next > 0xbf) return character(byte, 3);
    point = point * 64 + (next & 63);
  }
  return character(point, bytes * 3);
}

function readReference(text: string, at: number): Escape | null {
  if (text.charAt(at + 1) === "#") return readNumericReference(text, at);
  const end = text.slice(at, at + LONGEST_ENTITY).indexOf(";");
  const named = end < 0 ? undefined : ENTITIES[text.slice(at + 1, at + end)];
  return named === undefined ? null : { text: named, length: end + 1 };
}

const MAX_REFERENCE_DIGITS = 7;

function readNumericReference(text: string, at: number): Escape | null {
  const isHex = text.charAt(at + 2) === "x";
  const radix = isHex ? 16 : 10;
  let i = at + (isHex ? 3 : 2);
  const from = i;
  let value = 0;
  while (i - from < MAX_REFERENCE_DIGITS) {
    const digit = digitAt(text, i);
    if (digit < 0 || digit >= radix) break;
    value = value * radix + digit;
    i += 1;
  }
  if (i === from) return null;
  return character(value, i - at + (text.charAt(i) === ";" ? 1 : 0));
}

function readBackslash(text: string, at: number): Escape | null {
  const kind = text.charAt(at + 1);
  if (kind === "u") return character(hex(text, at + 2, 4), 6);
  if (kind === "x") return character(hex(text, at + 2, 2), 4);
  return null;
}

function character(point: number, length: number): Escape | null {
  if (point < 0 || point > 0x10ffff) return null;
  return { text: point === 0 ? "" : String.fromCodePoint(point), length };
}

function hex(text: string, from: number, digits: number): number {
  let value = 0;
  for (let i = from; i < from + digits; i += 1) {
    const digit = digitAt(text, i);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}
