import { readFileSync } from "node:fs";

/**
 * 49,000 passwords that lead every list of leaked ones, the most frequent first, lower case, one a line: the list of
 * zxcvbn-ts (@zxcvbn-ts/language-common 4.1.3, MIT, see `common.LICENSE`), without entries of fewer than four characters.
 */
let loaded: ReadonlySet<string> | undefined;

/** Read when somebody first chooses a password: a process that only checks sessions never pays for it. */
function list(): ReadonlySet<string> {
  loaded ??= new Set(readFileSync(new URL("./common.txt", import.meta.url), "latin1").split("\n"));
  return loaded;
}

const SWAPPED: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
  "!": "i",
};

/** Fewer different characters than this make a pattern, not a password. */
const MIN_DIFFERENT = 4;
/** Shorter words are not in the list. */
const MIN_WORD = 4;
/** Up to this many digits and signs around a listed word do not make a password of it; more may well do. */
const MAX_DRESSING = 8;

/** True for a listed password (`folded` is lower case), also with letters swapped for look-alikes or with digits and signs around it. */
export function isCommonPassword(folded: string): boolean {
  if (new Set(folded).size < MIN_DIFFERENT || isSequence(folded)) return true;
  return variants(folded).some(isListed);
}

function variants(folded: string): string[] {
  const bare = undress(folded);
  const plain = unswap(folded);
  return [folded, bare, plain, unswap(bare), undress(plain)];
}

/** Without the digits and signs before and after, when there are few enough. */
function undress(text: string): string {
  const core = text.replace(/^\P{L}+|\P{L}+$/gu, "");
  return text.length - core.length <= MAX_DRESSING ? core : text;
}

function unswap(text: string): string {
  return text.replace(/[013457@$!]/g, (sign) => SWAPPED[sign] ?? sign);
}

function isListed(text: string): boolean {
  return text.length >= MIN_WORD && list().has(text);
}

/** `12345678`, `hgfedcba`: every step is the same. */
function isSequence(text: string): boolean {
  const step = text.charCodeAt(1) - text.charCodeAt(0);
  if (Math.abs(step) > 1) return false;
  for (let i = 1; i < text.length; i += 1) {
    if (text.charCodeAt(i) - text.charCodeAt(i - 1) !== step) return false;
  }
  return true;
}
