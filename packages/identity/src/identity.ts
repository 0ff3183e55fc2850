import type { Database } from "@rempart/database";
import {
  type Clock,
  type Random,
  systemClock,
  systemRandom,
  type Uuid,
  uuidV7Generator,
} from "@rempart/kernel";
import { type Logger, repeat, silentLogger } from "@rempart/runtime";
import { type Administration, createAdministration } from "./administration/administration.ts";
import { eraseOwn } from "./administration/erase.ts";
import { ApiKeyService, type ApiKeys } from "./api-keys/api-keys.ts";
import { type IdentityConfigInput, resolveConfig } from "./config.ts";
import type { Context, Observe } from "./context.ts";
import { type Credentials, createCredentials } from "./credentials/credentials.ts";
import { type FindUsers, findUsers, type GetUsersOptions, getUsers, updateName } from "./directory.ts";
import type { FactorProof } from "./factors/prove.ts";
import { createSecondFactors, type SecondFactors } from "./factors/second-factors.ts";
import { adminExists, createAdminInvitation, type Invitation } from "./invitations.ts";
import { type Delivery, startDelivery } from "./mail/delivery.ts";
import { maintain } from "./maintenance.ts";
import type { PasskeyRequest } from "./passkeys/options.ts";
import { signInWithPasskey, startPasskeySecondFactor, startPasskeySignIn } from "./passkeys/sign-in.ts";
import { argon2Hasher, type PasswordHasher } from "./passwords/hasher.ts";
import { turnQueue } from "./passwords/queue.ts";
import type { Envelopes, Mailer, PasskeySite } from "./ports.ts";
import { Sessions } from "./sessions/sessions.ts";
import { completeSignIn } from "./sign-in/second-factor.ts";
import { signIn } from "./sign-in/sign-in.ts";
import { type SignUpInput, signUp } from "./sign-in/sign-up.ts";
import { createTenants, type Tenants } from "./tenants/tenants.ts";
import { issueTicket, redeemTicket, type Ticket } from "./tickets.ts";
import { createTokens, type TokenService, type Tokens } from "./tokens/token-service.ts";
import type {
  Account,
  Authenticated,
  Client,
  Person,
  Session,
  SessionEnded,
  SignedIn,
  SignInResult,
  SignUpResult,
} from "./types.ts";

/** Every act throws `IdentityError` when it is refused, and `DatabaseError` when the database fails. */
export interface Identity {
  /** Codes: `validation-failed`, `weak-password`, `email-taken`, `invalid-invitation`, `unavailable`. */
  signUp(input: SignUpInput, client: Client): Promise<SignUpResult>;
  /** Codes: `wrong-credentials`, `account-suspended`, `account-banned`, `rate-limited`, `unavailable`. */
  signIn(input: { email: string; password: string }, client: Client): Promise<SignInResult>;
  /** Codes: `invalid-challenge`, `wrong-factor`, `rate-limited`, `account-suspended`, `account-banned`. */
  completeSignIn(
    input: { readonly challenge: string; readonly proof: FactorProof },
    client: Client,
  ): Promise<SignedIn>;
  /** For a passkey as the second factor. Codes: `invalid-challenge`, `not-configured`. */
  startPasskeySecondFactor(challenge: string): Promise<PasskeyRequest>;
  /** Code: `not-configured`. */
  startPasskeySignIn(): Promise<PasskeyRequest>;
  /** `response`: the JSON form of what the browser gave. Codes: `wrong-factor`, `account-suspended`, `account-banned`, `not-configured`. */
  signInWithPasskey(response: unknown, client: Client): Promise<SignedIn>;
  readonly credentials: Credentials;
  readonly factors: SecondFactors;
  /** Refreshing sessions, access tokens, and the keys that sign them. */
  readonly tokens: Tokens;
  /** Who holds this token, or null. Microseconds from memory, and never from a memory older than a second. */
  authenticate(token: string): Promise<Authenticated | null>;
  /** Notes that a session is in use where no token is shown: on an open socket. Never throws. */
  touch(sessionId: Uuid): void;
  signOut(sessionId: Uuid): Promise<void>;
  /** How many sessions ended. */
  signOutEverywhere(userId: Uuid): Promise<number>;
  /** Live sessions, the newest use first. */
  sessions(userId: Uuid): Promise<Session[]>;
  /** False: this user has no such live session. */
  revokeSession(userId: Uuid, sessionId: Uuid): Promise<boolean>;
  /** Called once in every process for each session that ends, for whatever reason, within a second. */
  onSessionEnded(listener: (ended: SessionEnded) => void): () => void;
  updateName(userId: Uuid, name: string): Promise<Account>;
  /** Removes one's own account and all that refers to it, for good. Codes: `step-up-required`, `session-ended`, `last-administrator`. */
  eraseAccount(who: Authenticated): Promise<void>;
  findUsers(query: FindUsers): Promise<Person[]>;
  getUsers(ids: readonly Uuid[], options?: GetUsersOptions): Promise<Person[]>;
  issueTicket(session: { readonly id: Uuid }): Promise<Ticket>;
  redeemTicket(ticket: string): Promise<Authenticated | null>;
  adminExists(): Promise<boolean>;
  /** A fresh invitation for the first administrator; earlier ones end. Code: `forbidden` when there is one already. */
  createAdminInvitation(): Promise<Invitation>;
  /** What is done to other people's accounts, each act with its actor. */
  readonly administration: Administration;
  readonly tenants: Tenants;
  readonly apiKeys: ApiKeys;
  /** Expires sessions, lifts suspensions that are over, deletes spent rows. Runs by itself every `maintenanceMs`. */
  maintain(): Promise<void>;
  /** Sends the mails that are due. Runs by itself after each act and every `mail.pollMs`. */
  deliverMails(): Promise<void>;
  /** Stops the timers, waits for mails under way and writes the last uses. The database stays open. */
  close(): Promise<void>;
}

export interface IdentityOptions {
  readonly database: Database;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly config?: IdentityConfigInput;
  readonly observe?: Observe;
  readonly log?: Logger;
  /** For what is kept and read again: seeds of authenticator apps, values of mails. */
  readonly envelopes?: Envelopes;
  /** Without it no mail is written, and what needs one is refused with `not-configured`. Needs `envelopes`. */
  readonly mailer?: Mailer;
  readonly passkeys?: PasskeySite;
  /** Replaces argon2id. For tests that count calls. */
  readonly hasher?: PasswordHasher;
}

export function createIdentity(options: IdentityOptions): Identity {
  const context = createContext(options);
  const sessions = new Sessions(context);
  const tokens = createTokens(context, sessions);
  const delivery = deliveryOf(options, context);
  const apiKeys = new ApiKeyService(context, sessions);
  const flushUses = async (): Promise<void> => {
    await Promise.all([sessions.flushTouches(), apiKeys.flushUses()]);
  };
  const stopping = new AbortController();
  const beating = repeat(stopping.signal, beatOf(context, sessions, tokens, flushUses));

  const changing = async <T>(act: () => Promise<T>): Promise<T> => {
    await sessions.keepUp();
    const result = await act();
    await sessions.announce();
    delivery?.kick();
    return result;
  };
  const mailing = async <T>(act: () => Promise<T>): Promise<T> => {
    const result = await act();
    delivery?.kick();
    return result;
  };

  return {
    signUp: (input, client) => mailing(() => signUp(context, sessions, input, client)),
    signIn: (input, client) => mailing(() => signIn(context, sessions, input, client)),
    completeSignIn: (input, client) => mailing(() => completeSignIn(context, sessions, input, client)),
    startPasskeySecondFactor: (challenge) => startPasskeySecondFactor(context, challenge),
    startPasskeySignIn: () => startPasskeySignIn(context),
    signInWithPasskey: (response, client) =>
      mailing(() => signInWithPasskey(context, sessions, response, client)),
    credentials: createCredentials(context, sessions, changing, mailing),
    factors: createSecondFactors(context, sessions, changing),
    tokens,
    authenticate: (token) => sessions.authenticate(token),
    touch: (sessionId) => sessions.touch(sessionId),
    signOut: async (sessionId) => {
      await sessions.end(sessionId, null, "signed-out");
    },
    signOutEverywhere: (userId) => sessions.endAll(userId, "signed-out-everywhere"),
    sessions: (userId) => sessions.list(userId),
    revokeSession: (userId, sessionId) => sessions.end(sessionId, userId, "revoked"),
    onSessionEnded: (listener) => sessions.onEnded(listener),
    updateName: (userId, name) => changing(() => updateName(context, userId, name)),
    eraseAccount: (who) => changing(() => eraseOwn(context, who)),
    findUsers: (query) => findUsers(context, query),
    getUsers: (ids, filter) => getUsers(context, ids, filter),
    issueTicket: (session) => issueTicket(context, session),
    redeemTicket: (ticket) => redeemTicket(context, sessions, ticket),
    adminExists: () => adminExists(context.database),
    createAdminInvitation: () => createAdminInvitation(context),
    administration: createAdministration(context, sessions, changing),
    tenants: createTenants(context, changing),
    apiKeys: {
      create: (subject, key) => apiKeys.create(subject, key),
      of: (userId) => apiKeys.of(userId),
      ofTenant: (actor, tenantId) => apiKeys.ofTenant(actor, tenantId),
      revoke: (actor, keyId) => apiKeys.revoke(actor, keyId),
      authenticate: (secret) => apiKeys.authenticate(secret),
    },
    maintain: async () => {
      // A use that is not written yet must not look like idleness.
      await flushUses();
      await changing(() => maintain(context, tokens));
    },
    deliverMails: async () => delivery?.deliver(),
    async close() {
      stopping.abort();
      await Promise.all([beating, delivery?.stop()]);
      await flushUses().catch((error: unknown) => {
        context.log.warn({ err: error }, "the last uses of sessions and keys were not written");
      });
    },
  };
}

function deliveryOf({ mailer, envelopes }: IdentityOptions, context: Context): Delivery | null {
  if (mailer === undefined) {
    if (context.config.requireVerifiedEmail) throw new TypeError("requireVerifiedEmail needs a mailer");
    return null;
  }
  if (envelopes === undefined) throw new TypeError("a mailer needs envelopes: mails wait with their links");
  return startDelivery(context, mailer, envelopes);
}

function createContext(options: IdentityOptions): Context {
  const { database, clock = systemClock, random = systemRandom, observe, log = silentLogger } = options;
  const config = resolveConfig(options.config);
  const queue = turnQueue(config.hashing.concurrency, config.hashing.queue);
  return {
    database,
    clock,
    random,
    config,
    log,
    hasher: options.hasher ?? argon2Hasher(config.argon2, queue, random),
    newId: uuidV7Generator(clock, random),
    observe: observe ?? (async () => {}),
    envelopes: options.envelopes ?? null,
    passkeys: options.passkeys ?? null,
    mails: options.mailer !== undefined,
  };
}

/** One beat: hear what others changed, write last uses, and now and then tidy up. Answers when the next is due. */
function beatOf(
  context: Context,
  sessions: Sessions,
  tokens: TokenService,
  flushUses: () => Promise<void>,
): () => Promise<number> {
  const { maintenanceMs } = context.config;
  const { pollMs } = context.config.session;
  const hear = loggedOnce(
    context,
    "cannot read changes of sessions; checks wait for the database",
    async () => {
      await sessions.sync();
      await flushUses();
    },
  );
  const tidy = loggedOnce(context, "cannot tidy up; it is tried again", () => maintain(context, tokens));
  let maintainedAt = context.clock.monotonic();
  return async () => {
    const isHeard = await hear();
    if (!isHeard || context.clock.monotonic() - maintainedAt < maintenanceMs) return pollMs;
    maintainedAt = context.clock.monotonic();
    await tidy();
    return pollMs;
  };
}

/** False: it failed. Of failures in a row the first is logged: an outage is one line, not one for every beat. */
function loggedOnce(context: Context, message: string, act: () => Promise<void>): () => Promise<boolean> {
  let failing = false;
  return async () => {
    try {
      await act();
      failing = false;
    } catch (error) {
      if (!failing) context.log.warn({ err: error }, message);
      failing = true;
    }
    return !failing;
  };
}
