import { clientReader, type TrustedProxies } from "../address/client.ts";
import type { Policy } from "./policy.ts";

export interface RequestIdConfig {
  /** Keep the `X-Request-Id` our own proxies write, when its shape is safe. Needs trusted proxies. */
  readonly acceptInbound?: boolean;
  /** 8 to 64 letters, digits, hyphens and underscores; a random UUID when absent. */
  readonly generate?: () => string;
}

const MIN_INBOUND = 8;
const MAX_INBOUND = 64;

/** Gives the request its id and its client. Always lets it pass. */
export function identify(proxies: TrustedProxies | undefined, ids: RequestIdConfig): Policy {
  const readClient = clientReader(proxies);
  const generate = ids.generate ?? (() => crypto.randomUUID());
  const acceptInbound = ids.acceptInbound === true && (proxies?.hops ?? 0) > 0;
  return (exchange) => {
    const client = readClient(exchange.facts);
    exchange.client = client.address;
    exchange.scheme = client.scheme;
    const inbound = acceptInbound ? exchange.facts.header("x-request-id") : undefined;
    exchange.requestId = inbound !== undefined && isSafeId(inbound) ? inbound : checked(generate());
    return null;
  };
}

/** It goes into headers and logs as it is. */
function checked(id: string): string {
  if (!isSafeId(id)) throw new TypeError(`${JSON.stringify(id)} is no request id`);
  return id;
}

/** Letters, digits, hyphens and underscores only: it is echoed in headers and written to logs. */
export function isSafeId(id: string): boolean {
  if (id.length < MIN_INBOUND || id.length > MAX_INBOUND) return false;
  for (let i = 0; i < id.length; i += 1) {
    const code = id.charCodeAt(i);
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (!isLetter && !(code >= 48 && code <= 57) && code !== 45 && code !== 95) return false;
  }
  return true;
}
