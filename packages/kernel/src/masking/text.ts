/** Text that a terminal, a log file or a reader's eye could take for something else is shown as what it is. */

/** Controls, line separators, and what is not seen itself but hides or reorders what stands around it (Unicode TR 36). */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

const PLAIN = /^[\x20-\x7e]*$/;

/** Every such character as `\uXXXX` or `\u{XXXXX}`, and halves of surrogate pairs as the replacement character. */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.toWellFormed().replaceAll(DANGEROUS, escaped);
}

function escaped(character: string): string {
  const hex = (character.codePointAt(0) as number).toString(16);
  return hex.length > 4 ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}

/** At most `limit` UTF-16 units, not ending in half a character; says how much is missing. */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit).toWellFormed()}… (${text.length - limit} more)`;
}
