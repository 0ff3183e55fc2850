import fc from "fast-check";

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;
const LAST = 0x10ffff;

/**
 * Any code point that is no surrogate, for `fc.string({ unit: codePoint })`. fast-check's own unit `"binary"` gives the same, and
 * makes a table of all of them first, which costs each process a second.
 */
export const codePoint: fc.Arbitrary<string> = fc.nat(LAST - SURROGATES).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  (text) => {
    const code = [...String(text)].length === 1 ? (String(text).codePointAt(0) ?? 0) : FIRST_SURROGATE;
    if (code < FIRST_SURROGATE) return code;
    if (code >= FIRST_SURROGATE + SURROGATES) return code - SURROGATES;
    throw new TypeError("not a code point of a text");
  },
);
