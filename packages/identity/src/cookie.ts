import { isToken } from "./tokens.ts";

/** The `__Host-` prefix ties the cookie to this very host, to `Secure` and to `Path=/` (RFC 6265bis, section 4.1.3.2). */
export const SESSION_COOKIE = "__Host-session";

/**
 * `SameSite=Strict`: the pages are static and the session is needed only by requests they make themselves, so nothing
 * is lost when somebody arrives by a link, and no request another site starts ever carries the session.
 */
const ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";

/** More cookies than any browser sends (RFC 6265, section 6.1 asks for 50 of 4096 bytes; servers take far less). */
const MAX_HEADER_LENGTH = 16_384;

/** A `Set-Cookie` value. `expiresAt` and `now` are Unix milliseconds. Throws `TypeError` when `token` is none. */
export function serialiseSessionCookie(token: string, expiresAt: number, now: number): string {
  if (!isToken(token)) throw new TypeError("not a session token");
  const maxAge = Math.max(0, Math.floor((expiresAt - now) / 1000));
  return `${SESSION_COOKIE}=${token}; Max-Age=${maxAge}; ${ATTRIBUTES}`;
}

export function clearSessionCookie(): string {
  return `${SESSION_COOKIE}=; Max-Age=0; ${ATTRIBUTES}`;
}

/**
 * The token in a `Cookie` header; null when there is none or it is not well-formed. Two cookies of this name mean that
 * somebody planted one: neither is believed.
 */
export function parseSessionCookie(header: string | null | undefined): string | null {
  if (!header || header.length > MAX_HEADER_LENGTH) return null;
  let found: string | null = null;
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0 || pair.slice(0, equals).trim() !== SESSION_COOKIE) continue;
    if (found !== null) return null;
    found = pair.slice(equals + 1).trim();
  }
  return found !== null && isToken(found) ? found : null;
}
