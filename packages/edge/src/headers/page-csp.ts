import type { CspDirectives } from "./csp.ts";
import { NONCE } from "./csp.ts";

type SourceLists = Readonly<Record<string, readonly string[]>>;

export interface PageCspOptions {
  /**
   * `nonce` for pages rendered per request, or the hashes of a static page's inline scripts (`cspHash`), which survive every
   * cache. A static page that loads files by `src` names them with `'self'` in `allow` and turns `strictDynamic` off.
   */
  readonly scripts: "nonce" | readonly string[];
  /** Let a trusted script load others, and ignore every host in `script-src` (CSP Level 3, 8.2). Default true. */
  readonly strictDynamic?: boolean;
  /** Further sources: `STRIPE_SOURCES`, `GOOGLE_CONSENT_SOURCES`, or your own. */
  readonly allow?: readonly CspDirectives[];
}

/** A policy for pages: nothing but what is listed, scripts by nonce or by hash. */
export function pageCsp({ scripts, strictDynamic = true, allow = [] }: PageCspOptions): CspDirectives {
  const trusted = scripts === "nonce" ? [NONCE] : scripts;
  if (trusted.length === 0) throw new TypeError("expects the hash of at least one script, or a nonce");
  return mergeCsp(
    {
      "default-src": ["'none'"],
      "script-src": strictDynamic ? [...trusted, "'strict-dynamic'"] : trusted,
      "style-src": ["'self'"],
      "img-src": ["'self'", "data:", "blob:"],
      "font-src": ["'self'"],
      "connect-src": ["'self'"],
      "media-src": ["'self'", "blob:"],
      "worker-src": ["'self'"],
      "manifest-src": ["'self'"],
      "base-uri": ["'none'"],
      "form-action": ["'self'"],
      "frame-ancestors": ["'none'"],
    },
    ...allow,
  );
}

/** Adds up source lists: a source is there once, and `'none'` goes when something else is allowed. */
export function mergeCsp(base: CspDirectives, ...more: readonly CspDirectives[]): CspDirectives {
  const merged: Record<string, readonly string[] | boolean> = { ...base };
  for (const directives of more) {
    for (const [name, value] of Object.entries(directives)) {
      const known = merged[name];
      merged[name] = Array.isArray(known) && Array.isArray(value) ? union(known, value) : value;
    }
  }
  return merged as CspDirectives;
}

function union(known: readonly string[], added: readonly string[]): readonly string[] {
  const all = [...new Set([...known, ...added])];
  return all.length > 1 ? all.filter((source) => source !== "'none'") : all;
}

/** The source that allows exactly this inline script or style, as it stands between its tags. */
export async function cspHash(content: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

/**
 * Stripe.js, Elements and Checkout (docs.stripe.com/security/guide). Its frames need `embedderPolicy: false` and
 * `permissions: { payment: '(self "https://js.stripe.com")' }` besides.
 */
export const STRIPE_SOURCES = {
  "script-src": ["https://js.stripe.com", "https://*.js.stripe.com", "https://checkout.stripe.com"],
  "frame-src": [
    "https://js.stripe.com",
    "https://*.js.stripe.com",
    "https://hooks.stripe.com",
    "https://checkout.stripe.com",
  ],
  "connect-src": ["https://api.stripe.com", "https://checkout.stripe.com"],
  "img-src": ["https://*.stripe.com"],
} as const satisfies SourceLists;

/** Google's consent messages, consent mode and the tags it governs (developers.google.com/tag-platform/security/guides/csp). */
export const GOOGLE_CONSENT_SOURCES = {
  "script-src": ["https://fundingchoicesmessages.google.com", "https://*.googletagmanager.com"],
  "frame-src": ["https://fundingchoicesmessages.google.com"],
  "connect-src": [
    "https://fundingchoicesmessages.google.com",
    "https://*.google-analytics.com",
    "https://*.analytics.google.com",
    "https://*.googletagmanager.com",
  ],
  "img-src": ["https://*.google-analytics.com", "https://*.googletagmanager.com"],
} as const satisfies SourceLists;
