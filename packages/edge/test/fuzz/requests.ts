/** Hostile requests from a grammar: mostly right, so that they get past the parser, and wrong in a place or two. */
import type { Random } from "@rempart/kernel";

/** Choices from one source of randomness: the same seed makes the same requests. */
export class Dice {
  readonly #random: Random;
  #pool: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  byte(): number {
    if (this.#at === this.#pool.length) {
      this.#pool = this.#random.bytes(4096);
      this.#at = 0;
    }
    this.#at += 1;
    return this.#pool[this.#at - 1] as number;
  }

  /** From 0 to `below` - 1. */
  int(below: number): number {
    return ((this.byte() << 16) | (this.byte() << 8) | this.byte()) % below;
  }

  chance(percent: number): boolean {
    return this.int(100) < percent;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(values.length)] as T;
  }

  several(most: number, make: () => string, separator = ""): string {
    return Array.from({ length: this.int(most + 1) }, make).join(separator);
  }
}

/** What must never become a header of an answer. */
export const FORGED = "X-Forged";
const BREAKS = [
  `\r\n${FORGED}: 1`,
  `%0d%0a${FORGED}:%201`,
  `\n${FORGED}: 1`,
  `\r${FORGED}: 1`,
  `\u0000${FORGED}`,
];
const SCRAPS = [
  ...[
    "",
    " ",
    "\t",
    ",",
    ";",
    "=",
    '"',
    "\\",
    "/",
    "..",
    "%",
    "%2e",
    "%00",
    "%ff",
    "\u0000",
    "\u007f",
    "\u00ff",
    "[",
    "]",
    ":",
  ],
  ...[
    "'",
    "<script>",
    "' OR 1=1--",
    "{{7*7}}",
    "$(id)",
    "../../etc/passwd",
    "null",
    "-1",
    "0x10",
    "1e9",
    "99999999999999999999",
  ],
  ...BREAKS,
];
const METHODS = [
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "HEAD",
  "CONNECT",
  "TRACE",
  "PRI",
  "get",
  "BREW",
];
const PATHS = [
  "/",
  "/echo",
  "/cookies",
  "/next",
  "/old",
  "/moved/a/b",
  "/denied",
  "/%64enied",
  "/small",
  "/ws",
  "/one",
  "*",
  "//x",
  "/a/../b",
];
const VERSIONS = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/2.0",
  "HTTP/1.1 ",
  "http/1.1",
  "",
];
const HOSTS = ["app.example.com", "app.example.com:8443", "APP.example.com", "[::1]:80", "a", ""];
const ORIGINS = [
  "https://friend.example.org",
  "https://a.team.example",
  "https://team.example",
  "http://app.example.com",
  "null",
  "https://evil.test",
];
const ADDRESSES = [
  "203.0.113.7",
  "2001:db8::1",
  "[2001:db8::1]:443",
  "::ffff:192.0.2.1",
  "unknown",
  "_hidden",
  "1.2.3.4.5",
  "1::2::3",
];
const COOKIES = [
  "__Host-bucket=0123456789abcdef0123456789abcdef",
  "__Host-csrf=x.y.z",
  "session=1",
  "a=b",
  "a",
  "=b",
  "a==b",
];

function scrap(dice: Dice): string {
  return dice.pick(SCRAPS);
}

/** A value as it should be, or spoilt by a scrap. */
function spoilt(dice: Dice, value: string): string {
  if (!dice.chance(15)) return value;
  const at = dice.int(value.length + 1);
  return value.slice(0, at) + scrap(dice) + value.slice(dice.chance(50) ? at : at + 1);
}

function quoted(dice: Dice, value: string): string {
  return dice.chance(50) ? `"${value}"` : value;
}

function forwarded(dice: Dice): string {
  const pair = (): string =>
    `${dice.pick(["for", "proto", "by", "host", "FOR"])}=${quoted(dice, dice.pick([...ADDRESSES, "https", "http"]))}`;
  return dice.several(4, () => dice.several(3, pair, ";"), ", ");
}

function query(dice: Dice): string {
  const value = (): string =>
    dice.pick(["/home", "//evil.test", "/\\evil.test", "https://evil.test", "1", scrap(dice)]);
  return dice.several(4, () => `${dice.pick(["next", "q", "__proto__", "a[]", ""])}=${value()}`, "&");
}

function target(dice: Dice): string {
  const path =
    dice.pick(PATHS) +
    (dice.chance(10) ? scrap(dice) : "") +
    (dice.chance(2) ? "a".repeat(dice.int(600)) : "");
  return dice.chance(40) ? `${path}?${query(dice)}` : path;
}

/** Values by header name. */
const HEADERS: Readonly<Record<string, (dice: Dice) => string>> = {
  Origin: (dice) => dice.pick(ORIGINS),
  Cookie: (dice) => dice.several(5, () => dice.pick(COOKIES), dice.pick(["; ", ";", ","])),
  Forwarded: forwarded,
  "X-Forwarded-For": (dice) => dice.several(4, () => dice.pick(ADDRESSES), ", "),
  "X-Forwarded-Proto": (dice) => dice.pick(["https", "http", "ftp", "https,http"]),
  "X-Request-Id": (dice) =>
    dice.pick([`id-${dice.int(1e6)}-${dice.int(1e6)}`, "short", 'quo"te123', "x".repeat(80)]),
  "Sec-Fetch-Site": (dice) => dice.pick(["same-origin", "cross-site", "none", "same-site"]),
  Authorization: (dice) => dice.pick(["Bearer x", "bearer ", "Basic eDp5", ""]),
  "X-CSRF-Token": (dice) => dice.pick(["x.y.z", "", "."]),
  Accept: (dice) =>
    dice.pick(["*/*", "application/json; version=2", "application/json;version=9", 'a/b;version="1"']),
  "Access-Control-Request-Method": (dice) => dice.pick(METHODS),
  "User-Agent": (dice) => dice.pick(["Mozilla/5.0", "sqlmap/1.8", "x".repeat(300)]),
  Referer: (dice) => dice.pick(["https://a.test/", "/", "javascript:1"]),
  "Content-Type": (dice) =>
    dice.pick(["application/json", "text/plain", "multipart/form-data; boundary=x", ""]),
  Expect: (dice) => dice.pick(["100-continue", "200-ok"]),
  Upgrade: (dice) => dice.pick(["websocket", "h2c", "WebSocket, h2c"]),
  Connection: (dice) => dice.pick(["keep-alive", "close", "Upgrade", "Upgrade, close", "x-request-id"]),
  "Idempotency-Key": (dice) => dice.pick(["k1", '"k2"', "x".repeat(300)]),
  Trailer: () => FORGED,
  TE: () => "trailers",
};
const NAMES = Object.keys(HEADERS);

function headerLine(dice: Dice): string {
  const name = dice.pick(NAMES);
  const value = (HEADERS[name] as (dice: Dice) => string)(dice);
  const separator = dice.chance(3) ? dice.pick([":", " : ", "", ":\t", "\r\n "]) : ": ";
  return `${seldomSpoilt(dice, name)}${separator}${spoilt(dice, value)}\r\n`;
}

/** Names are spoilt seldom: one bad name refuses the whole request. */
function seldomSpoilt(dice: Dice, name: string): string {
  return dice.chance(2) ? spoilt(dice, name) : name;
}

function body(dice: Dice): string {
  const json = dice.pick([
    '{"a":1}',
    '{"__proto__":{"x":1}}',
    "[".repeat(40),
    '{"a":"\\u0000"}',
    `"${"x".repeat(300)}"`,
    "{",
  ]);
  return dice.chance(70) ? json : dice.several(20, () => scrap(dice));
}

/** The framing headers and what follows the head; now and then at odds with one another. */
function framed(dice: Dice): { lines: string; rest: string } {
  const text = body(dice);
  const length = Buffer.byteLength(text, "latin1");
  switch (dice.int(10)) {
    case 0:
      return {
        lines: `Content-Length: ${dice.pick(["+4", "-1", "4,4", "0x4", "99999999999999999999", `${length + 5}`])}\r\n`,
        rest: text,
      };
    case 1:
      return {
        lines: `Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n`,
        rest: chunked(dice, text),
      };
    case 2:
    case 3:
    case 4:
      return {
        lines: `Transfer-Encoding: ${dice.chance(90) ? "chunked" : dice.pick(["gzip, chunked", "chunked, chunked", "identity"])}\r\n`,
        rest: chunked(dice, text),
      };
    default:
      return { lines: `Content-Length: ${length}\r\n`, rest: text };
  }
}

function chunked(dice: Dice, text: string): string {
  let chunks = "";
  for (let at = 0; at < text.length; ) {
    const size = 1 + dice.int(40);
    const part = text.slice(at, at + size);
    const extension = dice.chance(5) ? `;${scrap(dice)}=${scrap(dice)}` : "";
    chunks += `${seldomSpoilt(dice, part.length.toString(16))}${extension}\r\n${part}\r\n`;
    at += size;
  }
  const trailer = dice.chance(10) ? `${FORGED}: 1\r\n` : "";
  return dice.chance(95) ? `${chunks}0\r\n${trailer}\r\n` : chunks;
}

function request(dice: Dice): string {
  const method = dice.chance(50) ? "GET" : dice.pick(METHODS);
  const host = dice.chance(95)
    ? `Host: ${dice.chance(80) ? "app.example.com" : spoilt(dice, dice.pick(HOSTS))}\r\n`
    : "";
  const version = dice.chance(90) ? "HTTP/1.1" : dice.pick(VERSIONS);
  const hasBody = method !== "GET" && method !== "HEAD" ? dice.chance(80) : dice.chance(5);
  const { lines, rest } = hasBody ? framed(dice) : { lines: "", rest: "" };
  const many = dice.chance(2) ? "X-Many: 1\r\n".repeat(dice.int(40)) : "";
  const headers = dice.several(6, () => headerLine(dice));
  return `${method} ${target(dice)} ${version}\r\n${host}${headers}${many}${lines}\r\n${rest}`;
}

/** Bytes that were changed, lost, doubled or swapped on the way. */
function mutated(dice: Dice, bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = dice.int(4); i >= 0 && copy.length > 0; i -= 1) copy[dice.int(copy.length)] = dice.byte();
  const from = dice.int(copy.length + 1);
  const to = from + dice.int(Math.min(40, copy.length - from + 1));
  switch (dice.int(3)) {
    case 0:
      return Buffer.concat([copy.subarray(0, from), copy.subarray(to)]);
    case 1:
      return Buffer.concat([copy.subarray(0, to), copy.subarray(from)]);
    default:
      return copy;
  }
}

/** What one connection sends: one to three requests in one go. */
export function connectionBytes(dice: Dice): { readonly bytes: Buffer; readonly requests: number } {
  const requests = dice.chance(80) ? 1 : 2 + dice.int(2);
  const text = Array.from({ length: requests }, () => request(dice)).join("");
  const bytes = Buffer.from(text, "latin1");
  return { bytes: dice.chance(20) ? mutated(dice, bytes) : bytes, requests };
}
