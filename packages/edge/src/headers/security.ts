import { invalid } from "../errors.ts";
import { type CompiledCsp, type CspDirectives, compileCsp } from "./csp.ts";
import { isFieldValue } from "./lines.ts";

/** `false` leaves a header out. */
export interface SecurityHeaders {
  readonly csp?: CspDirectives | false;
  /** A policy on trial: browsers report what it would have stopped, to its `report-to` or `report-uri`. */
  readonly cspReportOnly?: CspDirectives | false;
  /** RFC 6797. Browsers ignore it over plain http, so it does no harm on localhost. */
  readonly hsts?: Hsts | false;
  readonly frameOptions?: "DENY" | "SAMEORIGIN" | false;
  readonly referrerPolicy?: ReferrerPolicy | false;
  /** Feature → allow-list in the header's own syntax: `()`, `(self)`, `*`. */
  readonly permissions?: Readonly<Record<string, string>> | false;
  readonly openerPolicy?: "same-origin" | "same-origin-allow-popups" | "unsafe-none" | false;
  readonly embedderPolicy?: "require-corp" | "credentialless" | "unsafe-none" | false;
  readonly resourcePolicy?: "same-origin" | "same-site" | "cross-origin" | false;
}

export interface Hsts {
  readonly maxAgeSeconds: number;
  readonly includeSubDomains?: boolean;
  readonly preload?: boolean;
}

type ReferrerPolicy =
  | "no-referrer"
  | "same-origin"
  | "strict-origin"
  | "strict-origin-when-cross-origin"
  | "origin"
  | "origin-when-cross-origin";

export const CSP_HEADER = "Content-Security-Policy";
export const CSP_REPORT_HEADER = "Content-Security-Policy-Report-Only";
/** A preload list takes a site from one year on (hstspreload.org). */
const PRELOAD_SECONDS = 31_536_000;
const FEATURE = /^[a-z][a-z0-9-]{0,63}$/;
const ALLOW_LIST = /^(?:\*|\((?:self|"https:\/\/[a-z0-9.*:-]{1,255}"| ){0,32}\))$/;

/** Name and value of every header but the policy, which may need a nonce. */
export interface CompiledSecurityHeaders {
  readonly csp: CompiledCsp | null;
  readonly reportOnly: CompiledCsp | null;
  readonly fixed: readonly string[];
}

export function compileSecurityHeaders(headers: SecurityHeaders): CompiledSecurityHeaders {
  const fixed: string[] = ["X-Content-Type-Options", "nosniff", "X-XSS-Protection", "0"];
  const add = (name: string, value: string | false | undefined): void => {
    if (!value) return;
    if (!isFieldValue(value)) throw invalid("headers", `${name} cannot be ${JSON.stringify(value)}`);
    fixed.push(name, value);
  };
  add("Strict-Transport-Security", headers.hsts && hstsText(headers.hsts));
  add("X-Frame-Options", headers.frameOptions);
  add("Referrer-Policy", headers.referrerPolicy);
  add("Permissions-Policy", headers.permissions && permissionsText(headers.permissions));
  add("Cross-Origin-Opener-Policy", headers.openerPolicy);
  add("Cross-Origin-Embedder-Policy", headers.embedderPolicy);
  add("Cross-Origin-Resource-Policy", headers.resourcePolicy);
  return {
    csp: headers.csp ? checkedCsp("headers.csp", headers.csp) : null,
    reportOnly: headers.cspReportOnly ? checkedCsp("headers.cspReportOnly", headers.cspReportOnly) : null,
    fixed,
  };
}

function checkedCsp(field: string, directives: CspDirectives): CompiledCsp {
  try {
    return compileCsp(directives);
  } catch (error) {
    throw invalid(field, error instanceof Error ? error.message : String(error));
  }
}

function hstsText(hsts: Hsts): string {
  if (!Number.isSafeInteger(hsts.maxAgeSeconds) || hsts.maxAgeSeconds < 0) {
    throw invalid("headers.hsts.maxAgeSeconds", "expects a whole number of seconds");
  }
  if (hsts.preload && (!hsts.includeSubDomains || hsts.maxAgeSeconds < PRELOAD_SECONDS)) {
    throw invalid("headers.hsts.preload", "needs includeSubDomains and at least one year");
  }
  const subDomains = hsts.includeSubDomains ? "; includeSubDomains" : "";
  return `max-age=${hsts.maxAgeSeconds}${subDomains}${hsts.preload ? "; preload" : ""}`;
}

function permissionsText(permissions: Readonly<Record<string, string>>): string {
  const parts: string[] = [];
  for (const [feature, allowed] of Object.entries(permissions)) {
    if (!FEATURE.test(feature) || !ALLOW_LIST.test(allowed)) {
      throw invalid("headers.permissions", `${JSON.stringify(`${feature}=${allowed}`)} is not a permission`);
    }
    parts.push(`${feature}=${allowed}`);
  }
  return parts.join(", ");
}
