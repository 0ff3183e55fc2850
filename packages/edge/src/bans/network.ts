import { addressGroups, parseAddress } from "../address/ip.ts";

/** A range of addresses; first and last in the form of `addressGroups`. */
export interface Network {
  readonly first: string;
  readonly last: string;
  readonly prefix: number;
}

const GROUP_BITS = 16;
/** One household owns a whole /64: a ban of one of its addresses would be left behind in a second. */
const DEFAULT_V6_PREFIX = 64;

/**
 * Reads `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`. A lone IPv6 address means its /64; say /128 for one address. Null for
 * anything else, an IPv4-mapped network and bits set behind the prefix included: the writer meant something else.
 */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf("/");
  const base = parseAddress(slash < 0 ? text : text.slice(0, slash));
  const groups = base === null ? null : addressGroups(base.text);
  if (groups === null) return null;
  const bits = groups.length * GROUP_BITS;
  if (slash < 0) return networkOf(groups, bits === 32 ? 32 : DEFAULT_V6_PREFIX);
  const prefix = parsePrefix(text, slash + 1);
  const isMapped = bits === 32 && text.includes(":");
  if (prefix < 0 || prefix > bits || isMapped) return null;
  const network = networkOf(groups, prefix);
  return network.first === groups ? network : null;
}

function parsePrefix(text: string, from: number): number {
  const digits = text.length - from;
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(from) === 48)) return -1;
  let value = 0;
  for (let i = from; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function networkOf(groups: string, prefix: number): Network {
  let first = "";
  let last = "";
  for (let i = 0; i < groups.length; i += 1) {
    const free = Math.min(GROUP_BITS, Math.max(0, (i + 1) * GROUP_BITS - prefix));
    const host = 2 ** free - 1;
    const group = groups.charCodeAt(i) & ~host;
    first += String.fromCharCode(group);
    last += String.fromCharCode(group | host);
  }
  return { first, last, prefix };
}
