/** Requests that two readers may take differently, as bytes, with what is declared to come of each. One character is one byte. */
export interface Attack {
  readonly name: string;
  readonly bytes: string;
  /** The statuses the client gets, in order; the connection is closed after the last. */
  readonly statuses: readonly number[];
  /** `METHOD target body` of each request that reaches the upstream, in order. */
  readonly seen: readonly string[];
}

const HOST = "Host: a.test\r\n";
/** What an attacker wants the upstream to take for a request. */
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;
/** Says when the gateway has read on. */
const LAST = `GET /last HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;

type Row = readonly [name: string, bytes: string];

function head(line: string, ...fields: readonly string[]): string {
  return `${line}\r\n${HOST}${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
}

function post(...fields: readonly string[]): string {
  return head("POST / HTTP/1.1", ...fields);
}

function chunked(chunks: string, ...fields: readonly string[]): string {
  return post("Transfer-Encoding: chunked", ...fields) + chunks;
}

/** Refused with one answer, the connection closed, and nothing passed on. */
function refused(status: number, rows: readonly Row[]): Attack[] {
  return rows.map(([name, bytes]) => ({ name, bytes, statuses: [status], seen: [] }));
}

/** Understood as one request, and what follows as another. */
function passed(rows: readonly (readonly [name: string, bytes: string, seen: string])[]): Attack[] {
  return rows.map(([name, bytes, seen]) => ({
    name,
    bytes: bytes + LAST,
    statuses: [200, 200],
    seen: [seen, "GET /last "],
  }));
}

/** Understood as one request; what follows is never one. */
function lastOfItsConnection(rows: readonly Row[]): Attack[] {
  return rows.map(([name, bytes]) => ({ name, bytes: bytes + SMUGGLED, statuses: [200], seen: ["GET / "] }));
}

function handshake(...fields: readonly string[]): string {
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  return head(
    "GET /ws HTTP/1.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    key,
    ...fields,
  );
}

/** Two framings at once: one reader stops where the other reads on. */
const TWO_FRAMINGS: readonly Row[] = [
  ["CL.TE", chunked(`0\r\n\r\n${SMUGGLED}`, `Content-Length: ${5 + SMUGGLED.length}`)],
  ["TE.CL", `${post("Content-Length: 4", "Transfer-Encoding: chunked")}5c\r\n${SMUGGLED}\r\n0\r\n\r\n`],
  ["CL.0 beside chunked", chunked(`0\r\n\r\n${SMUGGLED}`, "Content-Length: 0")],
  ["two lengths", post("Content-Length: 0", `Content-Length: ${SMUGGLED.length}`) + SMUGGLED],
  ["one length twice", `${post("Content-Length: 3", "Content-Length: 3")}abc`],
  ["two lengths in other cases", post("content-length: 0", `CONTENT-LENGTH: ${SMUGGLED.length}`) + SMUGGLED],
];

const LENGTHS = [
  "+3",
  "-3",
  "3,3",
  "3, 3",
  "0x3",
  "3 3",
  "3;",
  "3.0",
  "3e0",
  "'3'",
  "\xb3",
  "",
  "18446744073709551619",
  "99999999999999999999999",
];

/** What is not `chunked`, though some reader takes it for that. */
const CODINGS = [
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding: chunkedx",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: identity, chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, chunked",
  "Transfer-Encoding: chunked,",
  "Transfer-Encoding: ,chunked",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: chunked;q=1",
  "Transfer-Encoding: chunked\x0b",
  "Transfer-Encoding: \x0bchunked",
  "Transfer-Encoding: chunked\x00",
  "Transfer-Encoding: chunked\xa0",
  "Transfer-Encoding: ch\xfcnked",
  "Transfer-Encoding:",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding\t: chunked",
  "Transfer-Encoding\n: chunked",
  "Transfer-Encoding\x00: chunked",
  " Transfer-Encoding: chunked",
  "\tTransfer-Encoding: chunked",
  "X: y\nTransfer-Encoding: chunked",
  "X: y\rTransfer-Encoding: chunked",
  "Transfer-Encoding: \r\n chunked",
  "Transfer-Encoding:\n chunked",
  "Foo: bar\r\n\rTransfer-Encoding: chunked",
];

const LINES: readonly Row[] = [
  ["lines that end in LF alone", `GET / HTTP/1.1\nHost: a.test\n\n${SMUGGLED}`],
  ["one line that ends in LF alone", `GET / HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n`],
  ["a head that ends in LF alone", `GET / HTTP/1.1\r\nHost: a.test\r\n\n${SMUGGLED}`],
  ["lines that end in CR alone", `GET / HTTP/1.1\rHost: a.test\r\r${SMUGGLED}`],
  ["CR in a value", head("GET / HTTP/1.1", "X: a\rb")],
  ["CR before CRLF", head("GET / HTTP/1.1", "X: a\r")],
  ["LF in a value", head("GET / HTTP/1.1", "X: a\nb")],
  ["NUL in a value", head("GET / HTTP/1.1", "X: a\x00b")],
  ["NUL in a name", head("GET / HTTP/1.1", "X\x00: a")],
  ["another control character in a value", head("GET / HTTP/1.1", "X: a\x01b")],
  ["a folded line", head("GET / HTTP/1.1", "X: a", " b")],
  ["a folded line by a tab", head("GET / HTTP/1.1", "X: a", "\tContent-Length: 3")],
  ["a fold before the first field", `GET / HTTP/1.1\r\n X: y\r\n${HOST}\r\n`],
  ["a blank before the colon", head("GET / HTTP/1.1", "X : a")],
  ["a tab before the colon", head("GET / HTTP/1.1", "X\t: a")],
  ["no colon", head("GET / HTTP/1.1", "X")],
  ["no name", head("GET / HTTP/1.1", ": a")],
  ["a blank in a name", head("GET / HTTP/1.1", "X Y: a")],
  ["a separator in a name", head("GET / HTTP/1.1", "X(Y): a")],
  ["a byte beyond ASCII in a name", head("GET / HTTP/1.1", "X\xe9: a")],
];

const REQUEST_LINES: readonly Row[] = [
  ["HTTP/0.9", `GET /\r\n\r\n${SMUGGLED}`],
  ["HTTP/0.9 by its number", head("GET / HTTP/0.9")],
  ["HTTP/1.2", head("GET / HTTP/1.2")],
  ["HTTP/2 by its number", head("GET / HTTP/2.0")],
  ["the preface of HTTP/2", `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SMUGGLED}`],
  ["a version with a digit too many", head("GET / HTTP/1.10")],
  ["a version in small letters", head("GET / http/1.1")],
  ["a tab for a blank", head("GET\t/ HTTP/1.1")],
  ["a vertical tab for a blank", head("GET\x0b/ HTTP/1.1")],
  ["a blank behind the version", head("GET / HTTP/1.1 ")],
  ["a blank before the method", head(" GET / HTTP/1.1")],
  ["a blank in the target", head("GET /a b HTTP/1.1")],
  ["two versions", head("GET /a HTTP/1.1 HTTP/1.1")],
  ["a method in small letters", head("get / HTTP/1.1")],
  ["an unknown method", head("SMUGGLE / HTTP/1.1")],
  ["a method with a NUL", head("GE\x00T / HTTP/1.1")],
  ["a target with a NUL", head("GET /\x00 HTTP/1.1")],
  ["a target with CR", head("GET /\r HTTP/1.1")],
  ["a target with a tab", head("GET /\ta HTTP/1.1")],
  ["a target beyond ASCII", head("GET /\xff HTTP/1.1")],
  ["a target with DEL", head("GET /\x7f HTTP/1.1")],
];

/** Whom a request is for. */
const NAMES: readonly Row[] = [
  ["no Host", `GET / HTTP/1.1\r\n\r\n${SMUGGLED}`],
  ["two Hosts", head("GET / HTTP/1.1", "Host: b.test")],
  ["one Host twice", head("GET / HTTP/1.1", "host: a.test")],
  ["an absolute target", head("GET http://b.test/ HTTP/1.1")],
  ["an absolute target of the same host", head("GET http://a.test/ HTTP/1.1")],
  ["an absolute target without a scheme", head("GET ://b.test/ HTTP/1.1")],
  ["an authority for a target", head("GET b.test:80 HTTP/1.1")],
  ["an asterisk for a target", head("GET * HTTP/1.1")],
  ["a query for a target", head("GET ?a HTTP/1.1")],
  ["a fragment", head("GET /#a HTTP/1.1")],
];

const CHUNKS: readonly Row[] = [
  ["a size with 0x", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["a size with a sign", "+3\r\nabc\r\n0\r\n\r\n"],
  ["a negative size", "-3\r\nabc\r\n0\r\n\r\n"],
  ["a size that overflows 64 bits", "10000000000000003\r\nabc\r\n0\r\n\r\n"],
  ["no size", "\r\nabc\r\n0\r\n\r\n"],
  ["a blank before a size", " 3\r\nabc\r\n0\r\n\r\n"],
  ["a size that ends in LF alone", "3\nabc\r\n0\r\n\r\n"],
  ["a size that ends in CR alone", "3\rabc\r\n0\r\n\r\n"],
  ["a size with a NUL", "3\x00\r\nabc\r\n0\r\n\r\n"],
  ["a size with an underscore", "1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n"],
  ["a chunk longer than its size", `3\r\nabcd\r\n0\r\n\r\n${SMUGGLED}`],
  ["a chunk that ends in LF alone", "3\r\nabc\n0\r\n\r\n"],
  ["a chunk without an end", "3\r\nabc0\r\n\r\n"],
  ["LF in an extension", `3;a\n${SMUGGLED}\r\nabc\r\n0\r\n\r\n`],
  ["CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n"],
  ["NUL in an extension", "3;a\x00\r\nabc\r\n0\r\n\r\n"],
  ["a trailer with a blank before its colon", "0\r\nX : y\r\n\r\n"],
  ["a trailer without a colon", `0\r\n${SMUGGLED}`],
  ["a folded trailer", "0\r\nX: y\r\n z\r\n\r\n"],
  ["a trailer that frames", "3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n"],
  ["a trailer that frames in chunks", "3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"],
];

/** Ways to a path that the configuration denies. */
const DENIED = [
  "/admin",
  "/%61dmin",
  "//admin",
  "/admin/",
  "/admin?x",
  "/./admin",
  "/x/../admin",
  "/x/%2e%2e/admin",
  "/x/..%2fadmin",
  "/x/.%2E/%61dmin",
  "/admin/../admin",
];
/** Paths that a service behind may read as the denied one, though they are not it. */
const AMBIGUOUS = [
  "/x/..;/admin",
  "/x/..;a=b/admin",
  "/..%5cadmin",
  "/x\\..\\admin",
  "/x/%2e%2e%5cadmin",
  "/x/..%00/admin",
  "/x/../y",
  "/./x",
  "/x/%2e",
  "/%2e%2e%2fx",
  "/..",
  "/%00",
  "/x%0d%0aX:y",
  "/%zz",
  "/%",
];

export const ATTACKS: readonly Attack[] = [
  ...refused(400, TWO_FRAMINGS),
  ...refused(
    400,
    LENGTHS.map((length) => [
      `a length of ${JSON.stringify(length)}`,
      `${post(`Content-Length: ${length}`)}abc`,
    ]),
  ),
  ...refused(
    400,
    CODINGS.map((coding) => [JSON.stringify(coding), `${post(coding)}3\r\nabc\r\n0\r\n\r\n${SMUGGLED}`]),
  ),
  ...refused(
    400,
    CODINGS.map((coding) => [
      `${JSON.stringify(coding)} beside a length`,
      `${post("Content-Length: 3", coding)}abc${SMUGGLED}`,
    ]),
  ),
  ...refused(400, LINES),
  ...refused(400, REQUEST_LINES),
  ...refused(400, NAMES),
  ...refused(
    400,
    CHUNKS.map(([name, chunks]) => [name, chunked(chunks)]),
  ),
  ...refused(
    400,
    AMBIGUOUS.map((path) => [`the path ${path}`, head(`GET ${path} HTTP/1.1`, "Connection: close")]),
  ),
  ...refused(
    403,
    DENIED.map((path) => [`the path ${path}`, head(`GET ${path} HTTP/1.1`, "Connection: close")]),
  ),
  ...refused(413, [
    ["an extension without end", chunked(`3;${"x".repeat(40_000)}\r\nabc\r\n0\r\n\r\n`)],
    ["a length past the limit", post("Content-Length: 999999") + SMUGGLED],
    ["a chunk past the limit", chunked(`fffff\r\n${"x".repeat(70_000)}`)],
  ]),
  ...refused(417, [
    ["an unknown expectation", head("GET / HTTP/1.1", "Expect: 200-ok", "Connection: close")],
  ]),
  ...refused(405, [
    ["a tunnel", head("CONNECT a.test:80 HTTP/1.1") + SMUGGLED],
    ["TRACE", head("TRACE / HTTP/1.1", "Connection: close")],
  ]),
  ...refused(400, [
    [
      "a GET with a body",
      head("GET / HTTP/1.1", `Content-Length: ${SMUGGLED.length}`, "Connection: close") + SMUGGLED,
    ],
    ["a HEAD with a body", `${head("HEAD / HTTP/1.1", "Content-Length: 3", "Connection: close")}abc`],
    [
      "a chunked GET",
      `${head("GET / HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close")}0\r\n\r\n`,
    ],
    [
      "a WebSocket where none is",
      head("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket") + SMUGGLED,
    ],
    [
      "a chunked body in HTTP/1.0",
      head("POST / HTTP/1.0", "Transfer-Encoding: chunked", "Connection: keep-alive") +
        `0\r\n\r\n${SMUGGLED}`,
    ],
  ]),
  ...passed([
    ["a body with a length", `${post("Content-Length: 3")}abc`, "POST / abc"],
    ["blanks around a length", `${post("Content-Length: \t 3 \t")}abc`, "POST / abc"],
    ["zeros before a length", `${post("Content-Length: 010")}abcdefghij`, "POST / abcdefghij"],
    ["a request in a body", post(`Content-Length: ${SMUGGLED.length}`) + SMUGGLED, `POST / ${SMUGGLED}`],
    ["a chunked body", chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "POST / abcde"],
    ["CHUNKED in capitals", `${post("TRANSFER-ENCODING: Chunked")}3\r\nabc\r\n0\r\n\r\n`, "POST / abc"],
    ["a tab before chunked", `${post("Transfer-Encoding:\tchunked")}3\r\nabc\r\n0\r\n\r\n`, "POST / abc"],
    ["zeros before a chunk's size", chunked("0003\r\nabc\r\n0\r\n\r\n"), "POST / abc"],
    ["an extension of a chunk", chunked('3;a=b;c="d"\r\nabc\r\n0;e\r\n\r\n'), "POST / abc"],
    [
      "a chunk that holds a request",
      chunked(`${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`),
      `POST / ${SMUGGLED}`,
    ],
    ["trailers", chunked("3\r\nabc\r\n0\r\nHost: b.test\r\nX: y\r\n\r\n"), "POST / abc"],
    ["two blanks", head("GET  / HTTP/1.1"), "GET / "],
    [
      "a length named as of the connection",
      `${post("Content-Length: 3", "Connection: Content-Length")}abc`,
      "POST / abc",
    ],
    [
      "a coding named as of the connection",
      `${post("Transfer-Encoding: chunked", "Connection: Transfer-Encoding")}3\r\nabc\r\n0\r\n\r\n`,
      "POST / abc",
    ],
    [
      "Host named as of the connection",
      head("GET / HTTP/1.1", "Connection: Host, X-Forwarded-For"),
      "GET / ",
    ],
    [
      "names that CGI takes for framing",
      head("GET / HTTP/1.1", `Content_Length: ${LAST.length}`, "Transfer_Encoding: chunked"),
      "GET / ",
    ],
    ["empty lines before a request", `\r\n\r\n${head("GET / HTTP/1.1")}`, "GET / "],
    ["HTTP/1.0 that stays", head("GET / HTTP/1.0", "Connection: keep-alive"), "GET / "],
    ["an encoded line break in a query", head("GET /?a=%0d%0aX:%20y HTTP/1.1"), "GET /?a=%0d%0aX:%20y "],
    ["dots in a query", head("GET /?a=/../admin HTTP/1.1"), "GET /?a=/../admin "],
  ]),
  {
    name: "an expectation",
    bytes: `${post("Expect: 100-continue", "Content-Length: 3")}abc${LAST}`,
    statuses: [100, 200, 200],
    seen: ["POST / abc", "GET /last "],
  },
  ...lastOfItsConnection([
    [
      "an upgrade to h2c",
      head(
        "GET / HTTP/1.1",
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABk",
      ),
    ],
    ["an upgrade to TLS", head("GET / HTTP/1.1", "Connection: Upgrade", "Upgrade: TLS/1.0")],
    ["HTTP/1.0 that does not stay", `GET / HTTP/1.0\r\n${HOST}\r\n`],
    ["a close among the connection's options", head("GET / HTTP/1.1", "Connection: close, X-Y")],
  ]),
  {
    name: "a WebSocket that the upstream refuses",
    bytes: handshake() + SMUGGLED,
    statuses: [502],
    seen: ["GET /ws "],
  },
];
