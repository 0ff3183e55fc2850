import type { CspDirectives } from "./headers/csp.ts";
import { pageCsp } from "./headers/page-csp.ts";
import type { SecurityHeaders } from "./headers/security.ts";
import type { RateLimitPolicy } from "./ports.ts";

export type PresetName = "strict" | "api" | "development";

export interface Preset {
  readonly headers: Required<SecurityHeaders>;
  readonly rateLimit: RateLimitPolicy;
  /** Whether a Content Security Policy with `unsafe-*` or `*` is refused at start. */
  readonly refusesUnsafeCsp: boolean;
}

/** Powerful features a page does not get unless it is given them (W3C Permissions Policy). */
const NO_FEATURES: Readonly<Record<string, string>> = {
  accelerometer: "()",
  camera: "()",
  "display-capture": "()",
  geolocation: "()",
  gyroscope: "()",
  magnetometer: "()",
  microphone: "()",
  midi: "()",
  payment: "()",
  "publickey-credentials-get": "(self)",
  usb: "()",
};

/** Scripts by nonce: `'self'` would let an upload or a callback of our own origin run as one. */
const STRICT_CSP: CspDirectives = pageCsp({ scripts: "nonce" });

const STRICT_HEADERS: Required<SecurityHeaders> = {
  csp: STRICT_CSP,
  cspReportOnly: false,
  hsts: { maxAgeSeconds: 63_072_000, includeSubDomains: true },
  frameOptions: "DENY",
  referrerPolicy: "no-referrer",
  permissions: NO_FEATURES,
  openerPolicy: "same-origin",
  embedderPolicy: "require-corp",
  resourcePolicy: "same-origin",
};

export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  /** A web application and its API on one origin. */
  strict: {
    headers: STRICT_HEADERS,
    rateLimit: { name: "default", limit: 100, windowSeconds: 60 },
    refusesUnsafeCsp: true,
  },
  /** An API alone: nothing it answers may run, frame or load anything. */
  api: {
    headers: {
      ...STRICT_HEADERS,
      csp: {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
      },
    },
    rateLimit: { name: "default", limit: 100, windowSeconds: 60 },
    refusesUnsafeCsp: true,
  },
  /** Development servers inject inline scripts and styles, and reload over a WebSocket of their own port. */
  development: {
    headers: {
      ...STRICT_HEADERS,
      csp: {
        ...STRICT_CSP,
        "script-src": ["'self'", "'unsafe-inline'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "connect-src": ["'self'", "http://localhost:*", "ws://localhost:*", "ws://127.0.0.1:*"],
        "worker-src": ["'self'", "blob:"],
      },
      hsts: false,
    },
    rateLimit: { name: "default", limit: 1000, windowSeconds: 60 },
    refusesUnsafeCsp: false,
  },
};
