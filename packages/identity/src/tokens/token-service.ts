import type { Context } from "../context.ts";
import type { Sessions } from "../sessions/sessions.ts";
import type { Authenticated, Client, SignedIn } from "../types.ts";
import { type AccessToken, AccessTokens } from "./access-tokens.ts";
import type { AccessClaims } from "./claims.ts";
import type { SigningJwk } from "./key-material.ts";
import { type SigningKeyStatus, SigningKeys } from "./signing-keys.ts";

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
  /** Whose access token this is, as the account and its session stand now; null where `check` answers null. One query. */
  authenticate(accessToken: string): Promise<Authenticated | null>;
  /** For `/.well-known/jwks.json`. May be cached for less than `tokens.publishAheadMs`. */
  jwks(): Promise<{ readonly keys: readonly SigningJwk[] }>;
  /** The keys that sign access tokens, the oldest first. */
  keyStatus(): Promise<SigningKeyStatus[]>;
  /**
   * Makes the key that signs next, and resolves with its `kid`; one that waits already is enough. `atOnce` does not publish
   * it before it signs.
   */
  rotateKey(options?: { readonly atOnce?: boolean }): Promise<string>;
  /** For a key that may be stolen: nothing it signed is good any more, in every process within a second. False: no such key. */
  retireKey(kid: string): Promise<boolean>;
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
      return claims === null ? null : sessions.byId(claims.sid);
    },
    jwks: async () => ({ keys: await keys.published() }),
    keyStatus: () => keys.status(),
    rotateKey: (options) => changing(() => keys.rotate(options)),
    retireKey: (kid) => changing(() => keys.retire(kid)),
    maintain: () => keys.maintain(),
  };
}
