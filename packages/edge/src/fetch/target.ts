import { type AddressKind, classifyAddress } from "../address/special.ts";

/** Why a target is refused. */
export type TargetRefusal = "url" | "scheme" | "port" | "credentials" | "address" | "unresolved";

export interface TargetRules {
  readonly schemes: readonly string[];
  readonly ports: readonly number[];
  /** Kinds of address that may be reached; `public` alone unless something inside is meant to be. */
  readonly kinds: readonly AddressKind[];
}

const MAX_URL = 4096;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

export type Target = { readonly url: URL; readonly port: number; readonly host: string } | TargetRefusal;

/** What the text of a URL says by itself, before any name is resolved. `host` is without brackets. */
export function readTarget(text: string, rules: TargetRules, base?: URL): Target {
  const url = text.length > MAX_URL ? null : URL.parse(text, base);
  if (url === null) return "url";
  if (!rules.schemes.includes(url.protocol.slice(0, -1))) return "scheme";
  if (url.username !== "" || url.password !== "") return "credentials";
  const port = url.port === "" ? (DEFAULT_PORTS[url.protocol] ?? 0) : Number(url.port);
  if (!rules.ports.includes(port)) return "port";
  return { url, port, host: url.hostname.replace(/^\[(.*)\]$/, "$1") };
}

/**
 * The address to connect to, from all that a name resolves to. One forbidden address among them refuses the name: a name that
 * points both outside and inside is an attack, or a mistake that should be seen.
 */
export function chooseAddress(addresses: readonly string[], rules: TargetRules): string | TargetRefusal {
  const [first] = addresses;
  if (first === undefined) return "unresolved";
  for (const address of addresses) {
    const kind = classifyAddress(address);
    if (kind === null || !rules.kinds.includes(kind)) return "address";
  }
  return first;
}
