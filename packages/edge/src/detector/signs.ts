/**
 * Which kinds of characters a text has, as one number of bits. Reading it once tells which state machines could find
 * anything in it: most texts wake none.
 */
export type Signs = number;

/** Anything but ASCII letters, digits, hyphens and underscores. */
export const OTHER = 1;
/** Single, double and back quotes. */
export const QUOTE = 2;
export const ANGLE = 4;
export const EQUALS = 8;
export const COLON = 16;
/** Slashes of both kinds. */
export const SLASH = 32;
export const DOT = 64;
export const BRACE = 128;
export const DOLLAR = 256;
/** What may end one command of a shell, or begin another inside it. */
export const SEPARATOR = 512;
/** What an encoding begins with. */
export const ESCAPE = 1024;
/** Characters that compatibility forms may change: all but ASCII and the accented letters of Latin-1. */
export const WIDE = 2048;

const SIGNS: readonly (readonly [characters: string, signs: Signs])[] = [
  ["'\"`", QUOTE],
  ["<", ANGLE],
  ["=", EQUALS],
  [":", COLON],
  ["/\\", SLASH],
  [".", DOT],
  ["{", BRACE],
  ["$", DOLLAR],
  [";|&\n`$", SEPARATOR],
  ["%&\\\0", ESCAPE],
];

const LETTERS_OF_LATIN_1 = 0xc0;
const TABLE = compileTable();

function compileTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let code = 0; code < 256; code += 1) {
    const character = String.fromCharCode(code);
    const isPlain = code < 128 && /[\w-]/.test(character);
    const isWide = code >= 128 && code < LETTERS_OF_LATIN_1;
    table[code] = (isPlain ? 0 : OTHER) | (isWide ? WIDE : 0);
    for (const [characters, signs] of SIGNS)
      if (characters.includes(character)) (table[code] as number) |= signs;
  }
  return table;
}

export function signsOf(text: string): Signs {
  let signs = 0;
  for (let i = 0; i < text.length; i += 1) signs |= signsAt(text, i);
  return signs;
}

export function signsAt(text: string, at: number): Signs {
  return TABLE[text.charCodeAt(at)] ?? OTHER | WIDE;
}
