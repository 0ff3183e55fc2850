import type { Transaction } from "@rempart/database";
import { isUuid, type Uuid } from "@rempart/kernel";
import type { Context } from "../context.ts";
import { GroupedCache } from "../grouped-cache.ts";
import { plainText } from "../names.ts";
import type { ActorRef } from "../roles/actor.ts";
import { digest, digestFromText, digestText, isToken, mintToken, TOKEN_LENGTH } from "../tokens.ts";
import type { Authenticated, AuthMethod, Client, EndReason, Session, SessionEnded } from "../types.ts";
import { type ChangeConsumer, ChangeFeed, type IdentityChange } from "./change-feed.ts";
import { type RefreshOutcome, refreshIn } from "./refresh.ts";
import {
  type EndedSession,
  endAll,
  endOfPasskey,
  endOne,
  endSurplus,
  findById,
  findByToken,
  insertSession,
  listLive,
  noteFirstUse,
} from "./store.ts";
import { Touches, writeSessionUses } from "./touches.ts";

const MAX_USER_AGENT = 256;
const MAX_ADDRESS = 64;
const MAX_PENDING_TOUCHES = 200_000;

/** Everything about sessions: opening, checking, ending, and hearing of ends elsewhere. */
export class Sessions {
  readonly #context: Context;
  readonly #maxStalenessMs: number;
  readonly #cache: GroupedCache<Authenticated>;
  readonly #feed: ChangeFeed;
  readonly #touches: Touches;
  readonly #listeners = new Set<(ended: SessionEnded) => void>();
  readonly #followers = new Set<ChangeConsumer>();
  /** Counts what the feed delivered: a session loaded while it moved may be out of date already, and is not kept. */
  #changes = 0;

  constructor(context: Context) {
    this.#context = context;
    this.#maxStalenessMs = context.config.session.maxStalenessMs;
    this.#cache = new GroupedCache(context.config.session.cacheEntries, ({ session, account }) => [
      session.id,
      account.id,
    ]);
    this.#touches = new Touches(MAX_PENDING_TOUCHES, (db, touches) =>
      writeSessionUses(db, touches, context.config.session),
    );
    this.#feed = new ChangeFeed(context.database, context.clock, {
      apply: (changes) => this.#apply(changes),
      reset: (why) => this.#reset(why),
    });
  }

  /** Opens a session in the caller's transaction, for who proved themselves by `amr`. */
  async open(
    tx: Transaction,
    userId: Uuid,
    client: Client,
    amr: readonly AuthMethod[] = ["pwd"],
  ): Promise<{ session: Session; token: string }> {
    const { clock, random, config, newId } = this.#context;
    const now = clock.now();
    const session: Session = {
      id: newId(),
      userId,
      createdAt: now,
      lastUsedAt: now,
      expiresAt: now + config.session.absoluteMs,
      userAgent: plainText(client.userAgent, MAX_USER_AGENT),
      address: plainText(client.address, MAX_ADDRESS),
      amr,
      authenticatedAt: now,
      factorAt: amr.includes("mfa") ? now : null,
      tenant: null,
    };
    const token = mintToken(random);
    await insertSession(tx, session, digest(token));
    await this.#observeEnds(tx, await endSurplus(tx, userId, config.session.perAccount, now), "superseded");
    return { session, token };
  }

  /**
   * Who holds this token, or null. From memory when it was asked for before; never from a memory older than
   * `maxStalenessMs`: when the changes of other processes cannot be read, this rejects rather than guesses.
   */
  async authenticate(token: string): Promise<Authenticated | null> {
    if (token.length !== TOKEN_LENGTH) return null;
    if (this.#feed.age >= this.#maxStalenessMs) await this.#feed.sync();
    const key = digestText(token);
    const now = this.#context.clock.now();
    const cached = this.#cache.get(key);
    if (cached !== undefined && this.#isLive(cached.session, now)) return this.#used(key, cached, now);
    return isToken(token) ? this.#load(key, now) : null;
  }

  async byId(sessionId: Uuid): Promise<Authenticated | null> {
    await this.keepUp();
    return findById(this.#context.database, sessionId, this.#liveAt());
  }

  list(userId: Uuid): Promise<Session[]> {
    return listLive(this.#context.database, userId, this.#liveAt());
  }

  /** Notes a use that came without a token: a frame on an open socket. */
  touch(sessionId: Uuid): void {
    if (isUuid(sessionId)) this.#touches.note(sessionId, this.#context.clock.now());
  }

  /** False when there was no such live session of this user (`null`: of anybody). */
  async end(sessionId: Uuid, userId: Uuid | null, reason: EndReason): Promise<boolean> {
    if (!isUuid(sessionId)) return false;
    const now = this.#context.clock.now();
    const ended = await this.#endIn((tx) => endOne(tx, sessionId, userId, reason, now), reason);
    return ended > 0;
  }

  endAll(userId: Uuid, reason: EndReason): Promise<number> {
    const now = this.#context.clock.now();
    return this.#endIn((tx) => endAll(tx, userId, reason, now), reason);
  }

  /** Ends, in the caller's transaction, all sessions of a user but `except`, and resolves with how many; `by` names who else did it. */
  async endAllIn(
    tx: Transaction,
    userId: Uuid,
    reason: EndReason,
    except: Uuid | null,
    by?: ActorRef,
  ): Promise<number> {
    const ended = await endAll(tx, userId, reason, this.#context.clock.now(), except);
    await this.#observeEnds(tx, ended, reason, by);
    return ended.length;
  }

  async endOfPasskeyIn(tx: Transaction, passkeyId: Uuid, except: Uuid): Promise<void> {
    const now = this.#context.clock.now();
    await this.#observeEnds(tx, await endOfPasskey(tx, passkeyId, now, except), "passkey-removed");
  }

  /**
   * Replaces a session's token by its holder's wish; see `refresh.ts`. When this resolves, the changes of every earlier
   * transaction are known here.
   */
  async refresh(token: string, client: Client): Promise<RefreshOutcome> {
    await this.keepUp();
    const outcome = await this.#context.database.transaction((tx) =>
      refreshIn(this.#context, tx, token, client, this.#liveAt()),
    );
    if (outcome.kind !== "unknown") await this.announce();
    return outcome;
  }

  /** Tells another memory what the feed says. Before the first read, so that it misses nothing. */
  follow(consumer: ChangeConsumer): void {
    this.#followers.add(consumer);
  }

  onEnded(listener: (ended: SessionEnded) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Reads what changed unless that was done within the allowed staleness. The very first read only sets where reading
   * begins, so it must come before anything this process is to hear of.
   */
  async keepUp(): Promise<void> {
    if (this.#feed.age >= this.#maxStalenessMs) await this.#feed.sync();
  }

  /** Brings this process up to date with every transaction committed before the call. */
  sync(): Promise<void> {
    return this.#feed.sync();
  }

  /** The same after an act that has committed and therefore cannot fail any more: the next beat would find it as well. */
  async announce(): Promise<void> {
    try {
      await this.#feed.sync();
    } catch (error) {
      this.#context.log.warn({ err: error }, "an act was committed and will be heard of at the next beat");
    }
  }

  flushTouches(): Promise<void> {
    return this.#touches.flush(this.#context.database);
  }

  async #endIn(act: (tx: Transaction) => Promise<EndedSession[]>, reason: EndReason): Promise<number> {
    await this.keepUp();
    const ended = await this.#context.database.transaction(async (tx) => {
      const sessions = await act(tx);
      await this.#observeEnds(tx, sessions, reason);
      return sessions.length;
    });
    if (ended > 0) await this.announce();
    return ended;
  }

  async #observeEnds(
    tx: Transaction,
    ended: readonly EndedSession[],
    reason: EndReason,
    by?: ActorRef,
  ): Promise<void> {
    const actor = by === undefined ? {} : { actor: by };
    for (const { id: sessionId, user_id: userId } of ended) {
      await this.#context.observe({ type: "auth.session.revoked", userId, sessionId, reason, ...actor }, tx);
    }
  }

  async #load(key: string, now: number): Promise<Authenticated | null> {
    const before = this.#changes;
    const { database, config } = this.#context;
    const tokenHash = digestFromText(key);
    const found = await findByToken(database, tokenHash, this.#liveAt(), config.session.refreshGraceMs);
    if (found === null) return null;
    const { who, present, firstUse } = found;
    if (firstUse) await noteFirstUse(database, who.session.id, tokenHash, now);
    // A token that was left behind is good for seconds: it is looked up each time.
    if (present && this.#changes === before) this.#cache.set(key, who);
    return this.#used(key, who, now);
  }

  #used(key: string, entry: Authenticated, now: number): Authenticated {
    const { account, session } = entry;
    if (now - session.lastUsedAt < this.#context.config.session.touchEveryMs) return entry;
    this.#touches.note(session.id, now);
    const used = { account, session: { ...session, lastUsedAt: now } };
    this.#cache.update(key, used);
    return used;
  }

  /** A cached session that seems idle may have been used through another process: the database then decides. */
  #isLive(session: Session, now: number): boolean {
    return session.expiresAt > now && session.lastUsedAt > now - this.#context.config.session.idleMs;
  }

  #liveAt(): { now: number; idleSince: number } {
    const now = this.#context.clock.now();
    return { now, idleSince: now - this.#context.config.session.idleMs };
  }

  #apply(changes: readonly IdentityChange[]): void {
    this.#changes += 1;
    for (const { userId, sessionId } of changes) {
      const group = sessionId ?? userId;
      if (group !== null) this.#cache.deleteGroup(group);
    }
    for (const follower of this.#followers) follower.apply(changes);
    for (const { userId, sessionId, reason } of changes) {
      if (userId !== null && sessionId !== null && reason !== null) this.#tell({ sessionId, userId, reason });
    }
  }

  #reset(why: "first-read" | "gap" | "database-replaced"): void {
    this.#changes += 1;
    this.#cache.clear();
    for (const follower of this.#followers) follower.reset(why);
    if (why !== "first-read") this.#context.log.warn({ why }, "forgot all cached sessions");
  }

  #tell(ended: SessionEnded): void {
    for (const listener of this.#listeners) {
      try {
        listener(ended);
      } catch (error) {
        this.#context.log.error({ err: error, sessionId: ended.sessionId }, "a session listener failed");
      }
    }
  }
}
