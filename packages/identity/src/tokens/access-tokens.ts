import type { Uuid } from "@rempart/kernel";
import { type Context, instant } from "../context.ts";
import { IdentityError } from "../errors.ts";
import { GroupedCache } from "../grouped-cache.ts";
import type { IdentityChange } from "../sessions/change-feed.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { digestText } from "../tokens.ts";
import type { Authenticated } from "../types.ts";
import { type AccessClaims, isCurrent, readClaims } from "./claims.ts";
import { decodePayload, isSignedBy, signJwt, splitJwt } from "./jwt.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { Suspects } from "./suspects.ts";

/** An access token for one who is signed in. */
export interface AccessToken {
  readonly token: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** Characters, for the histogram `jwt_size_bytes`. */
  readonly sizeBytes: number;
}

interface Checked {
  readonly claims: AccessClaims;
  touchedAt: number;
}

/**
 * Issues and checks access tokens. A check needs no query: the signature says what was true when the token was issued, and
 * the feed of changes names the sessions and people of whom it may not be true any more. Of those, and of everybody until
 * this process has listened for one lifetime, the database is asked once per token.
 */
export class AccessTokens {
  readonly #context: Context;
  readonly #sessions: Sessions;
  readonly #keys: SigningKeys;
  readonly #cache: GroupedCache<Checked>;
  readonly #suspects: Suspects;
  /** Counts what the feed delivered: an answer read while it moved is not kept. */
  #changes = 0;

  constructor(context: Context, sessions: Sessions, keys: SigningKeys) {
    const { lifetimeMs, toleranceMs, cacheEntries } = context.config.tokens;
    this.#context = context;
    this.#sessions = sessions;
    this.#keys = keys;
    this.#cache = new GroupedCache(cacheEntries, ({ claims }) => [claims.sid, claims.sub]);
    this.#suspects = new Suspects(context.clock, lifetimeMs + 2 * toleranceMs);
    sessions.follow({ apply: (changes) => this.#apply(changes), reset: () => this.#reset() });
  }

  /** Throws `token-too-large`, and whatever the envelopes throw when the key cannot be opened. */
  async issue({ account, session }: Authenticated): Promise<AccessToken> {
    const { issuer, audience, lifetimeMs, maxBytes } = this.#context.config.tokens;
    const { header, privateKey } = await this.#keys.signer();
    const iat = Math.floor(this.#context.clock.now() / 1000);
    const exp = Math.min(iat + Math.floor(lifetimeMs / 1000), Math.floor(session.expiresAt / 1000));
    const claims: AccessClaims = {
      iss: issuer,
      aud: audience,
      sub: account.id,
      sid: session.id,
      jti: this.#context.newId(),
      iat,
      exp,
      role: account.role,
      ...(session.tenant === null ? {} : { tenant: session.tenant }),
      amr: session.amr,
      auth_time: Math.floor(session.authenticatedAt / 1000),
      ...(session.factorAt === null ? {} : { mfa_time: Math.floor(session.factorAt / 1000) }),
    };
    const token = signJwt(header, claims, privateKey);
    if (token.length > maxBytes) {
      throw new IdentityError("token-too-large", "This access token would be larger than is accepted", {
        details: { sizeBytes: token.length, maxBytes },
      });
    }
    return { token, expiresAt: exp * 1000, sizeBytes: token.length };
  }

  /** What a token says, if it is ours, current, and still true. Null otherwise, whatever the text. */
  async check(token: string): Promise<AccessClaims | null> {
    const { maxBytes, toleranceMs } = this.#context.config.tokens;
    if (token.length > maxBytes) return null;
    await this.#sessions.keepUp();
    const key = digestText(token);
    const known = this.#cache.get(key) ?? (await this.#verify(token, key));
    if (known === null || !isCurrent(known.claims, this.#context.clock.now(), toleranceMs)) return null;
    this.#touch(known);
    return known.claims;
  }

  async #verify(token: string, key: string): Promise<Checked | null> {
    const before = this.#changes;
    const jwt = splitJwt(token);
    const publicKey = jwt === null ? null : await this.#keys.accepting(jwt.header);
    if (jwt === null || publicKey === null || !isSignedBy(jwt, publicKey)) return null;
    const claims = readClaims(decodePayload(jwt.payload), this.#context.config.tokens);
    if (claims === null) return null;
    if (this.#suspects.has(claims.sid, claims.sub) && !(await this.#isStillTrue(claims))) return null;
    const checked = { claims, touchedAt: Number.NEGATIVE_INFINITY };
    if (this.#changes === before) this.#cache.set(key, checked);
    return checked;
  }

  async #isStillTrue({ sid, sub, role, tenant }: AccessClaims): Promise<boolean> {
    const { database, clock, config } = this.#context;
    const now = clock.now();
    const rows = await database.query(
      `SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
       WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND s.last_used_at > $4
         AND u.status = 'ACTIVE' AND u.role = $5
         AND ($6::uuid IS NULL OR EXISTS (
           SELECT 1 FROM memberships m WHERE m.tenant_id = $6 AND m.user_id = u.id AND m.role = $7))`,
      [
        sid,
        sub,
        instant(now),
        instant(now - config.session.idleMs),
        role,
        tenant?.id ?? null,
        tenant?.role ?? null,
      ],
    );
    return rows.length > 0;
  }

  /** A session whose access tokens are in use is not idle. */
  #touch(checked: Checked): void {
    const now = this.#context.clock.monotonic();
    if (now - checked.touchedAt < this.#context.config.session.touchEveryMs) return;
    checked.touchedAt = now;
    this.#sessions.touch(checked.claims.sid);
  }

  #apply(changes: readonly IdentityChange[]): void {
    this.#changes += 1;
    for (const { userId, sessionId, reason } of changes) {
      if (userId === null) this.#forgetKeys();
      else if (sessionId === null) this.#suspect(userId);
      else if (reason !== null) this.#suspect(sessionId);
    }
  }

  #suspect(group: Uuid): void {
    this.#cache.deleteGroup(group);
    this.#suspects.add(group);
  }

  #forgetKeys(): void {
    this.#keys.forget();
    this.#cache.clear();
  }

  #reset(): void {
    this.#changes += 1;
    this.#forgetKeys();
    this.#suspects.addEverybody();
  }
}
