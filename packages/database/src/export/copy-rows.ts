import { type FieldStyle, LETTERS, NOTHING, QUOTE } from "./field-styles.ts";

export interface ExportColumn {
  /** Stands before each of its values, a null too: a comma, a name. */
  readonly lead: string;
  readonly style: FieldStyle;
}

/** What stands between two rows, and behind each. */
export interface RowFrame {
  readonly between: string;
  readonly after: string;
}

type State = "field" | "first-escape" | "sign" | "wide" | "wide-form" | "value" | "escape";

const TAB = 0x09;
const LINE_FEED = 0x0a;
const MINUS = 0x2d;
const CAPITAL_I = 0x49;
const CAPITAL_N = 0x4e;
const BACKSLASH = 0x5c;

/** What a spreadsheet takes for a formula in the first place of a text (OWASP, CSV Injection), the signs' wide forms as well. */
const FORMULAS: Uint8Array = Buffer.from("=+-@");
const FORMULA_LETTERS: Uint8Array = Buffer.from("trn");
const WIDE_LEAD = Buffer.from("\uff1d").subarray(0, 2);
const WIDE_FORMULAS = ["\uff1d", "\uff0b", "\uff0d", "\uff20"].map((sign) => Buffer.from(sign)[2]);

const APOSTROPHE = Buffer.from("'");
const A_MINUS = Buffer.from("-");

/** Room for the leads of the first rows; more is made where they take more. */
const MARGIN = 4_096;
/** The end of a key that has not come yet. */
const OPEN = -1;

interface Column {
  readonly style: FieldStyle;
  readonly lead: Uint8Array;
  /** Stands before most values: the lead and a quote. */
  readonly opening: Uint8Array;
  /** A one for each byte with which a value begins that needs a look. */
  readonly looks: Uint8Array;
  /** A one for each byte that ends a run of those that stay. */
  readonly stops: Uint8Array;
}

const flags = (of: (byte: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => Number(of(byte)));

const FIRSTS: Record<FieldStyle["watch"], readonly number[]> = {
  nothing: [BACKSLASH],
  numbers: [BACKSLASH, MINUS, CAPITAL_I, CAPITAL_N],
  formulas: [BACKSLASH, WIDE_LEAD.readUInt8(0), ...FORMULAS],
};

function columnOf({ lead, style }: ExportColumn): Column {
  const ends = [TAB, LINE_FEED, BACKSLASH];
  return {
    style,
    lead: Buffer.from(lead),
    opening: Buffer.concat([Buffer.from(lead), style.quote]),
    looks: flags((byte) => FIRSTS[style.watch].includes(byte)),
    stops: flags((byte) => ends.includes(byte) || style.plain[byte] !== undefined),
  };
}

/**
 * Writes the rows of `COPY`, in its text format, as CSV or as JSON, part by part. Most bytes are copied in runs, and none becomes
 * a string.
 */
export class CopyRows {
  /** Those that are whole. */
  rows = 0;
  readonly #columns: readonly Column[];
  readonly #keyColumn: number;
  readonly #between: Uint8Array;
  readonly #after: Uint8Array;
  #state: State = "field";
  #column = 0;
  /** What ends the value. */
  #quote: Uint8Array = NOTHING;
  #input: Uint8Array = NOTHING;
  #read = 0;
  #output: Uint8Array = NOTHING;
  #written = 0;
  /** The newest key: what came with earlier parts, and its place in this one. */
  #key: Uint8Array = NOTHING;
  #keyStart = 0;
  #keyEnd = 0;

  /** `keyColumn`: whose last value is remembered. */
  constructor(columns: readonly ExportColumn[], keyColumn: number, { between, after }: RowFrame) {
    this.#columns = columns.map(columnOf);
    this.#keyColumn = keyColumn;
    this.#between = Buffer.from(between);
    this.#after = Buffer.from(after);
  }

  /** A part of any size, which may end anywhere. What it returns is for the caller to keep. */
  write(input: Uint8Array): Uint8Array {
    this.#input = input;
    this.#read = 0;
    this.#written = 0;
    this.#room(2 * input.length + MARGIN);
    while (this.#read < input.length) this.#state = this.#step();
    this.#keepKey();
    return this.#output.slice(0, this.#written);
  }

  /** Of the last row, once that is whole. */
  lastKey(): string {
    return Buffer.from(this.#key)
      .toString()
      .replaceAll(/\\(.)/g, (_, letter: keyof typeof LETTERS) => LETTERS[letter]);
  }

  /** Reads at least one byte, or writes what stands before it; the state after that. */
  #step(): State {
    const next = this.#input[this.#read] as number;
    switch (this.#state) {
      case "field":
        return this.#field(next);
      case "first-escape":
        return this.#firstEscape(next);
      case "sign":
        return this.#number(next, A_MINUS);
      case "wide":
        return this.#wide(next);
      case "wide-form":
        return this.#wideForm(next);
      case "value":
        return this.#value();
      case "escape":
        return this.#escape(next);
    }
  }

  #field(next: number): State {
    const column = this.#columns[this.#column] as Column;
    if (this.#column === 0 && this.rows > 0) this.#put(this.#between);
    if (this.#column === this.#keyColumn) this.#beginKey();
    if (column.looks[next] === 1) return this.#look(next, column);
    this.#put(column.opening);
    this.#quote = column.style.quote;
    return this.#value();
  }

  #look(next: number, { lead, style }: Column): State {
    this.#put(lead);
    if (next === BACKSLASH) return this.#skip("first-escape");
    if (next === MINUS && style.watch === "numbers") return this.#skip("sign");
    if (style.watch === "numbers") return this.#number(next, NOTHING);
    this.#open(style.quote);
    if (next === WIDE_LEAD[0]) return this.#skip("wide");
    this.#put(APOSTROPHE);
    return "value";
  }

  #open(quote: Uint8Array): void {
    this.#quote = quote;
    this.#put(quote);
  }

  /** Null, or a value that begins with an escape. */
  #firstEscape(letter: number): State {
    const { style } = this.#columns[this.#column] as Column;
    if (letter === CAPITAL_N) {
      this.#quote = NOTHING;
      this.#put(style.absent);
      return this.#skip("value");
    }
    this.#open(style.quote);
    if (style.watch === "formulas" && FORMULA_LETTERS.includes(letter)) this.#put(APOSTROPHE);
    return this.#escape(letter);
  }

  /** `NaN` and the infinities are texts of JSON, as PostgreSQL makes them. */
  #number(next: number, sign: Uint8Array): State {
    this.#open(next === CAPITAL_N || next === CAPITAL_I ? QUOTE : NOTHING);
    this.#put(sign);
    return "value";
  }

  #wide(next: number): State {
    if (next === WIDE_LEAD[1]) return this.#skip("wide-form");
    this.#put(WIDE_LEAD.subarray(0, 1));
    return "value";
  }

  #wideForm(next: number): State {
    if (WIDE_FORMULAS.includes(next)) this.#put(APOSTROPHE);
    this.#put(WIDE_LEAD);
    return "value";
  }

  #value(): State {
    const { stops, style } = this.#columns[this.#column] as Column;
    while (this.#copyUntil(stops)) {
      const next = this.#input[this.#read] as number;
      if (next === TAB || next === LINE_FEED) return this.#end(next);
      if (next === BACKSLASH) return this.#skip("escape");
      this.#put(style.plain[next] as Uint8Array);
      this.#read += 1;
    }
    return "value";
  }

  #escape(letter: number): State {
    const { style } = this.#columns[this.#column] as Column;
    this.#put(style.escaped[letter] ?? Buffer.of(letter));
    return this.#skip("value");
  }

  #end(next: number): State {
    this.#put(this.#quote);
    if (this.#column === this.#keyColumn) this.#keyEnd = this.#read;
    this.#column += 1;
    if (next === TAB) return this.#skip("field");
    this.#put(this.#after);
    this.#column = 0;
    this.rows += 1;
    return this.#skip("field");
  }

  #beginKey(): void {
    this.#key = NOTHING;
    this.#keyStart = this.#read;
    this.#keyEnd = OPEN;
  }

  /** The part it stands in goes. */
  #keepKey(): void {
    const end = this.#keyEnd === OPEN ? this.#input.length : this.#keyEnd;
    this.#key = Buffer.concat([this.#key, this.#input.subarray(this.#keyStart, end)]);
    this.#keyStart = 0;
    if (this.#keyEnd !== OPEN) this.#keyEnd = 0;
  }

  #skip(state: State): State {
    this.#read += 1;
    return state;
  }

  /** False when the part ends before such a byte comes. */
  #copyUntil(stops: Uint8Array): boolean {
    const input = this.#input;
    this.#room(input.length - this.#read);
    const output = this.#output;
    let at = this.#read;
    let to = this.#written;
    for (; at < input.length; at += 1, to += 1) {
      const byte = input[at] as number;
      if (stops[byte] === 1) break;
      output[to] = byte;
    }
    this.#read = at;
    this.#written = to;
    return at < input.length;
  }

  #put(bytes: Uint8Array): void {
    this.#room(bytes.length);
    const output = this.#output;
    let to = this.#written;
    for (let at = 0; at < bytes.length; at += 1, to += 1) output[to] = bytes[at] as number;
    this.#written = to;
  }

  #room(more: number): void {
    if (this.#written + more <= this.#output.length) return;
    const larger = new Uint8Array(2 * (this.#written + more));
    larger.set(this.#output.subarray(0, this.#written));
    this.#output = larger;
  }
}
