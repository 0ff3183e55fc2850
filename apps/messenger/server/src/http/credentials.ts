import { type Authenticated, type Identity, parseSessionCookie } from "@rempart/identity";

/** Reads one header field of the request; undefined when it is absent. */
export type Headers = (name: string) => string | undefined;

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]{1,8192})$/i;

/** A session's token, from the cookie of a browser. */
export function sessionTokenOf(headers: Headers): string | null {
  return parseSessionCookie(headers("cookie"));
}

/** An access token or an API key (RFC 6750, section 2.1). */
export function bearerOf(headers: Headers): string | null {
  return BEARER.exec(headers("authorization") ?? "")?.[1] ?? null;
}

/** Whoever this request shows to be, by cookie or by access token. A cookie beside a token does not count: one says who. */
export async function authenticate(identity: Identity, headers: Headers): Promise<Authenticated | null> {
  const bearer = bearerOf(headers);
  if (bearer !== null) return identity.tokens.authenticate(bearer);
  const token = sessionTokenOf(headers);
  return token === null ? null : identity.authenticate(token);
}
