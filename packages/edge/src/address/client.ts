import type { RequestFacts } from "../facts.ts";
import { trustedForwardedElement, trustedListElement } from "./forwarded.ts";
import { type Address, parseAddress, UNKNOWN_ADDRESS } from "./ip.ts";

export interface TrustedProxies {
  /** How many proxies of ours stand in front. The peer is the nearest one; each appends one element. */
  readonly hops: number;
  /** The one header our proxies write. The other is ignored, since nobody we trust wrote it. */
  readonly header?: "x-forwarded-for" | "forwarded";
}

export interface Client {
  readonly address: Address;
  /** How the client reached the outermost trusted hop; null when that hop does not say. */
  readonly scheme: "http" | "https" | null;
}

/** Distinct addresses remembered, so that parsing is paid once per client and not once per request. */
const CACHE_ENTRIES = 4096;

/** Reads who asks. Without trusted proxies the connection itself is the answer and every header is ignored. */
export function clientReader(proxies: TrustedProxies | undefined): (facts: RequestFacts) => Client {
  const known = new Map<string, Address>();
  const addressOf = (text: string): Address => {
    const cached = known.get(text);
    if (cached !== undefined) return cached;
    const address = parseAddress(text) ?? UNKNOWN_ADDRESS;
    if (known.size >= CACHE_ENTRIES) known.clear();
    known.set(text, address);
    return address;
  };
  if (proxies === undefined || proxies.hops === 0) return directReader(addressOf);
  const { hops } = proxies;
  const read = proxies.header === "forwarded" ? readForwarded : readXForwarded;
  return (facts) => {
    const { text, proto } = read(facts, hops);
    const claimed = text === null ? UNKNOWN_ADDRESS : addressOf(text);
    return {
      address: claimed === UNKNOWN_ADDRESS ? addressOf(facts.peer) : claimed,
      scheme: proto === "http" || proto === "https" ? proto : null,
    };
  };
}

function directReader(addressOf: (text: string) => Address): (facts: RequestFacts) => Client {
  const clear = new Map<Address, Client>();
  return (facts) => {
    const address = addressOf(facts.peer);
    if (facts.encrypted) return { address, scheme: "https" };
    let client = clear.get(address);
    if (client === undefined) {
      client = { address, scheme: "http" };
      if (clear.size >= CACHE_ENTRIES) clear.clear();
      clear.set(address, client);
    }
    return client;
  };
}

interface Claim {
  readonly text: string | null;
  readonly proto: string | null;
}

function readXForwarded(facts: RequestFacts, hops: number): Claim {
  const list = facts.header("x-forwarded-for");
  const proto = facts.header("x-forwarded-proto");
  return {
    text: list === undefined ? null : trustedListElement(list, hops),
    proto: proto === undefined ? null : trustedListElement(proto, hops).toLowerCase(),
  };
}

function readForwarded(facts: RequestFacts, hops: number): Claim {
  const header = facts.header("forwarded");
  const element = header === undefined ? null : trustedForwardedElement(header, hops);
  return { text: element?.for ?? null, proto: element?.proto ?? null };
}
