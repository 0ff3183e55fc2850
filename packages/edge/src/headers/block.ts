import type { Exchange } from "../exchange.ts";
import { REPLAYED } from "../idempotency/idempotency.ts";
import type { CompiledCors } from "../policies/cors.ts";
import { rateLimitLines, writeRateLimit } from "../rate/fields.ts";
import { type CompiledRoute, CSP_SLOT, REQUEST_ID_SLOT } from "../route-table.ts";
import type { FlatHeaders } from "../verdict.ts";
import { needsNonce, renderCsp } from "./csp.ts";
import { toLines } from "./lines.ts";

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

/** What the edge adds to, whatever the handler said: several lines of these add up. */
export const ADDED_TO: ReadonlySet<string> = new Set(["vary", "set-cookie", "cache-control", "link"]);

export interface HeaderBlock {
  write(exchange: Exchange): FlatHeaders;
  /** The same as lines of HTTP/1.1, each with its end. */
  lines(exchange: Exchange): string;
  owns(name: string): boolean;
}

export interface OwnedBy {
  readonly rateLimit: boolean;
  readonly versions: boolean;
  readonly idempotency: boolean;
}

export function compileBlock(fallback: CompiledRoute, cors: CompiledCors, policies: OwnedBy): HeaderBlock {
  const owned = new Set(ALWAYS_OWNED);
  if (policies.rateLimit) for (const name of RATE_LIMIT_NAMES) owned.add(name);
  if (policies.versions) owned.add("deprecation").add("sunset");
  if (policies.idempotency) owned.add(REPLAYED.toLowerCase());
  for (let i = 0; i < fallback.headers.length; i += 2)
    owned.add((fallback.headers[i] as string).toLowerCase());
  for (const name of ADDED_TO) owned.delete(name);
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
      if (exchange.added !== null) headers.push(...exchange.added);
      return headers;
    },
    lines(exchange) {
      const { matched, requestId } = exchange;
      const own = needsNonce(matched.lines)
        ? renderCsp(matched.lines, exchange.nonce)
        : matched.lines.segments[0];
      let lines = `X-Request-Id: ${requestId}\r\n${own}`;
      if (exchange.decision !== null) lines += rateLimitLines(exchange.decision, exchange.moreDecisions);
      if (exchange.allowedOrigin !== null) lines += cors.lines(exchange.allowedOrigin);
      if (exchange.added !== null) lines += toLines(exchange.added);
      return lines;
    },
    owns: (name) => owned.has(name),
  };
}
