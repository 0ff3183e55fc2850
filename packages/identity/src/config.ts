import { availableParallelism } from "node:os";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How failed sign-ins under one key slow down: the first `free` cost nothing, then each doubles the wait up to `maxDelayMs`. */
export interface AttemptPolicy {
  readonly free: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export interface IdentityConfig {
  /** Words of this installation that a password must not be built on (its product, its company). */
  readonly contextWords: readonly string[];
  readonly session: {
    /** A session unused for longer is over. */
    readonly idleMs: number;
    /** No session lives longer than this after its sign-in. */
    readonly absoluteMs: number;
    /** `last_used_at` is written at most once in this time. */
    readonly touchEveryMs: number;
    /** Live sessions of one account; one more ends the one used the longest ago. */
    readonly perAccount: number;
    /** Sessions kept in memory; about 1 KiB each. */
    readonly cacheEntries: number;
    /** A cached answer is never older than this; past it, the database is asked before anything is answered. */
    readonly maxStalenessMs: number;
    /** How often this process asks what other processes changed. Must be less than `maxStalenessMs`. */
    readonly pollMs: number;
    /** Ended sessions are kept this long, for the account's history and to know familiar addresses. */
    readonly keepEndedMs: number;
    /**
     * For this long a replaced token still works and its refresh gives its successor again: two tabs may refresh at once, and
     * requests may be under way. Later, its refresh ends the session.
     */
    readonly refreshGraceMs: number;
    /** A pause in use that ends a stretch of it. */
    readonly pauseMs: number;
    /** A stretch of use that is longer is reported. */
    readonly longMs: number;
  };
  /** Access tokens and the keys that sign them. */
  readonly tokens: {
    readonly issuer: string;
    readonly audience: string;
    readonly lifetimeMs: number;
    /** How far the clocks of issuer and checker may be apart. */
    readonly toleranceMs: number;
    /** A larger token is neither issued nor looked at. */
    readonly maxBytes: number;
    /** Checked tokens kept in memory; about 1 KiB each. */
    readonly cacheEntries: number;
    /** A new signing key is made when the newest is older. */
    readonly rotateEveryMs: number;
    /** From the publication of a key to its first signature: longer than verifiers keep the published set. */
    readonly publishAheadMs: number;
    /** How long a key is accepted after its last signature. */
    readonly overlapMs: number;
  };
  readonly tenants: {
    /** Organisations one account may be a member of. */
    readonly perAccount: number;
    readonly members: number;
    readonly invitationMs: number;
  };
  readonly apiKeys: {
    /** No key lives longer than this. */
    readonly lifetimeMs: number;
    readonly perAccount: number;
    /** Keys kept in memory; about 1 KiB each. */
    readonly cacheEntries: number;
  };
  /** argon2id. Defaults: OWASP Password Storage Cheat Sheet, 19 MiB, two passes, one lane. */
  readonly argon2: { readonly memoryKiB: number; readonly passes: number; readonly lanes: number };
  readonly hashing: {
    /** Hashes at once, each on a thread of its own with `memoryKiB`. Unless told: one less than there are cores, 8 at most. */
    readonly concurrency: number;
    /** Callers that may wait for their turn; one more is refused with `unavailable`. */
    readonly queue: number;
  };
  readonly attempts: {
    /** One account from one address: the usual guesser. */
    readonly pair: AttemptPolicy;
    /** One account from anywhere it has not signed in from before: the distributed guesser. */
    readonly account: AttemptPolicy;
    /** One address (IPv6: one /64) against any account: the sprayer. */
    readonly address: AttemptPolicy;
    /** Second factors, and the password of who is signed in already: the guesser has one half. */
    readonly factor: AttemptPolicy;
    /** A key untouched for this long starts afresh. */
    readonly forgetMs: number;
  };
  /** A sign-up becomes an account when its mail's link is followed, and does not tell whether an address is taken. */
  readonly requireVerifiedEmail: boolean;
  readonly links: {
    readonly verifyEmailMs: number;
    readonly resetPasswordMs: number;
    readonly changeEmailMs: number;
    /** How long the old address can undo a change; nobody else can take it meanwhile. */
    readonly undoEmailChangeMs: number;
    /** Links of one purpose for one address within `windowMs`; past it, no further mail goes out. */
    readonly perAddress: number;
    readonly windowMs: number;
  };
  readonly factors: {
    /** Whom an authenticator app shows a code for. */
    readonly issuer: string;
    /** From the password to the second factor, and from a passkey's challenge to its answer. */
    readonly challengeMs: number;
    /** From a shown seed to its first code. */
    readonly enrolmentMs: number;
    /** Changing factors or the address asks for a proof no older than this. */
    readonly freshMs: number;
    readonly passkeysPerAccount: number;
  };
  readonly mail: {
    /** The language of people who chose none. */
    readonly language: string;
    readonly newSignIn: boolean;
    /** How often the outbox is looked at. An act of this process is heard of at once. */
    readonly pollMs: number;
    /** Longer than the mailer's own time-out: a mail not settled by then is sent again. */
    readonly leaseMs: number;
    readonly firstRetryMs: number;
    readonly maxRetryMs: number;
    /** Notices without a link are given up after this. */
    readonly noticeMs: number;
  };
  readonly invitationMs: number;
  readonly ticketMs: number;
  readonly maintenanceMs: number;
}

export const defaultConfig: IdentityConfig = {
  contextWords: ["rempart"],
  session: {
    idleMs: 7 * DAY,
    absoluteMs: 30 * DAY,
    touchEveryMs: MINUTE,
    perAccount: 100,
    cacheEntries: 100_000,
    maxStalenessMs: SECOND,
    pollMs: 400,
    keepEndedMs: 30 * DAY,
    refreshGraceMs: 30 * SECOND,
    pauseMs: 30 * MINUTE,
    longMs: 8 * HOUR,
  },
  tokens: {
    issuer: "rempart",
    audience: "rempart",
    lifetimeMs: 15 * MINUTE,
    toleranceMs: 30 * SECOND,
    maxBytes: 4096,
    cacheEntries: 50_000,
    rotateEveryMs: 30 * DAY,
    publishAheadMs: 10 * MINUTE,
    overlapMs: DAY,
  },
  tenants: { perAccount: 50, members: 10_000, invitationMs: 7 * DAY },
  apiKeys: { lifetimeMs: 365 * DAY, perAccount: 50, cacheEntries: 10_000 },
  argon2: { memoryKiB: 19_456, passes: 2, lanes: 1 },
  hashing: { concurrency: Math.min(8, Math.max(1, availableParallelism() - 1)), queue: 256 },
  attempts: {
    pair: { free: 5, firstDelayMs: SECOND, maxDelayMs: 15 * MINUTE },
    account: { free: 20, firstDelayMs: SECOND, maxDelayMs: 30 * SECOND },
    address: { free: 50, firstDelayMs: SECOND, maxDelayMs: 15 * MINUTE },
    factor: { free: 5, firstDelayMs: SECOND, maxDelayMs: 15 * MINUTE },
    forgetMs: DAY,
  },
  requireVerifiedEmail: false,
  links: {
    verifyEmailMs: DAY,
    resetPasswordMs: HOUR,
    changeEmailMs: HOUR,
    undoEmailChangeMs: 7 * DAY,
    perAddress: 3,
    windowMs: HOUR,
  },
  factors: {
    issuer: "Rempart",
    challengeMs: 5 * MINUTE,
    enrolmentMs: 15 * MINUTE,
    freshMs: 10 * MINUTE,
    passkeysPerAccount: 20,
  },
  mail: {
    language: "en",
    newSignIn: true,
    pollMs: 5 * SECOND,
    leaseMs: MINUTE,
    firstRetryMs: 5 * SECOND,
    maxRetryMs: HOUR,
    noticeMs: 2 * DAY,
  },
  invitationMs: DAY,
  ticketMs: 30 * SECOND,
  maintenanceMs: MINUTE,
};

/** Each group may be given in part; what is absent keeps its default. */
export type IdentityConfigInput = {
  readonly [Group in keyof IdentityConfig]?: IdentityConfig[Group] extends
    | readonly string[]
    | number
    | boolean
    ? IdentityConfig[Group]
    : Partial<IdentityConfig[Group]>;
};

/** The defaults with `input` on top. Throws `TypeError` for values that contradict each other. */
export function resolveConfig(input: IdentityConfigInput = {}): IdentityConfig {
  const config: IdentityConfig = {
    contextWords: input.contextWords ?? defaultConfig.contextWords,
    session: { ...defaultConfig.session, ...input.session },
    tokens: { ...defaultConfig.tokens, ...input.tokens },
    tenants: { ...defaultConfig.tenants, ...input.tenants },
    apiKeys: { ...defaultConfig.apiKeys, ...input.apiKeys },
    argon2: { ...defaultConfig.argon2, ...input.argon2 },
    hashing: { ...defaultConfig.hashing, ...input.hashing },
    attempts: { ...defaultConfig.attempts, ...input.attempts },
    requireVerifiedEmail: input.requireVerifiedEmail ?? defaultConfig.requireVerifiedEmail,
    links: { ...defaultConfig.links, ...input.links },
    factors: { ...defaultConfig.factors, ...input.factors },
    mail: { ...defaultConfig.mail, ...input.mail },
    invitationMs: input.invitationMs ?? defaultConfig.invitationMs,
    ticketMs: input.ticketMs ?? defaultConfig.ticketMs,
    maintenanceMs: input.maintenanceMs ?? defaultConfig.maintenanceMs,
  };
  const { session, tokens, hashing } = config;
  demand(session.pollMs < session.maxStalenessMs, "session.pollMs must be less than session.maxStalenessMs");
  demand(session.idleMs <= session.absoluteMs, "session.idleMs must not exceed session.absoluteMs");
  demand(session.touchEveryMs < session.idleMs, "session.touchEveryMs must be less than session.idleMs");
  demand(session.cacheEntries >= 1, "session.cacheEntries must be at least 1");
  demand(session.refreshGraceMs >= 0, "session.refreshGraceMs must not be negative");
  demand(session.pauseMs > session.touchEveryMs, "session.pauseMs must be more than session.touchEveryMs");
  demand(
    tokens.overlapMs >= tokens.lifetimeMs + tokens.toleranceMs,
    "tokens.overlapMs must not be less than the tokens live",
  );
  demand(tokens.lifetimeMs >= 1000, "tokens.lifetimeMs must be at least a second");
  demand(hashing.concurrency >= 1 && hashing.queue >= 0, "hashing needs at least one at a time");
  return config;
}

function demand(condition: boolean, message: string): void {
  if (!condition) throw new TypeError(message);
}
