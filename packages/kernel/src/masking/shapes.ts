/** Values that are secret or personal by their shape, wherever they stand in a text. Every pattern is linear. */

interface Shape {
  readonly pattern: RegExp;
  readonly mask: string;
  /** What a text must have for the pattern to find anything: most texts have none of it, and are done with one look. */
  readonly needs: { readonly text: readonly string[] } | { readonly digits: number };
  /** A second look at what the pattern found; absent: it counts. */
  readonly confirm?: (found: string) => boolean;
}

const SHAPES: readonly Shape[] = [
  {
    mask: "[private key]",
    needs: { text: ["PRIVATE KEY"] },
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,8000}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g,
  },
  {
    mask: "[token]",
    needs: { text: ["eyJ"] },
    pattern: /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  },
  {
    mask: "[token]",
    needs: { text: ["earer", "asic"] },
    pattern: /\b(?:[Bb]earer|[Bb]asic)\s{1,4}[A-Za-z0-9+/=_.~-]{8,}/g,
  },
  {
    mask: "[token]",
    needs: {
      text: [
        "sk",
        "pk",
        "rk",
        "whsec",
        "ghp",
        "gho",
        "ghs",
        "github_pat",
        "glpat",
        "xox",
        "npm",
        "AKIA",
        "ASIA",
      ],
    },
    pattern:
      /\b(?:sk|pk|rk|whsec|ghp|gho|ghs|github_pat|glpat|xox[abprs]|npm|AKIA|ASIA)[_-]?[A-Za-z0-9_-]{16,}/g,
  },
  {
    mask: "$1[credentials]@",
    needs: { text: ["://"] },
    pattern: /\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@:]{0,200}:[^\s/@]{1,200}@/g,
  },
  {
    mask: "[email]",
    needs: { text: ["@"] },
    pattern: /[^\s@<>"'(),:;[\]{}]{1,64}@[^\s@<>"'(),:;[\]{}]{1,253}\.[\p{L}]{2,24}/gu,
  },
  {
    mask: "[card]",
    needs: { digits: 13 },
    pattern: /(?<![\dA-Za-z])\d(?:[ -]?\d){12,18}(?![\dA-Za-z])/g,
    confirm: isCardNumber,
  },
  {
    mask: "[iban]",
    needs: { digits: 2 },
    pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g,
    confirm: isIban,
  },
  {
    mask: "[social security number]",
    needs: { digits: 9 },
    pattern: /(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g,
  },
  {
    mask: "[social security number]",
    needs: { digits: 14 },
    pattern: /(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?\d[\dAB] ?\d{3} ?\d{3} ?\d{2}(?!\d)/g,
    confirm: isFrenchSecurityNumber,
  },
  {
    mask: "[phone]",
    needs: { digits: 8 },
    pattern: /(?<![\w.+-])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?![\w-])/g,
  },
  {
    mask: "[phone]",
    needs: { digits: 10 },
    pattern: /(?<![\w.+-])0[1-9](?:[ .-]?\d{2}){4}(?![\w-])/g,
  },
  {
    mask: "[phone]",
    needs: { digits: 10 },
    pattern: /(?<![\w.+-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])/g,
  },
];

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Any text that a pattern needs, in one look. None of them means anything else to a regular expression. */
const NEEDED = new RegExp(SHAPES.flatMap(({ needs }) => ("text" in needs ? needs.text : [])).join("|"));
const FEWEST_DIGITS = Math.min(...SHAPES.flatMap(({ needs }) => ("digits" in needs ? [needs.digits] : [])));

/** The text with everything masked that looks like a secret or a person's datum. A UUID looks like nothing else. */
export function maskShapes(text: string): string {
  if (text.length === 36 && UUID.test(text)) return text;
  const digits = digitsIn(text);
  if (digits < FEWEST_DIGITS && !NEEDED.test(text)) return text;
  let masked = text;
  for (const { pattern, mask, needs, confirm } of SHAPES) {
    if ("digits" in needs ? digits < needs.digits : !needs.text.some((part) => text.includes(part))) continue;
    masked = confirm
      ? masked.replaceAll(pattern, (found) => (confirm(found) ? mask : found))
      : masked.replaceAll(pattern, mask);
  }
  return masked;
}

function digitsIn(text: string): number {
  let digits = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) digits += 1;
  }
  return digits;
}

/** Luhn's check (ISO/IEC 7812-1, annex B): a number of that length passes it by chance one time in ten. */
function isCardNumber(found: string): boolean {
  const digits = found.replaceAll(/\D/g, "");
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return sum % 10 === 0 && !/^0+$/.test(digits);
}

/** ISO 13616: the country and check digits moved to the end, letters as numbers, modulo 97. */
function isIban(found: string): boolean {
  const text = found.replaceAll(" ", "");
  const moved = text.slice(4) + text.slice(0, 4);
  let rest = 0;
  for (const character of moved) rest = Number(`${rest}${Number.parseInt(character, 36)}`) % 97;
  return rest === 1;
}

/** The key of a French number is 97 less its remainder; Corsica's letters count as 19 and 18. */
function isFrenchSecurityNumber(found: string): boolean {
  const text = found.replaceAll(" ", "").replace("2A", "19").replace("2B", "18");
  const number = Number(text.slice(0, 13));
  return Number.isSafeInteger(number) && 97 - (number % 97) === Number(text.slice(13));
}
