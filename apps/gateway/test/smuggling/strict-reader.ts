/**
 * Reads HTTP/1.1 requests as RFC 9112 says and as nothing else: the measure of what a client sent and of what an upstream
 * was sent. Shares no code with the gateway and knows no leniency.
 */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  /** Name in lower case, and value, in order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** One character for each byte. */
  readonly body: string;
}

export interface Reading {
  readonly requests: readonly ReadRequest[];
  /** Bytes behind the last whole request. */
  readonly rest: number;
  /** What two readers might take differently, or no reader can take at all. Nothing behind it is read. */
  readonly fault: string | null;
}

export interface Dialect {
  /** Chunk extensions, trailers, empty lines before a request, several blanks for one: a client may send them. */
  readonly extras: boolean;
}

class Fault extends Error {}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const FIELD_LINE =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/;
const LENGTH = /^[0-9]{1,15}$/;
const CHUNK_SIZE = /^([0-9a-fA-F]{1,13})((?:;[\t\x20-\x7e\x80-\xff]*)?)$/;

export function readStrictly(text: string, dialect: Dialect): Reading {
  const requests: ReadRequest[] = [];
  let at = 0;
  try {
    for (;;) {
      // RFC 9112, 2.2: an empty line before a request is to be ignored, and may end in LF alone.
      while (dialect.extras && (text[at] === "\r" || text[at] === "\n")) at += 1;
      const found = readRequest(text, at, dialect);
      if (found === null) break;
      requests.push(found.request);
      at = found.end;
      if (found.isLast) return { requests, rest: 0, fault: null };
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { requests, rest: text.length - at, fault: error.message };
  }
  return { requests, rest: text.length - at, fault: null };
}

interface Found {
  readonly request: ReadRequest;
  readonly end: number;
  readonly isLast: boolean;
}

/** Null when the rest is no whole request yet. */
function readRequest(text: string, start: number, dialect: Dialect): Found | null {
  const headEnd = text.indexOf("\r\n\r\n", start);
  if (headEnd < 0) return null;
  const [line = "", ...lines] = text.slice(start, headEnd).split("\r\n");
  const [, method, target, minor] =
    REQUEST_LINE.exec(dialect.extras ? line.replace(/ +/g, " ") : line) ?? fault("no request line");
  const fields = lines.map(readField);
  const value = (name: string) => onlyValue(fields, name);
  const coding = value("transfer-encoding");
  const length = value("content-length");
  if (value("host") === null && minor === "1") fault("no host");
  const read = readBody(text, headEnd + 4, { coding, length, isLegacy: minor === "0" }, dialect);
  if (read === null) return null;
  const options = fields.filter(([name]) => name === "connection").map(([, option]) => option.toLowerCase());
  const isLast =
    minor === "0" ? !options.includes("keep-alive") : options.some((all) => /\bclose\b/.test(all));
  return {
    request: { method: method as string, target: target as string, fields, body: read.body },
    end: read.end,
    isLast,
  };
}

function readField(line: string): readonly [string, string] {
  const [, name, value] = FIELD_LINE.exec(line) ?? fault(`no field: ${JSON.stringify(line)}`);
  return [(name as string).toLowerCase(), value as string];
}

/** Null when absent. */
function onlyValue(fields: readonly (readonly [string, string])[], wanted: string): string | null {
  const values = fields.filter(([name]) => name === wanted);
  if (values.length > 1) fault(`${wanted} is there twice`);
  return values[0]?.[1] ?? null;
}

interface Framing {
  readonly coding: string | null;
  readonly length: string | null;
  readonly isLegacy: boolean;
}

interface Body {
  readonly body: string;
  readonly end: number;
}

function readBody(
  text: string,
  start: number,
  { coding, length, isLegacy }: Framing,
  dialect: Dialect,
): Body | null {
  if (coding !== null) {
    if (length !== null) fault("a length beside a transfer coding");
    if (isLegacy || coding.toLowerCase() !== "chunked") fault("an unknown transfer coding");
    return readChunks(text, start, dialect);
  }
  if (length === null) return { body: "", end: start };
  if (!LENGTH.test(length)) fault("an unreadable length");
  const end = start + Number(length);
  return end > text.length ? null : { body: text.slice(start, end), end };
}

function readChunks(text: string, start: number, dialect: Dialect): Body | null {
  let body = "";
  for (let at = start; ; ) {
    const lineEnd = text.indexOf("\n", at);
    if (lineEnd < 0) return null;
    if (text[lineEnd - 1] !== "\r") fault("a bare line feed in a chunk size");
    const [, digits, extension] =
      CHUNK_SIZE.exec(text.slice(at, lineEnd - 1)) ?? fault("an unreadable chunk size");
    if (extension !== "" && !dialect.extras) fault("a chunk extension");
    const size = Number.parseInt(digits as string, 16);
    at = lineEnd + 1;
    if (size === 0) return readTrailers(text, at, body, dialect);
    if (at + size + 2 > text.length) return null;
    if (text.slice(at + size, at + size + 2) !== "\r\n") fault("a chunk longer than its size");
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

function readTrailers(text: string, start: number, body: string, dialect: Dialect): Body | null {
  if (text.startsWith("\r\n", start)) return { body, end: start + 2 };
  const end = text.indexOf("\r\n\r\n", start);
  if (end < 0) return null;
  if (!dialect.extras) fault("trailers");
  text.slice(start, end).split("\r\n").forEach(readField);
  return { body, end: end + 4 };
}

function fault(what: string): never {
  throw new Fault(what);
}
