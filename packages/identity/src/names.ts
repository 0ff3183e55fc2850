const MAX_CHARACTERS = 80;

/** Control characters, and the marks that reorder text around them (Unicode UAX #9), which make one name look like another. */
const FORBIDDEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** The shown name: trimmed, NFC, 1 to 80 UTF-16 units, at least one visible character. Null when it is none. */
export function normaliseName(input: string): string | null {
  if (input.length > 4 * MAX_CHARACTERS || !input.isWellFormed()) return null;
  const name = input.trim().normalize("NFC");
  if (name.length === 0 || name.length > MAX_CHARACTERS) return null;
  return FORBIDDEN.test(name) || !VISIBLE.test(name) ? null : name;
}

/** The form names are searched by: no case, no accents, no compatibility variants, single spaces. */
export function searchForm(text: string): string {
  return text
    .toWellFormed()
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim();
}

/** A header's or address's text as it may be stored and shown: well-formed, no control characters, cut to `limit`. */
export function plainText(text: string, limit: number): string {
  return text
    .slice(0, limit)
    .toWellFormed()
    .replace(/\p{Cc}/gu, "");
}

const LANGUAGE = /^[a-z]{2,3}(-[a-z0-9]{1,8}){0,3}$/i;

/** A language tag as RFC 5646 writes the usual ones, or null. */
export function normaliseLanguage(text: string | undefined): string | null {
  return text !== undefined && LANGUAGE.test(text) ? text : null;
}
