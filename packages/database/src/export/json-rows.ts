/**
 * How a column stands in the rows of `COPY` and in JSON: a `number` is bare in both, but for those that JSON does not know; a
 * `text` is quoted in both; a `json` is JSON already, which `COPY` may have quoted as a whole.
 */
export type JsonKind = "number" | "text" | "json";

export interface JsonColumn {
  readonly name: string;
  readonly kind: JsonKind;
}

/** What stands between two rows, and behind each. */
export interface RowFrame {
  readonly between: string;
  readonly after: string;
}

/** The rows that `JsonRows` reads, when every `text` is quoted by force. */
export const COPY_OPTIONS = "FORMAT csv, ESCAPE '\\', NULL 'null'";

type State = "field" | "sign" | "bare" | "special" | "text" | "text-escape" | "json" | "json-escape" | "end";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const CAPITAL_I = 0x49;
const CAPITAL_N = 0x4e;
const BACKSLASH = 0x5c;

/** The characters, besides quote and backslash, that a JSON string cannot hold as they are (RFC 8259, section 7). */
const CONTROLS = Array.from({ length: SPACE }, (_, code) =>
  Buffer.from(JSON.stringify(String.fromCharCode(code)).slice(1, -1)),
);

const NOTHING = Buffer.alloc(0);
const A_QUOTE = Buffer.from('"');
const A_MINUS = Buffer.from("-");

/** A one for each byte that ends a run. */
const bytesWhere = (ends: (byte: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => Number(ends(byte)));
const endsField = bytesWhere((byte) => byte === COMMA || byte === LINE_FEED);
const endsPlain = bytesWhere((byte) => byte < SPACE || byte === QUOTE || byte === BACKSLASH);

/** Room for the names of the first rows; more is made where they take more. */
const MARGIN = 4_096;

/**
 * Turns rows of `COPY` into JSON objects, part by part. With a backslash for its escape, CSV quotes a text as JSON does, but for
 * control characters: most bytes are copied in runs.
 */
export class JsonRows {
  /** Those that are whole. */
  rows = 0;
  readonly #kinds: readonly JsonKind[];
  readonly #keys: readonly Uint8Array[];
  readonly #between: Uint8Array;
  readonly #after: Uint8Array;
  #state: State = "field";
  #column = 0;
  #input: Uint8Array = Buffer.alloc(0);
  #read = 0;
  #output: Uint8Array = Buffer.alloc(0);
  #written = 0;

  constructor(columns: readonly JsonColumn[], { between, after }: RowFrame) {
    this.#kinds = columns.map(({ kind }) => kind);
    this.#keys = columns.map(({ name }, index) =>
      Buffer.from(`${index === 0 ? "{" : ","}${JSON.stringify(name)}:`),
    );
    this.#between = Buffer.from(between);
    this.#after = Buffer.from(`}${after}`);
  }

  /** A part of any size, which may end anywhere. */
  write(input: Uint8Array): Uint8Array {
    this.#input = input;
    this.#read = 0;
    this.#output = Buffer.allocUnsafe(2 * input.length + MARGIN);
    this.#written = 0;
    while (this.#read < input.length) this.#state = this.#step(input[this.#read] as number);
    return this.#output.subarray(0, this.#written);
  }

  /** Reads at least one byte, or writes what stands before it; the state after that. */
  #step(next: number): State {
    switch (this.#state) {
      case "field":
        return this.#field(next);
      case "sign":
        return this.#number(next, A_MINUS);
      case "bare":
        return this.#bare(NOTHING, "bare");
      case "special":
        return this.#bare(A_QUOTE, "special");
      case "text":
        return this.#text();
      case "text-escape":
        return this.#take(next, "text");
      case "json":
        return this.#json();
      case "json-escape":
        return this.#take(next, "json");
      case "end":
        return this.#end(next);
    }
  }

  #field(next: number): State {
    if (this.#column === 0 && this.rows > 0) this.#put(this.#between);
    this.#put(this.#keys[this.#column] as Uint8Array);
    const kind = this.#kinds[this.#column];
    if (kind === "number") return next === MINUS ? this.#skip("sign") : this.#number(next, NOTHING);
    if (next !== QUOTE) return "bare";
    return kind === "text" ? this.#take(next, "text") : this.#skip("json");
  }

  /** `NaN` and the infinities are texts of JSON, as PostgreSQL makes them. */
  #number(next: number, sign: Uint8Array): State {
    const special = next === CAPITAL_N || next === CAPITAL_I;
    if (special) this.#put(A_QUOTE);
    this.#put(sign);
    return special ? "special" : "bare";
  }

  /** A number, null, or JSON without a quote: up to the end of the field. */
  #bare(behind: Uint8Array, state: State): State {
    if (!this.#copyUntil(endsField)) return state;
    this.#put(behind);
    return "end";
  }

  #text(): State {
    if (!this.#copyUntil(endsPlain)) return "text";
    const next = this.#input[this.#read] as number;
    if (next === QUOTE) return this.#take(next, "end");
    if (next === BACKSLASH) return this.#take(next, "text-escape");
    this.#put(CONTROLS[next] as Uint8Array);
    return this.#skip("text");
  }

  /** Without the quotes and escapes of CSV. A line can break between values alone, where a space does as well. */
  #json(): State {
    if (!this.#copyUntil(endsPlain)) return "json";
    const next = this.#input[this.#read] as number;
    if (next === QUOTE) return this.#skip("end");
    if (next === BACKSLASH) return this.#skip("json-escape");
    return this.#take(next === LINE_FEED || next === CARRIAGE_RETURN ? SPACE : next, "json");
  }

  #end(next: number): State {
    this.#column += 1;
    if (next === COMMA) return this.#skip("field");
    this.#put(this.#after);
    this.#column = 0;
    this.rows += 1;
    return this.#skip("field");
  }

  #skip(state: State): State {
    this.#read += 1;
    return state;
  }

  #take(byte: number, state: State): State {
    this.#room(1);
    this.#output[this.#written] = byte;
    this.#written += 1;
    return this.#skip(state);
  }

  /** False when the part ends before such a byte comes. */
  #copyUntil(ends: Uint8Array): boolean {
    const input = this.#input;
    this.#room(input.length - this.#read);
    const output = this.#output;
    let at = this.#read;
    let to = this.#written;
    for (; at < input.length; at += 1, to += 1) {
      const byte = input[at] as number;
      if (ends[byte] === 1) break;
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
    const larger = Buffer.allocUnsafe(2 * (this.#written + more));
    larger.set(this.#output.subarray(0, this.#written));
    this.#output = larger;
  }
}
