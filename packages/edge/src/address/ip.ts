/** An address as the edge keeps it. */
export interface Address {
  /** Canonical text: dotted decimal, or RFC 5952; an IPv4-mapped IPv6 address is its IPv4 address. */
  readonly text: string;
  /** What limits and bans are keyed by: the address for IPv4, its /64 for IPv6, since one household owns a whole /64. */
  readonly key: string;
}

export const UNKNOWN_ADDRESS: Address = { text: "", key: "unknown" };

/** Longest text worth reading: a full IPv6 address with an embedded IPv4 tail, brackets, port and a zone. */
const MAX_TEXT = 80;
const DOT = 46;
const COLON = 58;

/** Accepts an address alone, `[v6]`, `[v6]:port` and `v4:port` (as proxies write them); null for anything else. */
export function parseAddress(text: string): Address | null {
  if (text.length === 0 || text.length > MAX_TEXT) return null;
  const bare = stripPort(text);
  if (bare === null) return null;
  if (!bare.includes(":")) return v4Address(parseV4(bare, 0));
  const zone = bare.indexOf("%");
  const groups = parseV6(zone < 0 ? bare : bare.slice(0, zone));
  return groups === null ? null : v6Address(groups);
}

/**
 * The 16-bit groups of canonical text (`Address.text`): two for IPv4, eight for IPv6; null for anything else. As a string,
 * since strings compare by code unit: their order is the order of the addresses.
 */
export function addressGroups(text: string): string | null {
  if (text.length > MAX_TEXT) return null;
  if (text.includes(":")) {
    const groups = parseV6(text);
    return groups === null ? null : String.fromCharCode(...groups);
  }
  const value = parseV4(text, 0);
  return value < 0 ? null : String.fromCharCode(Math.floor(value / 65536), value % 65536);
}

function stripPort(text: string): string | null {
  if (text.charCodeAt(0) === 91) {
    const end = text.indexOf("]");
    if (end < 0) return null;
    const inside = text.slice(1, end);
    return inside.includes(":") && isPortOrNothing(text, end + 1) ? inside : null;
  }
  const colon = text.indexOf(":");
  if (colon < 0 || text.indexOf(":", colon + 1) >= 0) return text;
  return isPortOrNothing(text, colon) ? text.slice(0, colon) : null;
}

function isPortOrNothing(text: string, from: number): boolean {
  if (from === text.length) return true;
  if (text.charCodeAt(from) !== COLON || text.length - from > 6 || text.length - from < 2) return false;
  for (let i = from + 1; i < text.length; i += 1) if (!isDigit(text.charCodeAt(i))) return false;
  return true;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Four octets as one number, or -1. Leading zeros are refused: some readers take them for octal. */
export function parseV4(text: string, from: number): number {
  let value = 0;
  let octet = -1;
  let digits = 0;
  let octets = 0;
  for (let i = from; i <= text.length; i += 1) {
    const code = i === text.length ? DOT : text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || octet > 255 || octets === 4) return -1;
      value = value * 256 + octet;
      octets += 1;
      octet = -1;
      digits = 0;
    } else if (isDigit(code) && digits < 3 && octet !== 0) {
      octet = Math.max(octet, 0) * 10 + (code - 48);
      digits += 1;
    } else return -1;
  }
  return octets === 4 ? value : -1;
}

function v4Address(value: number): Address | null {
  if (value < 0) return null;
  const text = `${Math.floor(value / 16777216)}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
  return { text, key: text };
}

/** Eight groups of 16 bits, or null (RFC 4291, 2.2). */
export function parseV6(text: string): number[] | null {
  const groups: number[] = [];
  let gap = -1;
  let i = 0;
  if (text.startsWith("::")) {
    gap = 0;
    i = 2;
  }
  while (i < text.length) {
    const end = groupEnd(text, i);
    if (text.charCodeAt(end) === DOT) {
      const tail = parseV4(text, i);
      if (tail < 0) return null;
      groups.push(Math.floor(tail / 65536), tail % 65536);
      break;
    }
    const group = parseGroup(text, i, end);
    if (group < 0 || groups.length === 8) return null;
    groups.push(group);
    if (end === text.length) break;
    i = end + 1;
    if (text.charCodeAt(i) === COLON) {
      if (gap >= 0) return null;
      gap = groups.length;
      i += 1;
    } else if (i === text.length) return null;
  }
  return expand(groups, gap);
}

function groupEnd(text: string, from: number): number {
  let i = from;
  while (i < text.length && text.charCodeAt(i) !== COLON && text.charCodeAt(i) !== DOT) i += 1;
  return i;
}

function parseGroup(text: string, from: number, to: number): number {
  if (to === from || to - from > 4) return -1;
  let value = 0;
  for (let i = from; i < to; i += 1) {
    const digit = hexDigit(text.charCodeAt(i));
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function hexDigit(code: number): number {
  if (isDigit(code)) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function expand(groups: number[], gap: number): number[] | null {
  if (gap < 0) return groups.length === 8 ? groups : null;
  if (groups.length > 7) return null;
  const zeros = new Array<number>(8 - groups.length).fill(0);
  return [...groups.slice(0, gap), ...zeros, ...groups.slice(gap)];
}

function v6Address(groups: number[]): Address | null {
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return v4Address((groups[6] as number) * 65536 + (groups[7] as number));
  const prefix = groups.slice(0, 4).map((group) => group.toString(16));
  return { text: formatV6(groups), key: `${prefix.join(":")}::/64` };
}

/** RFC 5952: the longest run of two or more zero groups is left out, the first one when several are as long. */
function formatV6(groups: readonly number[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i += 1) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length += 1;
    if (length > bestLength) {
      bestStart = i;
      bestLength = length;
    }
    if (length > 0) i += length - 1;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(":");
  return `${hex.slice(0, bestStart).join(":")}::${hex.slice(bestStart + bestLength).join(":")}`;
}
