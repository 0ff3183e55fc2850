/** A web origin (RFC 6454, section 6.2), taken apart. */
export interface Origin {
  readonly scheme: string;
  readonly host: string;
  /** Empty for the scheme's default port. */
  readonly port: string;
}

/** A scheme, a host of at most 253 characters and a port. */
const MAX_ORIGIN = 300;
const HOST_CHARACTERS = charSet("abcdefghijklmnopqrstuvwxyz0123456789-._");
const V6_CHARACTERS = charSet("0123456789abcdef:.");
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: "80", https: "443" };

function charSet(characters: string): ReadonlySet<number> {
  return new Set(Array.from(characters, (character) => character.charCodeAt(0)));
}

/** Null for `null`, for anything but http and https, and for any text a browser would not send as an origin. */
export function parseOrigin(text: string): Origin | null {
  if (text.length > MAX_ORIGIN) return null;
  const scheme = text.startsWith("https://") ? "https" : text.startsWith("http://") ? "http" : null;
  if (scheme === null) return null;
  const authority = text.slice(scheme.length + 3);
  const portAt = authority.indexOf(":", authority.lastIndexOf("]") + 1);
  const host = portAt < 0 ? authority : authority.slice(0, portAt);
  const port = portAt < 0 ? "" : authority.slice(portAt + 1);
  if (!isHost(host) || (portAt >= 0 && !isPort(port))) return null;
  return { scheme, host, port: port === DEFAULT_PORTS[scheme] ? "" : port };
}

function isHost(host: string): boolean {
  if (host.startsWith("["))
    return host.endsWith("]") && host.length > 3 && consistsOf(host, V6_CHARACTERS, 1, host.length - 1);
  return host.length > 0 && !host.startsWith(".") && consistsOf(host, HOST_CHARACTERS, 0, host.length);
}

function consistsOf(text: string, characters: ReadonlySet<number>, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) if (!characters.has(text.charCodeAt(i))) return false;
  return true;
}

function isPort(port: string): boolean {
  if (port.length === 0 || port.length > 5 || port[0] === "0") return false;
  for (let i = 0; i < port.length; i += 1)
    if (port.charCodeAt(i) < 48 || port.charCodeAt(i) > 57) return false;
  return Number(port) <= 65535;
}

interface SubdomainRule extends Origin {
  /** With its leading dot, so that neither the apex nor `evilexample.com` ends with it. */
  readonly suffix: string;
}

/** An allow-list of origins. `https://*.example.com` (or `*.example.com`, meaning https) allows subdomains, never the apex. */
export class OriginList {
  readonly #exact = new Set<string>();
  readonly #subdomains: SubdomainRule[] = [];
  readonly isAny: boolean;

  /** Throws `TypeError` that names the entry for one that is not an origin. */
  constructor(entries: readonly string[]) {
    this.isAny = entries.includes("*");
    for (const entry of entries) if (entry !== "*") this.#add(entry);
  }

  get isEmpty(): boolean {
    return !this.isAny && this.#exact.size === 0 && this.#subdomains.length === 0;
  }

  /** Whether the text is an entry, as browsers write it. */
  lists(text: string): boolean {
    return this.#exact.has(text);
  }

  allows(text: string): boolean {
    if (this.lists(text)) return true;
    if (this.#subdomains.length === 0 && !this.isAny) return false;
    const origin = parseOrigin(text);
    return origin !== null && (this.isAny || this.#subdomains.some((rule) => isSubdomain(origin, rule)));
  }

  #add(entry: string): void {
    const star = entry.indexOf("*.");
    if (star < 0) {
      const origin = parseOrigin(entry);
      if (origin === null) throw new TypeError(`"${entry}" is not an origin such as https://app.example.com`);
      this.#exact.add(serializeOrigin(origin));
      return;
    }
    const scheme = entry.slice(0, star);
    const base = parseOrigin(`${scheme === "" ? "https://" : scheme}${entry.slice(star + 2)}`);
    if (base === null || !["", "https://", "http://"].includes(scheme) || !base.host.includes(".")) {
      throw new TypeError(`"${entry}" is not a subdomain pattern such as https://*.example.com`);
    }
    this.#subdomains.push({ ...base, suffix: `.${base.host}` });
  }
}

function isSubdomain(origin: Origin, rule: SubdomainRule): boolean {
  return (
    origin.scheme === rule.scheme &&
    origin.port === rule.port &&
    origin.host.length > rule.suffix.length &&
    origin.host.endsWith(rule.suffix)
  );
}

function serializeOrigin(origin: Origin): string {
  return `${origin.scheme}://${origin.host}${origin.port === "" ? "" : `:${origin.port}`}`;
}

/**
 * Whether an `Origin` header names the host the request was sent to. With an unknown scheme both are accepted: then some
 * proxy of ours ended the encryption and did not say so.
 */
export function isSameOrigin(
  origin: string,
  host: string | undefined,
  scheme: "http" | "https" | null,
): boolean {
  if (host === undefined || host === "") return false;
  const parsed = parseOrigin(origin);
  if (parsed === null || (scheme !== null && parsed.scheme !== scheme)) return false;
  const own = parseOrigin(`${parsed.scheme}://${host.toLowerCase()}`);
  return own !== null && own.host === parsed.host && own.port === parsed.port;
}
