import { normaliseEmail, normalisePhone, normaliseText } from "./normalise.ts";

/** What a personal datum is: how it is written before it is encrypted, and what counts as equal when it is searched. */
export interface FieldKind<T> {
  readonly name: string;
  /** The text that is encrypted; null for what is not such a datum. */
  encode(value: T): string | null;
  /** The way back; null for a text that `encode` never gave. */
  decode(text: string): T | null;
  /** One text for all values that a search should find as one; null as in `encode`. */
  searchKey(value: T): string | null;
}

const MAX_TEXT = 4_096;
const same = (text: string): string => text;

/** Kept in E.164. */
export const phone: FieldKind<string> = {
  name: "phone",
  encode: normalisePhone,
  decode: same,
  searchKey: normalisePhone,
};

/** Kept as `normaliseEmail` writes it. */
export const email: FieldKind<string> = {
  name: "email",
  encode: normaliseEmail,
  decode: same,
  searchKey: normaliseEmail,
};

/** Any text, kept as it is; a search disregards case, blanks and Unicode form. */
export const personal: FieldKind<string> = {
  name: "personal",
  encode: (text) => (text.length <= MAX_TEXT && text.isWellFormed() ? text : null),
  decode: same,
  searchKey: normaliseText,
};

export interface PostalAddress {
  /** Street, building, recipient: 1 to 6 lines. */
  readonly lines: readonly string[];
  readonly postalCode: string;
  readonly locality: string;
  readonly region?: string;
  /** ISO 3166-1 alpha-2, upper case. */
  readonly country: string;
}

const MAX_LINES = 6;
const MAX_LINE = 200;

export const address: FieldKind<PostalAddress> = {
  name: "address",
  encode: (value) => (isAddress(value) ? JSON.stringify(partsOf(value)) : null),
  decode: decodeAddress,
  searchKey: (value) => (isAddress(value) ? normaliseText(partsOf(value).flat().join("\n")) : null),
};

type Parts = [
  lines: readonly string[],
  postalCode: string,
  locality: string,
  region: string,
  country: string,
];

function partsOf({ lines, postalCode, locality, region = "", country }: PostalAddress): Parts {
  return [lines, postalCode, locality, region, country];
}

function decodeAddress(text: string): PostalAddress | null {
  const parts = parseParts(text);
  if (parts === null) return null;
  const [lines, postalCode, locality, region, country] = parts;
  const value = { lines, postalCode, locality, country, ...(region === "" ? {} : { region }) };
  return isAddress(value) ? value : null;
}

function parseParts(text: string): Parts | null {
  const parts: unknown = parseJson(text);
  if (!Array.isArray(parts) || parts.length !== 5 || !Array.isArray(parts[0])) return null;
  return parts.flat().every((part) => typeof part === "string") ? (parts as Parts) : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error would repeat a piece of the text.
    return null;
  }
}

function isAddress({ lines, postalCode, locality, region = "", country }: PostalAddress): boolean {
  const texts = [...lines, postalCode, locality, region];
  return (
    lines.length >= 1 &&
    lines.length <= MAX_LINES &&
    locality !== "" &&
    /^[A-Z]{2}$/.test(country) &&
    texts.every((part) => part.length <= MAX_LINE && part.isWellFormed())
  );
}
