import { protocolError } from "../errors.ts";
import { readTrailers } from "./response-head.ts";
import type { ReaderLimits } from "./response-reader.ts";

type State = "size" | "extension" | "size-lf" | "data" | "data-cr" | "data-lf" | "trailers" | "done";

const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const MAX_SIZE_DIGITS = 13;
const MAX_EXTENSION = 256;
const TRAILERS_END = "\r\n\r\n";

/** Decodes a chunked body (RFC 9112, 7.1). Lines end in CRLF and nothing else; extensions are bounded and dropped. */
export class ChunkedReader {
  readonly #limits: ReaderLimits;
  #state: State = "size";
  #size = 0;
  #digits = 0;
  #extension = 0;
  /** Trailers come after the last chunk's CRLF, which is kept so that an empty section ends like any other. */
  #tail = "";
  trailers: readonly string[] = [];

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
  }

  get isDone(): boolean {
    return this.#state === "done";
  }

  begin(): void {
    this.#state = "size";
    this.#size = 0;
    this.#digits = 0;
    this.#extension = 0;
    this.trailers = [];
  }

  /** Reads from `at` as far as it can, at most to the body's end; returns where it stopped. */
  read(chunk: Buffer, at: number, onBody: (part: Buffer) => void): number {
    let i = at;
    while (i < chunk.length && this.#state !== "done") {
      if (this.#state === "data") i = this.#readData(chunk, i, onBody);
      else if (this.#state === "trailers") i = this.#readTrailers(chunk, i);
      else {
        this.#readSyntax(chunk[i] as number);
        i += 1;
      }
    }
    return i;
  }

  #readData(chunk: Buffer, at: number, onBody: (part: Buffer) => void): number {
    const size = Math.min(this.#size, chunk.length - at);
    this.#size -= size;
    if (this.#size === 0) this.#state = "data-cr";
    onBody(chunk.subarray(at, at + size));
    return at + size;
  }

  #readSyntax(byte: number): void {
    switch (this.#state) {
      case "size":
        this.#readSize(byte);
        break;
      case "extension":
        this.#skipExtension(byte);
        break;
      case "size-lf":
        if (byte !== LF) throw protocolError("a chunk size that does not end");
        this.#endSize();
        break;
      case "data-cr":
        if (byte !== CR) throw protocolError("a chunk longer than its size");
        this.#state = "data-lf";
        break;
      default:
        if (byte !== LF) throw protocolError("a chunk longer than its size");
        this.#state = "size";
        this.#digits = 0;
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#digits += 1;
      if (this.#digits > MAX_SIZE_DIGITS) throw protocolError("a chunk size that is too long");
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw protocolError("a chunk without a size");
    if (byte === CR) this.#state = "size-lf";
    else if (byte === SEMICOLON) {
      this.#state = "extension";
      this.#extension = 0;
    } else throw protocolError("an unreadable chunk size");
  }

  #skipExtension(byte: number): void {
    if (byte === CR) this.#state = "size-lf";
    else if (byte === LF || byte === 0) throw protocolError("a bare line feed in a chunk extension");
    else this.#extension += 1;
    if (this.#extension > MAX_EXTENSION) throw protocolError("a chunk extension that is too long");
  }

  #endSize(): void {
    if (this.#size > 0) {
      this.#state = "data";
      return;
    }
    this.#state = "trailers";
    this.#tail = "\r\n";
  }

  #readTrailers(chunk: Buffer, at: number): number {
    const before = this.#tail.length;
    this.#tail += chunk.toString("latin1", at, Math.min(chunk.length, at + this.#limits.headBytes));
    const end = this.#tail.indexOf(TRAILERS_END, Math.max(0, before - 3));
    if (end < 0) {
      if (this.#tail.length > this.#limits.headBytes) throw protocolError("trailers that are too long");
      return chunk.length;
    }
    this.trailers = end === 0 ? [] : readTrailers(this.#tail.slice(2, end));
    this.#state = "done";
    return at + (end + TRAILERS_END.length - before);
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
