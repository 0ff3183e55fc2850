import { isCommonPassword } from "./common.ts";

export type PasswordWeakness = "too-short" | "too-long" | "malformed" | "common" | "personal";

/** ASVS 5.0, 6.2.1 and 6.2.9. Counted in code points after normalisation. */
const MIN_CHARACTERS = 8;
/** A bound on the work of one request; longer than any password manager's default. */
const MAX_CHARACTERS = 256;
/** What is left of a password without the person's own words must be at least this long. */
const MIN_OWN_CHARACTERS = 6;
/** Shorter pieces of a name or an address are in too many honest passwords. */
const MIN_WORD_CHARACTERS = 3;

/**
 * The one form of a password that is hashed: NFKC (NIST SP 800-63B-4, section 3.1.1.2), so that it does not matter whether
 * a keyboard sends é as one code point or as two, or a digit in full width. Null: too long, or not well-formed Unicode.
 */
export function normalisePassword(password: string): string | null {
  // Normalisation may lengthen a text up to 18 times: bounded before and after.
  if (password.length > 2 * MAX_CHARACTERS || !password.isWellFormed()) return null;
  const normalised = password.normalize("NFKC");
  return characters(normalised) > MAX_CHARACTERS ? null : normalised;
}

export interface PersonalWords {
  readonly email: string;
  readonly name: string;
  /** Words of the installation. */
  readonly context: readonly string[];
}

/** Why this password must not be chosen, or null. No rule about kinds of characters: they make worse passwords (ASVS 6.2.5). */
export function passwordWeakness(password: string, personal: PersonalWords): PasswordWeakness | null {
  if (password.length > 2 * MAX_CHARACTERS) return "too-long";
  if (!password.isWellFormed()) return "malformed";
  const normalised = normalisePassword(password);
  if (normalised === null) return "too-long";
  if (characters(normalised) < MIN_CHARACTERS) return "too-short";
  const folded = normalised.toLowerCase();
  if (isCommonPassword(folded)) return "common";
  return isBuiltOn(folded, personalWords(personal)) ? "personal" : null;
}

function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function isBuiltOn(folded: string, words: readonly string[]): boolean {
  let rest = folded;
  for (const word of words) rest = rest.replaceAll(word, "");
  return rest !== folded && characters(rest) < MIN_OWN_CHARACTERS;
}

/** The longest first, so that `alice.martin` goes before `alice`. */
function personalWords({ email, name, context }: PersonalWords): string[] {
  const whole = [email, email.slice(0, email.lastIndexOf("@")), name, ...context];
  const pieces = whole.flatMap((text) => text.split(/[^\p{L}\p{N}]+/u));
  const words = [...whole, ...pieces].map((word) => word.normalize("NFKC").toLowerCase());
  return [...new Set(words)]
    .filter((word) => characters(word) >= MIN_WORD_CHARACTERS)
    .sort((a, b) => b.length - a.length);
}
