import { protocolError } from "../errors.ts";

/** How the body's end is found (RFC 9112, 6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

export interface ResponseHead {
  readonly status: number;
  /** Name, value, name, value, as sent. */
  readonly fields: readonly string[];
  readonly framing: Framing;
  /** `Content-Length` as it is to be passed on: also for HEAD and 304, whose body is not sent. */
  readonly length: number | null;
  readonly keepAlive: boolean;
  /** Seconds the upstream says it keeps an idle connection. */
  readonly idleSeconds: number | null;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const LENGTH = /^[0-9]{1,15}$/;
const MAX_FIELDS = 200;

const NO_BODY: Framing = { kind: "none" };
const CHUNKED: Framing = { kind: "chunked" };
const UNTIL_CLOSE: Framing = { kind: "until-close" };

/** What is gathered over the lines of one head. */
interface Framers {
  length: number | null;
  chunked: boolean;
  close: boolean;
  keepAlive: boolean;
  idleSeconds: number | null;
}

/**
 * Reads a head from its status line to the last field, without the empty line. Stricter than RFC 9112 asks of a client:
 * whatever two readers might take differently (folded or padded lines, bare CR or LF, a repeated or unreadable length, a
 * length beside a transfer coding, a coding other than chunked) is refused, since the bytes behind it would be another's
 * answer. Throws `GatewayError` `upstream-protocol`.
 */
export function readHead(text: string, method: string): ResponseHead {
  const end = lineEnd(text, 0);
  const statusLine = STATUS_LINE.exec(text.slice(0, end));
  if (statusLine === null) throw protocolError("no status line");
  const status = Number(statusLine[2]);
  const isLegacy = statusLine[1] === "0";
  const framers = noFramers();
  const fields: string[] = [];
  readFields(text, end + 2, fields, framers);
  if (framers.chunked && (framers.length !== null || isLegacy)) throw protocolError("two framings");
  return {
    status,
    fields,
    framing: framingOf(status, method, framers),
    length: lengthOf(status, framers),
    keepAlive: !framers.close && (!isLegacy || framers.keepAlive),
    idleSeconds: framers.idleSeconds,
  };
}

/** The fields of a trailer section, framing fields among them refused. */
export function readTrailers(text: string): readonly string[] {
  const framers = noFramers();
  const fields: string[] = [];
  readFields(text, 0, fields, framers);
  if (framers.length !== null || framers.chunked) throw protocolError("framing in a trailer");
  return fields;
}

function noFramers(): Framers {
  return { length: null, chunked: false, close: false, keepAlive: false, idleSeconds: null };
}

function readFields(text: string, start: number, fields: string[], framers: Framers): void {
  for (let from = start; from < text.length; ) {
    const to = lineEnd(text, from);
    readField(text, from, to, fields, framers);
    from = to + 2;
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\r\n", from);
  return end < 0 ? text.length : end;
}

function readField(text: string, from: number, to: number, fields: string[], framers: Framers): void {
  const colon = text.indexOf(":", from);
  if (colon < 0 || colon >= to) throw protocolError("a line without a colon");
  const name = text.slice(from, colon);
  const value = trimmed(text, colon + 1, to);
  if (!TOKEN.test(name)) throw protocolError("a field name that is no token");
  if (!VALUE.test(value)) throw protocolError("a control character in a field");
  fields.push(name, value);
  if (fields.length > 2 * MAX_FIELDS) throw protocolError("too many fields");
  noteFraming(name, value, framers);
}

/** Optional white space is blanks and tabs alone (RFC 9110, 5.6.3). */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** Told apart by length first: most fields are none of these. */
function noteFraming(name: string, value: string, framers: Framers): void {
  switch (name.length) {
    case 10:
      noteConnection(name.toLowerCase(), value, framers);
      break;
    case 14:
      if (name.toLowerCase() === "content-length") noteLength(value, framers);
      break;
    case 17:
      if (name.toLowerCase() === "transfer-encoding") noteCoding(value, framers);
      break;
  }
}

function noteConnection(name: string, value: string, framers: Framers): void {
  if (name === "connection") {
    const lower = value.toLowerCase();
    if (lower.includes("close")) framers.close = true;
    if (lower.includes("keep-alive")) framers.keepAlive = true;
  } else if (name === "keep-alive") {
    const seconds = /(?:^|[ ,;])timeout=([0-9]{1,5})/i.exec(value);
    if (seconds !== null) framers.idleSeconds = Number(seconds[1]);
  }
}

function noteLength(value: string, framers: Framers): void {
  if (framers.length !== null) throw protocolError("two lengths");
  if (!LENGTH.test(value)) throw protocolError("an unreadable length");
  framers.length = Number(value);
}

function noteCoding(value: string, framers: Framers): void {
  if (framers.chunked || value.toLowerCase() !== "chunked") throw protocolError("an unknown transfer coding");
  framers.chunked = true;
}

function hasNoBody(status: number, method: string): boolean {
  return method === "HEAD" || status < 200 || status === 204 || status === 304;
}

function framingOf(status: number, method: string, { length, chunked }: Framers): Framing {
  if (hasNoBody(status, method)) return NO_BODY;
  if (chunked) return CHUNKED;
  return length === null ? UNTIL_CLOSE : { kind: "length", bytes: length };
}

/** RFC 9110, 8.6: no length on 1xx and 204. */
function lengthOf(status: number, { length }: Framers): number | null {
  return status < 200 || status === 204 ? null : length;
}
