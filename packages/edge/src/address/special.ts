/** Which addresses of the Internet are not public: the IANA special-purpose registries (RFC 6890) and the clouds' own. */
import { parseAddress, parseV4, parseV6 } from "./ip.ts";

export type AddressKind =
  | "public"
  | "loopback"
  | "private"
  | "link-local"
  /** Where a cloud hands credentials to its machines. */
  | "metadata"
  /** RFC 6598: shared by the customers of one network. */
  | "carrier-grade-nat"
  | "multicast"
  /** Everything else that is no public host: documentation, benchmarks, translation, tunnels, the future. */
  | "reserved";

type Range = readonly [first: string, prefix: number, kind: AddressKind];

/** The first range that holds an address says what it is. */
const V4_RANGES: readonly Range[] = [
  ["169.254.169.254", 32, "metadata"],
  ["169.254.170.2", 32, "metadata"],
  ["168.63.129.16", 32, "metadata"],
  ["100.100.100.200", 32, "metadata"],
  ["192.0.0.192", 32, "metadata"],
  ["0.0.0.0", 8, "reserved"],
  ["10.0.0.0", 8, "private"],
  ["100.64.0.0", 10, "carrier-grade-nat"],
  ["127.0.0.0", 8, "loopback"],
  ["169.254.0.0", 16, "link-local"],
  ["172.16.0.0", 12, "private"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.2.0", 24, "reserved"],
  ["192.31.196.0", 24, "reserved"],
  ["192.52.193.0", 24, "reserved"],
  ["192.88.99.0", 24, "reserved"],
  ["192.168.0.0", 16, "private"],
  ["192.175.48.0", 24, "reserved"],
  ["198.18.0.0", 15, "reserved"],
  ["198.51.100.0", 24, "reserved"],
  ["203.0.113.0", 24, "reserved"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
];

/** Inside 2000::/3, the only space of public addresses there is (RFC 4291, 2.4). */
const V6_RESERVED: readonly (readonly [first: string, prefix: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["2620:4f:8000::", 48],
  ["3fff::", 20],
];

const V4_TABLE = V4_RANGES.map(([first, prefix, kind]) => ({
  first: parseV4(first, 0),
  size: 2 ** (32 - prefix),
  kind,
}));
const V6_TABLE = V6_RESERVED.map(([first, prefix]) => ({
  first: top48(parseV6(first) as number[]),
  size: 2 ** (48 - prefix),
}));
/** `fd00:ec2::254` of one cloud and `fd20:ce::254` of another. */
const V6_METADATA = new Set(["fd00:ec2::254", "fd20:ce::254"]);

/**
 * What kind of address this text is; null when it is none. An IPv4 address inside an IPv6 one is judged where the operating
 * system would connect to it (mapped); every other way to embed one (NAT64, 6to4, Teredo, compatible) is `reserved`, since a
 * translator on the way could lead anywhere.
 */
export function classifyAddress(text: string): AddressKind | null {
  const address = parseAddress(text);
  if (address === null) return null;
  if (!address.text.includes(":")) return classifyV4(parseV4(address.text, 0));
  return V6_METADATA.has(address.text) ? "metadata" : classifyV6(parseV6(address.text) as number[]);
}

function classifyV4(value: number): AddressKind {
  return V4_TABLE.find(({ first, size }) => value >= first && value < first + size)?.kind ?? "public";
}

function classifyV6(groups: readonly number[]): AddressKind {
  const head = groups[0] as number;
  if (groups.every((group, i) => group === (i === 7 ? 1 : 0))) return "loopback";
  if ((head & 0xfe00) === 0xfc00) return "private";
  if ((head & 0xffc0) === 0xfe80) return "link-local";
  if ((head & 0xff00) === 0xff00) return "multicast";
  if ((head & 0xe000) !== 0x2000) return "reserved";
  const value = top48(groups);
  return V6_TABLE.some(({ first, size }) => value >= first && value < first + size) ? "reserved" : "public";
}

/** The first 48 bits as one number: as long as the longest prefix in the table. */
function top48([a = 0, b = 0, c = 0]: readonly number[]): number {
  return a * 2 ** 32 + b * 2 ** 16 + c;
}
