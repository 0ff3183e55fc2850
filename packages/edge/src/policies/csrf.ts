import type { Clock, Random } from "@rempart/kernel";
import { readCookie } from "../cookies.ts";
import type { Exchange } from "../exchange.ts";
import { isSameOrigin, type OriginList } from "../origin.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { rejectBecause, type Verdict } from "../verdict.ts";
import { type CsrfMac, type CsrfTokens, createCsrfTokens, hmacOf } from "./csrf-token.ts";
import type { Policy } from "./policy.ts";

export interface CsrfConfig {
  /** At least 32 bytes, the same in every replica. A fresh one per process when absent. */
  readonly secret?: Uint8Array;
  /** Instead of a secret: whoever keeps keys that rotate makes and checks the tags of tokens. */
  readonly mac?: CsrfMac;
  /** Cookie whose value a token is bound to: a token planted before sign-in is worth nothing after it. */
  readonly sessionCookie?: string;
  readonly tokenCookie?: string;
  readonly tokenHeader?: string;
  readonly tokenLifetimeSeconds?: number;
}

/** Hands out double-submit tokens, for the handler of `GET /api/csrf-token`. */
export interface CsrfIssuer {
  issue(cookieHeader: string | undefined): Promise<{ readonly token: string; readonly setCookie: string }>;
}

/** Why a request was refused, as its outcome says. What a client may have sent by mistake is told from what a page cannot. */
type CsrfReason =
  | "cross-site"
  /** Another host of our domain. */
  | "same-site"
  /** From a browser that sends no `Sec-Fetch-Site`. */
  | "other-origin"
  | "token-missing"
  /** What the header says is not what the cookie says. */
  | "token-mismatch"
  /** Expired, of another session, or not ours. */
  | "token-invalid";

const refused = (reason: CsrfReason): Verdict => rejectBecause(reason, EDGE_PROBLEMS.csrf);
const CROSS_SITE = refused("cross-site");
const SAME_SITE = refused("same-site");
const OTHER_ORIGIN = refused("other-origin");
const TOKEN_MISSING = refused("token-missing");
const TOKEN_MISMATCH = refused("token-mismatch");
const TOKEN_INVALID = refused("token-invalid");
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
const DEFAULT_LIFETIME_SECONDS = 12 * 3600;

interface Settings {
  readonly tokens: CsrfTokens;
  readonly trusted: OriginList | null;
  readonly sessionCookie: string | null;
  readonly tokenCookie: string;
  readonly tokenHeader: string;
}

export function compileCsrf(
  config: CsrfConfig,
  trusted: OriginList | null,
  clock: Clock,
  random: Random,
): { policy: Policy; issuer: CsrfIssuer } {
  const lifetimeSeconds = config.tokenLifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;
  const mac = config.mac ?? hmacOf(config.secret ?? random.bytes(32));
  const settings: Settings = {
    tokens: createCsrfTokens({ mac, lifetimeSeconds, clock, random }),
    trusted,
    sessionCookie: config.sessionCookie ?? null,
    tokenCookie: config.tokenCookie ?? "__Host-csrf",
    tokenHeader: (config.tokenHeader ?? "x-csrf-token").toLowerCase(),
  };
  return { policy: (exchange) => decide(exchange, settings), issuer: issuer(settings, lifetimeSeconds) };
}

/** What the browser itself says comes first; a token is asked only of clients that say nothing. */
function decide(exchange: Exchange, settings: Settings): Verdict | null | Promise<Verdict | null> {
  const { facts, matched } = exchange;
  if (SAFE_METHODS.has(facts.method) || !matched.csrf) return null;
  const origin = facts.header("origin");
  const site = facts.header("sec-fetch-site");
  if (site === "same-origin" || site === "none") return null;
  if (origin !== undefined && settings.trusted?.allows(origin)) return null;
  if (site !== undefined) return site === "same-site" ? SAME_SITE : CROSS_SITE;
  if (origin !== undefined) {
    return isSameOrigin(origin, facts.header("host"), exchange.scheme) ? null : OTHER_ORIGIN;
  }
  if (hasExplicitCredentials(exchange)) return null;
  return checkToken(exchange, settings);
}

/** A browser attaches cookies by itself, never these: whoever sends them could not be tricked into it. */
function hasExplicitCredentials({ facts }: Exchange): boolean {
  if (facts.header("x-api-key") !== undefined) return true;
  const authorization = facts.header("authorization");
  return authorization !== undefined && authorization.slice(0, 7).toLowerCase() === "bearer ";
}

async function checkToken({ facts }: Exchange, settings: Settings): Promise<Verdict | null> {
  const cookies = facts.header("cookie");
  const sent = facts.header(settings.tokenHeader);
  const kept = readCookie(cookies, settings.tokenCookie);
  if (sent === undefined || kept === null) return TOKEN_MISSING;
  if (sent !== kept) return TOKEN_MISMATCH;
  return (await settings.tokens.verify(sent, binding(cookies, settings))) ? null : TOKEN_INVALID;
}

function binding(cookies: string | undefined, { sessionCookie }: Settings): string {
  return sessionCookie === null ? "" : (readCookie(cookies, sessionCookie) ?? "");
}

function issuer(settings: Settings, lifetimeSeconds: number): CsrfIssuer {
  return {
    async issue(cookieHeader) {
      const token = await settings.tokens.issue(binding(cookieHeader, settings));
      const attributes = `Path=/; Max-Age=${lifetimeSeconds}; Secure; HttpOnly; SameSite=Strict`;
      return { token, setCookie: `${settings.tokenCookie}=${token}; ${attributes}` };
    },
  };
}
