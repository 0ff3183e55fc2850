/** How a value of one column is written. */
export interface FieldStyle {
  /** Stands before and behind a value. */
  readonly quote: Uint8Array;
  readonly absent: Uint8Array;
  /** For a byte that cannot stand as it is. */
  readonly plain: Replacements;
  /** For the letter behind a backslash of `COPY`. */
  readonly escaped: Replacements;
  /** A number that JSON does not know becomes a text; a formula of a spreadsheet gets an apostrophe before it. */
  readonly watch: "nothing" | "numbers" | "formulas";
}

/** By byte; nothing for one that stays. */
export type Replacements = readonly (Uint8Array | undefined)[];

export const NOTHING: Uint8Array = Buffer.alloc(0);
export const QUOTE: Uint8Array = Buffer.from('"');

/** What `COPY` writes with a letter behind a backslash. It leaves other control characters as they are. */
export const LETTERS = { "\\": "\\", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const CONTROLS = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code));

function replacements(entries: Iterable<readonly [string, string]>): Replacements {
  const table = Array.from<Uint8Array | undefined>({ length: 256 });
  for (const [from, to] of entries) table[from.charCodeAt(0)] = Buffer.from(to);
  return table;
}

/** For each letter what becomes of its character. */
const behindBackslash = (write: (character: string) => string): Replacements =>
  replacements(Object.entries(LETTERS).map(([letter, character]) => [letter, write(character)]));

/** As a JSON string holds it (RFC 8259, section 7). */
const inJson = (character: string): string => JSON.stringify(character).slice(1, -1);

const unchanged = { plain: replacements([]), escaped: behindBackslash((character) => character) };

const inCsv: FieldStyle = { quote: NOTHING, absent: NOTHING, ...unchanged, watch: "nothing" };
/** Texts are quoted, whatever they hold: what is not is null, a number or a time. */
const textInCsv: FieldStyle = {
  ...inCsv,
  quote: QUOTE,
  plain: replacements([['"', '""']]),
  watch: "formulas",
};

const bareInJson: FieldStyle = { ...inCsv, absent: Buffer.from("null") };
const textInJson: FieldStyle = {
  ...bareInJson,
  quote: QUOTE,
  plain: replacements([...CONTROLS, '"'].map((character) => [character, inJson(character)])),
  escaped: behindBackslash(inJson),
};
/** Lines can break between values alone, where a space does as well. */
const documentInJson: FieldStyle = {
  ...bareInJson,
  escaped: behindBackslash((character) => ("\r\n".includes(character) ? " " : character)),
};

export const CSV_FIELDS = { harmless: inCsv, text: textInCsv } satisfies Record<string, FieldStyle>;
export const JSON_FIELDS = {
  number: { ...bareInJson, watch: "numbers" },
  text: textInJson,
  document: documentInJson,
} satisfies Record<string, FieldStyle>;
