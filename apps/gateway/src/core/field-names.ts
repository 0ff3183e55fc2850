/**
 * Fields of one connection, not of the message (RFC 9110, 7.6.1; RFC 9113, 8.2.2), and those the gateway writes itself:
 * framing, `Host`, and `Expect`, which the edge has answered already.
 */
const REQUEST_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "host",
  "content-length",
  "expect",
]);

/**
 * What a client must not say about itself, because somebody behind believes it: who it is, how it came, what it asked for,
 * whose trace it belongs to.
 * `proxy` becomes HTTP_PROXY in CGI (httpoxy); the two last rewrite the path behind the policies' back in some frameworks.
 */
const CLAIMS = new Set([
  "forwarded",
  "via",
  "x-request-id",
  "traceparent",
  "tracestate",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "x-remote-ip",
  "x-remote-addr",
  "x-originating-ip",
  "true-client-ip",
  "cf-connecting-ip",
  "fastly-client-ip",
  "proxy",
  "x-original-url",
  "x-rewrite-url",
]);
const CLAIM_PREFIXES = ["x-forwarded", "x-original-forwarded", "x-envoy-"];

/**
 * Whether a request field of this lower-case name stays here. Underscores are read as hyphens: CGI, WSGI and their like make
 * one name of both.
 */
export function staysFromRequest(name: string): boolean {
  const read = name.includes("_") ? name.replaceAll("_", "-") : name;
  return (
    REQUEST_CONNECTION.has(read) ||
    CLAIMS.has(read) ||
    CLAIM_PREFIXES.some((prefix) => read.startsWith(prefix))
  );
}

/**
 * Answer fields that end here: those of the connection, what names the software, and `Alt-Svc`, which would send browsers
 * past the gateway. `Content-Length` is written from the framing that was verified.
 */
const ANSWER_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "server",
  "alt-svc",
]);

export function staysFromAnswer(name: string): boolean {
  return ANSWER_CONNECTION.has(name);
}

/** Fields that must not come late: framing, routing, authentication, and what controls how the body is read (RFC 9110, 6.5.1). */
const NOT_IN_TRAILERS = new Set([
  "authorization",
  "cache-control",
  "content-encoding",
  "content-range",
  "content-type",
  "cookie",
  "host",
  "location",
  "set-cookie",
  "vary",
  "www-authenticate",
]);

export function staysFromTrailers(name: string): boolean {
  return NOT_IN_TRAILERS.has(name) || staysFromAnswer(name);
}

/** The names a `Connection` field lists, lower-case; null when it names none but the usual. */
export function connectionOptions(value: string | undefined): ReadonlySet<string> | null {
  if (value === undefined) return null;
  const lower = value.toLowerCase();
  if (lower === "keep-alive" || lower === "close") return null;
  return new Set(lower.split(",").map((name) => name.trim()));
}
