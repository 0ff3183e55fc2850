/** Longest `Cookie` header worth reading, in characters. */
const MAX_HEADER = 16_384;

/**
 * The value of a cookie, or null. Null too when the name occurs twice: a second one may have been planted from a sibling
 * domain, and there is no telling which is ours. Values are returned as sent (RFC 6265, section 5.4: no decoding).
 */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined || header.length > MAX_HEADER) return null;
  let found: string | null = null;
  for (let start = 0; start < header.length; ) {
    const semicolon = header.indexOf(";", start);
    const end = semicolon < 0 ? header.length : semicolon;
    const pair = header.slice(start, end);
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) {
      if (found !== null) return null;
      found = pair.slice(equals + 1).trim();
    }
    start = end + 1;
  }
  return found;
}
