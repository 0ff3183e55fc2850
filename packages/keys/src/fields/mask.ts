/**
 * Personal data for a screen or a log: enough to recognise what one knows already, too little to learn it. Text is cut
 * between graphemes, never inside one. Every function accepts any text; one that does not have the expected shape is hidden whole.
 */

const HIDDEN = "•••";
const MAX_TEXT = 1_024;

const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });

/** The first grapheme of each word: `Anne Martin` is `A••• M•••`. */
export function maskName(text: string): string {
  const words = cleaned(text).split(/\s+/u).filter(Boolean);
  return words.length === 0 ? HIDDEN : words.slice(0, 4).map(maskWord).join(" ");
}

/** The first grapheme and the domain: `a•••@example.org`. */
export function maskEmail(text: string): string {
  const clean = cleaned(text);
  const at = clean.lastIndexOf("@");
  const domain = clean.slice(at + 1);
  return at < 1 || domain === "" || /\s/u.test(clean) ? HIDDEN : `${maskWord(clean.slice(0, at))}@${domain}`;
}

/** The last two digits, and the country code's first: `+3••••••••78`. */
export function maskPhone(text: string): string {
  const digits = text.slice(0, MAX_TEXT).replace(/\D/g, "");
  if (digits.length < 7) return HIDDEN;
  const international = /^\s*\+/.test(text);
  const head = international ? `+${digits.slice(0, 1)}` : "";
  return `${head}${"•".repeat(digits.length - 2 - (international ? 1 : 0))}${digits.slice(-2)}`;
}

/** The last four digits of a payment card, as PCI DSS 4.0, requirement 3.4.1, lets anybody see. */
export function maskCard(text: string): string {
  const digits = text.slice(0, MAX_TEXT).replace(/[\s-]/g, "");
  return /^\d{12,19}$/.test(digits) ? `•••• ${digits.slice(-4)}` : HIDDEN;
}

/** The country and the last four: `FR•• •••• 0189`. */
export function maskIban(text: string): string {
  const compact = text.slice(0, MAX_TEXT).replace(/\s/g, "").toUpperCase();
  return /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)
    ? `${compact.slice(0, 2)}•• •••• ${compact.slice(-4)}`
    : HIDDEN;
}

/** The last line or part, where country or town stand; a single part is hidden whole, since it may be the street. */
export function maskAddress(text: string): string {
  const parts = cleaned(text)
    .split(/[,\n]/u)
    .map((part) => part.trim())
    .filter(Boolean);
  const last = parts.at(-1);
  // A postal code alone can name a street.
  return parts.length < 2 || last === undefined || /\p{N}/u.test(last) ? HIDDEN : `${HIDDEN}, ${last}`;
}

/** A mark may be stacked on a letter without end. */
const MAX_GRAPHEME = 16;

/** A word of one grapheme is hidden: its first one would be all of it. */
function maskWord(word: string): string {
  const [first, second] = graphemes.segment(word);
  const isShown = first !== undefined && second !== undefined && first.segment.length <= MAX_GRAPHEME;
  return isShown ? `${first.segment}${HIDDEN}` : HIDDEN;
}

/** Controls and directional marks could break a line of a log, or reorder the text around. */
const UNRULY = /[\p{Bidi_Control}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/gu;

function cleaned(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed().replace(UNRULY, "");
}
