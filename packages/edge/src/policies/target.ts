import { parseOrigin } from "../origin.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { reject, type Verdict } from "../verdict.ts";
import type { Policy } from "./policy.ts";

const MALFORMED = reject(EDGE_PROBLEMS.malformedTarget, "Connection", "close");
const MISSING_HOST = reject(EDGE_PROBLEMS.missingHost, "Connection", "close");
const MISDIRECTED = reject(EDGE_PROBLEMS.misdirected);
const DENIED = reject(EDGE_PROBLEMS.denied);
const ORIGIN_MISSING = reject(EDGE_PROBLEMS.origin);
const UPGRADE_REFUSED = reject(EDGE_PROBLEMS.upgradeRefused);

export const wellFormed: Policy = ({ matched }) => (matched.wellFormed ? null : MALFORMED);

/**
 * Exactly one Host (RFC 9112, 3.2), and one of ours when they are listed: a page that rebinds its own name to our address
 * would otherwise be "same origin" with us.
 */
export function host(hosts: readonly string[] | undefined): Policy {
  const served = hosts === undefined ? null : new Set(hosts.map((name) => name.toLowerCase()));
  return ({ facts }) => {
    const named = facts.header("host");
    if (named === undefined || facts.repeated("host")) return MISSING_HOST;
    if (served === null || served.has(named) || served.has(named.toLowerCase())) return null;
    return MISDIRECTED;
  };
}

export function methods(allowed: readonly string[]): Policy {
  const set = new Set(allowed);
  const refused = reject(EDGE_PROBLEMS.method, "Allow", allowed.join(", "));
  return ({ facts }) => (set.has(facts.method) ? null : refused);
}

export const deny: Policy = ({ matched }) => (matched.deny ? DENIED : null);

/** Sends plain http to https on the same host, which must be one of `hosts`: never where the request points. */
export function httpsOnly(hosts: readonly string[]): Policy {
  const served = new Set(hosts);
  return ({ scheme, facts }): Verdict | null => {
    const named = facts.header("host")?.toLowerCase();
    if (scheme !== "http" || named === undefined || !served.has(named)) return null;
    const origin = parseOrigin(`https://${named}`);
    if (origin === null) return MISDIRECTED;
    return { kind: "redirect", status: 308, location: `https://${origin.host}${facts.target}` };
  };
}

/** A browser always says where a WebSocket comes from; without that, only a route made for other clients takes it. */
export const upgrade: Policy = ({ facts, matched }) => {
  if (!facts.upgrade) return null;
  if (facts.method !== "GET" || matched.webSocket === null) return UPGRADE_REFUSED;
  if (matched.webSocket === "browser" && facts.header("origin") === undefined) return ORIGIN_MISSING;
  return null;
};
