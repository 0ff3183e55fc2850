/** Text that a terminal, a log file or a reader's eye could take for something else is shown as what it is. */

/** Controls (C0, DEL, C1), line separators, and the marks that reorder what stands around them (Unicode TR 36). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const PLAIN = /^[\x20-\x7e]*$/;

/** Every such character as `\uXXXX`, and halves of surrogate pairs as the replacement character. */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(DANGEROUS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** At most `limit` UTF-16 units, not ending in half a character; says how much is missing. */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit).toWellFormed()}… (${text.length - limit} more)`;
}
