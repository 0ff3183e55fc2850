import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { type Clock, explain } from "@rempart/kernel";
import type { UpstreamSettings } from "../config/schema.ts";
import { GatewayError } from "../errors.ts";
import type { Address } from "./connection.ts";
import { Target } from "./target.ts";

/** The targets of one upstream. Throws `invalid-certificate` for an authority that cannot be read. */
export function createTargets(settings: UpstreamSettings, clock: Clock): Target[] {
  const tls = settings.targets.some((text) => text.startsWith("https:")) ? readAuthority(settings.ca) : null;
  return settings.targets.map((text) => {
    const url = new URL(text);
    return new Target(url.origin, url.host, addressOf(url, tls), settings, clock);
  });
}

type Authority = ReturnType<typeof createSecureContext>;

function readAuthority(ca: string | undefined): Authority {
  try {
    return createSecureContext(ca === undefined ? {} : { ca: readFileSync(ca) });
  } catch (cause) {
    throw new GatewayError("invalid-certificate", `${ca} cannot be used: ${explain(cause)}`, { cause });
  }
}

function addressOf(url: URL, authority: Authority | null): Address {
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (url.protocol === "http:" || authority === null)
    return { host, port: Number(url.port || 80), tls: null };
  const name = isIP(host) === 0 ? { servername: host } : {};
  return { host, port: Number(url.port || 443), tls: { ...name, secureContext: authority } };
}
