import type { Settings } from "./config.ts";
import { invalid } from "./errors.ts";
import type { RequestFacts } from "./facts.ts";
import { type CompiledCsp, CUT, compileCsp, needsNonce } from "./headers/csp.ts";
import { toLines } from "./headers/lines.ts";
import { CSP_HEADER, CSP_REPORT_HEADER, compileSecurityHeaders } from "./headers/security.ts";
import type { IdempotencyMode } from "./policies/idempotency.ts";
import { type CompiledValidation, compileValidation } from "./policies/validation.ts";
import { canonicalPath, compileParams, compilePath, type RouteRule } from "./routes.ts";
import type { RequestSchemas } from "./validation/validator.ts";

/** A route rule with everything a request needs looked up beforehand. */
export interface CompiledRoute {
  readonly name: string;
  /** False for the route of targets that are no well-formed path. */
  readonly wellFormed: boolean;
  readonly deny: boolean;
  /** Every one of them must let the request through. */
  readonly rateLimits: readonly string[];
  readonly concurrency: boolean;
  readonly csrf: boolean;
  readonly versioned: boolean;
  readonly identity: "required" | "optional" | "none";
  readonly validate: CompiledValidation | null;
  readonly experiments: boolean;
  readonly idempotency: IdempotencyMode;
  readonly bodyBytes: number;
  readonly webSocket: "browser" | "any-client" | null;
  /** Every header that does not depend on the request, after a slot for the request id. */
  readonly headers: readonly string[];
  /** The policy to render per response, at `CSP_SLOT`; null when it needs no nonce. */
  readonly nonceCsp: CompiledCsp | null;
  /** The policy on trial, and its place in `headers`; null when it needs no nonce. */
  readonly nonceReport: { readonly csp: CompiledCsp; readonly slot: number } | null;
  /** What a canonical path of this route has where its pattern has `:names`. */
  paramsOf(path: string): Readonly<Record<string, string>>;
  /** The same as lines of HTTP/1.1 but for the request id, cut where a nonce goes. */
  readonly lines: CompiledCsp;
}

export const REQUEST_ID_SLOT = 1;
export const CSP_SLOT = 3;

export interface RouteTable {
  readonly fallback: CompiledRoute;
  match(facts: RequestFacts): CompiledRoute;
}

type NamedCsp = readonly [name: string, csp: CompiledCsp];

interface Entry {
  readonly matches: (path: string) => boolean;
  readonly methods: ReadonlySet<string> | null;
  readonly route: CompiledRoute;
}

export function compileRoutes(settings: Settings): RouteTable {
  const fallback = compileRoute({ name: "default", path: "/*" }, settings, "headers");
  const malformed: CompiledRoute = { ...fallback, wellFormed: false };
  const entries = settings.routes.map((rule, i) => compileEntry(rule, i, settings));
  return {
    fallback,
    match({ target, method }) {
      const path = canonicalPath(target);
      if (path === null) return target === "*" && method === "OPTIONS" ? fallback : malformed;
      for (const entry of entries) {
        if ((entry.methods === null || entry.methods.has(method)) && entry.matches(path)) return entry.route;
      }
      return fallback;
    },
  };
}

function compileEntry(rule: RouteRule, i: number, settings: Settings): Entry {
  try {
    return {
      matches: compilePath(rule.path),
      methods: rule.methods === undefined ? null : new Set(rule.methods),
      route: compileRoute(rule, settings, `routes[${i}]`),
    };
  } catch (error) {
    if (error instanceof TypeError) throw invalid(`routes[${i}].path`, error.message);
    throw error;
  }
}

function compileRoute(rule: RouteRule, settings: Settings, field: string): CompiledRoute {
  const { csp, reportOnly, fixed } = compileSecurityHeaders(settings.headers);
  const ownCsp = rule.csp === undefined ? csp : compileOwnCsp(rule.csp, field);
  const policies: NamedCsp[] = [];
  if (ownCsp !== null) policies.push([CSP_HEADER, ownCsp]);
  if (reportOnly !== null) policies.push([CSP_REPORT_HEADER, reportOnly]);
  const vary = settings.cors.origins.some((origin) => origin !== "*") ? ["Vary", "Origin"] : [];
  return {
    name: rule.name,
    wellFormed: true,
    deny: rule.deny ?? false,
    rateLimits: policyNames(rule, settings),
    concurrency: rule.concurrency !== false,
    csrf: settings.csrf !== false && rule.csrf !== false,
    versioned: rule.versions !== false,
    identity: rule.identity ?? "optional",
    validate: rule.validate === undefined ? null : compileOwnValidation(rule.validate, field),
    experiments: rule.experiments !== false,
    idempotency: rule.idempotency ?? settings.idempotency?.default ?? "optional",
    bodyBytes: rule.bodyBytes ?? settings.limits.bodyBytes,
    webSocket: rule.webSocket ?? null,
    headers: [
      "X-Request-Id",
      "",
      ...policies.flatMap(([name, csp]) => [name, csp.segments.join("")]),
      ...fixed,
      ...vary,
    ],
    lines: compileLines(policies, [...fixed, ...vary]),
    nonceCsp: ownCsp !== null && needsNonce(ownCsp) ? ownCsp : null,
    nonceReport:
      reportOnly !== null && needsNonce(reportOnly)
        ? { csp: reportOnly, slot: REQUEST_ID_SLOT + 2 * policies.length }
        : null,
    paramsOf: compileParams(rule.path),
  };
}

/** What `headers` says but for the request id, as lines of HTTP/1.1. */
function compileLines(policies: readonly NamedCsp[], fixed: readonly string[]): CompiledCsp {
  const lines = policies.map(([name, csp]) => `${name}: ${csp.segments.join(CUT)}\r\n`);
  return { segments: (lines.join("") + toLines(fixed)).split(CUT) };
}

function compileOwnCsp(csp: NonNullable<RouteRule["csp"]>, field: string): CompiledCsp {
  try {
    return compileCsp(csp);
  } catch (error) {
    throw invalid(`${field}.csp`, error instanceof Error ? error.message : String(error));
  }
}

function compileOwnValidation(schemas: RequestSchemas, field: string): CompiledValidation {
  try {
    return compileValidation(schemas);
  } catch (error) {
    throw invalid(`${field}.validate`, error instanceof Error ? error.message : String(error));
  }
}

function policyNames(rule: RouteRule, { rateLimit }: Settings): readonly string[] {
  const usual = rateLimit === false ? false : (rateLimit.default ?? rateLimit.policies[0]?.name ?? false);
  const chosen = rule.rateLimit ?? usual;
  if (rateLimit === false || chosen === false) return [];
  return typeof chosen === "string" ? [chosen] : chosen;
}
