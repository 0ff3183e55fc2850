import type { Exchange } from "../exchange.ts";
import { toLines } from "../headers/lines.ts";
import { isSameOrigin, OriginList } from "../origin.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import { type FlatHeaders, reject, type Verdict } from "../verdict.ts";
import type { Policy } from "./policy.ts";

export interface CorsConfig {
  /** `https://app.example.com`, `https://*.example.com`, or `*` (never with credentials). */
  readonly origins: readonly string[];
  readonly credentials?: boolean;
  readonly methods?: readonly string[];
  /** Request headers a cross-origin caller may send. */
  readonly allowedHeaders?: readonly string[];
  /** Response headers a cross-origin caller may read. */
  readonly exposedHeaders?: readonly string[];
  /** How long a browser may remember a preflight. */
  readonly maxAgeSeconds?: number;
}

const DEFAULTS = {
  methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  allowedHeaders: ["Content-Type", "Authorization", "X-CSRF-Token", "X-API-Key", "Idempotency-Key"],
  exposedHeaders: ["X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After"],
  maxAgeSeconds: 600,
};

const NOT_ALLOWED = reject(EDGE_PROBLEMS.origin);

export interface CompiledCors {
  readonly policy: Policy;
  readonly origins: OriginList;
  /** Adds what an allowed cross-origin caller's browser must read. */
  write(headers: FlatHeaders, origin: string): void;
  /** The same as lines. */
  lines(origin: string): string;
}

export function compileCors(config: CorsConfig): CompiledCors {
  const origins = new OriginList(config.origins);
  const credentials = config.credentials === true;
  const exposed = (config.exposedHeaders ?? DEFAULTS.exposedHeaders).join(", ");
  const preflight = preflightAnswer(config);
  const always = [
    ...(credentials ? ["Access-Control-Allow-Credentials", "true"] : []),
    ...(exposed === "" ? [] : ["Access-Control-Expose-Headers", exposed]),
  ];
  const alwaysLines = toLines(always);
  const named = (origin: string): string => (origins.isAny ? "*" : origin);
  return {
    origins,
    policy: (exchange) => {
      const origin = exchange.facts.header("origin");
      if (origin === undefined) return null;
      // A listed origin need not be taken apart, and may be told so even where it is our own.
      if (!origins.lists(origin)) {
        if (isOwn(exchange, origin)) return null;
        if (!origins.allows(origin)) return NOT_ALLOWED;
      }
      exchange.allowedOrigin = origin;
      return isPreflight(exchange) ? preflight : null;
    },
    write: (headers, origin) => void headers.push("Access-Control-Allow-Origin", named(origin), ...always),
    lines: (origin) => `Access-Control-Allow-Origin: ${named(origin)}\r\n${alwaysLines}`,
  };
}

/** `null` comes from same-origin forms under `no-referrer` too; then only the browser's own word for it counts. */
function isOwn({ facts, scheme }: Exchange, origin: string): boolean {
  if (origin === "null") return facts.header("sec-fetch-site") === "same-origin";
  return isSameOrigin(origin, facts.header("host"), scheme);
}

function isPreflight({ facts }: Exchange): boolean {
  return facts.method === "OPTIONS" && facts.header("access-control-request-method") !== undefined;
}

/** Fetch standard, "CORS-preflight fetch": the browser does the matching, so one answer serves every question. */
function preflightAnswer(config: CorsConfig): Verdict {
  return {
    kind: "answer",
    status: 204,
    body: "",
    headers: [
      "Access-Control-Allow-Methods",
      (config.methods ?? DEFAULTS.methods).join(", "),
      "Access-Control-Allow-Headers",
      (config.allowedHeaders ?? DEFAULTS.allowedHeaders).join(", "),
      "Access-Control-Max-Age",
      String(config.maxAgeSeconds ?? DEFAULTS.maxAgeSeconds),
      "Vary",
      "Access-Control-Request-Method, Access-Control-Request-Headers",
    ],
  };
}
