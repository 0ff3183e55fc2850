import {
  type Bans,
  type CspDirectives,
  type CsrfMac,
  createEdge,
  type DetectorEvent,
  type Edge,
  type Observer,
  type RateLimitConfig,
  type RateLimiter,
  type RequestTracer,
  type RouteRule,
} from "@rempart/edge";
import type { Clock, Random } from "@rempart/kernel";
import { ROUTES, type Route } from "@rempart/messaging/contract";
import type { LimitsConfig, PublicConfig } from "../config.ts";
import { POLICY } from "./api.ts";
import { toProblem } from "./problems.ts";
import type { SharedCounts } from "./shared-counts.ts";

/** An encrypted message in base64url, or a thousand ids, with room. Routes that take more say so. */
const DEFAULT_BODY_BYTES = 128 * 1024;
/** 14 MiB over a slow uplink. */
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_MS = 65_000;
/** An address may stand for a household or an office. */
const USERS_PER_ADDRESS = 10;

export interface PublicEdgeOptions {
  config: PublicConfig;
  limits: LimitsConfig;
  sessionCookie: string;
  /** The same in every process. */
  csrfMac: CsrfMac;
  scriptHashes: readonly string[];
  styleHashes: readonly string[];
  docsStyleHashes: readonly string[];
  observers: readonly Observer[];
  tracer: RequestTracer;
  /** Null: this process counts alone. */
  counts: SharedCounts | null;
  bans: Bans;
  /** Told what looks like an attack, which passes all the same. */
  detected: (event: DetectorEvent) => void;
  /** Told of every call that a limit let through or refused. */
  decided: (policy: string, allowed: boolean) => void;
  clock: Clock;
  random: Random;
}

export interface PublicEdge {
  readonly edge: Edge;
  /** The edge's own: it counts for requests and frames together. */
  readonly limiter: RateLimiter;
}

export function createPublicEdge(options: PublicEdgeOptions): PublicEdge {
  const { config, limits } = options;
  const windowSeconds = limits.windowSeconds;
  const edge = createEdge({
    preset: "strict",
    proxies: { hops: config.trustedProxyHops },
    limits: {
      bodyBytes: DEFAULT_BODY_BYTES,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      keepAliveTimeoutMs: KEEP_ALIVE_MS,
    },
    headers: { csp: webCsp(options.scriptHashes, options.styleHashes) },
    cors: { origins: [...trustedOrigins(config)], credentials: true },
    csrf: { sessionCookie: options.sessionCookie, mac: options.csrfMac },
    rateLimit: {
      policies: [
        { name: "address", limit: limits.requests * USERS_PER_ADDRESS, windowSeconds },
        { name: POLICY.api, limit: limits.requests, windowSeconds },
        { name: POLICY.auth, limit: limits.auth, windowSeconds },
        { name: POLICY.messages, limit: limits.messages, windowSeconds },
      ],
      default: "address",
      decided: options.decided,
      ...countsOf(options.counts),
    },
    // Targets and two headers only, some 5 µs a request (bench/results/edge-duties.md). Bodies hold ciphertext: to read them
    // costs twenty times that and finds nothing.
    detector: { mode: "report", observe: options.detected },
    bans: options.bans,
    routes: routeRules(config, options.docsStyleHashes),
    observers: options.observers,
    tracer: options.tracer,
    toProblem,
    clock: options.clock,
    random: options.random,
  });
  if (edge.limiter === null) throw new TypeError("the public edge limits rates");
  return { edge, limiter: edge.limiter };
}

/** A Redis that is away or slow costs no request: this process counts for itself meanwhile. */
function countsOf(counts: SharedCounts | null): Partial<RateLimitConfig> {
  return counts === null ? {} : { store: counts.store, onFailure: "local", observe: counts.observe };
}

function trustedOrigins({ url, allowedOrigins }: PublicConfig): Set<string> {
  return new Set([...(url === null ? [] : [url.origin]), ...allowedOrigins]);
}

function webCsp(scriptHashes: readonly string[], styleHashes: readonly string[]): CspDirectives {
  return {
    "default-src": ["'none'"],
    "script-src": ["'self'", ...scriptHashes],
    "style-src": ["'self'", ...styleHashes],
    "img-src": ["'self'", "data:", "blob:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "worker-src": ["'self'"],
    "manifest-src": ["'self'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
  };
}

function docsCsp(styleHashes: readonly string[]): CspDirectives {
  return {
    "default-src": ["'none'"],
    "style-src": [...styleHashes],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'none'"],
  };
}

function routeRules(config: PublicConfig, docsStyleHashes: readonly string[]): RouteRule[] {
  return [
    { name: "metrics", path: "/metrics/*", deny: true },
    { name: "health", path: "/health/*", rateLimit: false },
    { name: "socket", path: config.webSocketPath, webSocket: "any-client" },
    { name: "docs", path: "/api/docs", csp: docsCsp(docsStyleHashes) },
    ...largeBodies(),
    { name: "api", path: "/api/*" },
    { name: "web", path: "/*" },
  ];
}

function largeBodies(): RouteRule[] {
  const large = Object.entries(ROUTES).filter(([, route]) => (route as Route).maxBodyBytes !== undefined);
  return large.map(([name, route]: [string, Route]) => ({
    name: name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    path: route.path,
    methods: [route.method],
    bodyBytes: route.maxBodyBytes as number,
  }));
}
