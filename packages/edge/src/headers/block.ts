import type { Exchange } from "../exchange.ts";
import type { CompiledCors } from "../policies/cors.ts";
import { writeRateLimit } from "../rate/fields.ts";
import { type CompiledRoute, CSP_SLOT, REQUEST_ID_SLOT } from "../route-table.ts";
import type { FlatHeaders } from "../verdict.ts";
import { renderCsp } from "./csp.ts";

/** Headers that only the edge may send, whether or not it sends them now, and headers nobody should. */
const ALWAYS_OWNED = [
  "x-powered-by",
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-expose-headers",
  "access-control-max-age",
];
const RATE_LIMIT_NAMES = [
  "ratelimit",
  "ratelimit-policy",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
];

export interface HeaderBlock {
  write(exchange: Exchange): FlatHeaders;
  owns(name: string): boolean;
}

export function compileBlock(fallback: CompiledRoute, cors: CompiledCors, limitsRates: boolean): HeaderBlock {
  const owned = new Set([...ALWAYS_OWNED, ...(limitsRates ? RATE_LIMIT_NAMES : [])]);
  for (let i = 0; i < fallback.headers.length; i += 2)
    owned.add((fallback.headers[i] as string).toLowerCase());
  // Several lines of Vary add up, so a handler's own stays.
  owned.delete("vary");
  return {
    write(exchange) {
      const { matched } = exchange;
      const headers = matched.headers.slice();
      headers[REQUEST_ID_SLOT] = exchange.requestId;
      if (matched.nonceCsp !== null) headers[CSP_SLOT] = renderCsp(matched.nonceCsp, exchange.nonce);
      const onTrial = matched.nonceReport;
      if (onTrial !== null) headers[onTrial.slot] = renderCsp(onTrial.csp, exchange.nonce);
      if (exchange.decision !== null) writeRateLimit(headers, exchange.decision, exchange.moreDecisions);
      if (exchange.allowedOrigin !== null) cors.write(headers, exchange.allowedOrigin);
      return headers;
    },
    owns: (name) => owned.has(name),
  };
}
