import type { Context } from "../context.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Authenticated, Client, SignedIn } from "../types.ts";
import { type AccessToken, AccessTokens } from "./access-tokens.ts";
import type { AccessClaims } from "./claims.ts";
import type { SigningJwk } from "./key-material.ts";
import { SigningKeys, type SigningKeyVersion } from "./signing-keys.ts";

export interface Refreshed extends SignedIn {
  /** Null: this installation has no envelopes to keep signing keys in. */
  readonly access: AccessToken | null;
}

export interface Tokens {
  /**
   * A new session token for the old one, and an access token with the roles of this moment. Null: the token is unknown, its
   * session is over, or it was left behind long ago, which ends the session and is told as `auth.token.reused`.
   */
  refresh(token: string, client: Client): Promise<Refreshed | null>;
  /** Codes: `token-too-large`, `not-configured`. */
  issue(who: Authenticated): Promise<AccessToken>;
  /** What an access token says, if it is ours, current and still true; null otherwise, whatever the text. */
  check(accessToken: string): Promise<AccessClaims | null>;
  /**
   * Whose access token this is, as the account and its session stand now, for the organisation the token names; null where
   * `check` answers null. One query.
   */
  authenticate(accessToken: string): Promise<Authenticated | null>;
  /** For `/.well-known/jwks.json`. May be cached for less than `tokens.publishAheadMs`. */
  jwks(): Promise<{ readonly keys: readonly SigningJwk[] }>;
  readonly signingKeys: SigningKeyRotation;
}

/** Fits `Rotatable` of `@rempart/keys`. */
export interface SigningKeyRotation {
  readonly purpose: "jwt";
  /** The oldest first. */
  versions(): Promise<readonly SigningKeyVersion[]>;
  /**
   * Makes the key that signs next, and resolves with its `kid`; one that waits already is enough. `atOnce` does not publish
   * it before it signs.
   */
  rotate(options?: { readonly atOnce?: boolean }): Promise<string>;
  /**
   * Also for a key that may be stolen: nothing it signed is good any more, in every process within a second, and if it was the
   * one that signs, another does from now on. Code: `unknown-signing-key`.
   */
  retire(kid: string): Promise<void>;
  /** Codes: `unknown-signing-key`, `signing-key-in-use`. */
  destroy(kid: string): Promise<void>;
}

export interface TokenService extends Tokens {
  maintain(): Promise<void>;
}

export function createTokens(context: Context, sessions: Sessions): TokenService {
  const keys = new SigningKeys(context);
  const access = new AccessTokens(context, sessions, keys);
  const changing = async <T>(act: () => Promise<T>): Promise<T> => {
    await sessions.keepUp();
    const result = await act();
    await sessions.announce();
    return result;
  };
  return {
    async refresh(token, client) {
      const outcome = await sessions.refresh(token, client);
      if (outcome.kind !== "refreshed") return null;
      const who = await sessions.byId(outcome.sessionId);
      if (who === null) return null;
      return {
        ...who,
        token: outcome.token,
        access: context.envelopes === null ? null : await access.issue(who),
      };
    },
    issue: (who) => access.issue(who),
    check: (token) => access.check(token),
    async authenticate(token) {
      const claims = await access.check(token);
      const who = claims === null ? null : await sessions.byId(claims.sid);
      if (claims === null || who === null) return null;
      return { ...who, session: { ...who.session, tenant: claims.tenant ?? null } };
    },
    jwks: async () => ({ keys: await keys.published() }),
    signingKeys: {
      purpose: "jwt",
      versions: () => keys.versions(),
      rotate: (options) => changing(() => keys.rotate(options)),
      retire: (kid) => changing(() => keys.retire(kid)),
      destroy: (kid) => keys.destroy(kid),
    },
    maintain: () => keys.maintain(),
  };
}
