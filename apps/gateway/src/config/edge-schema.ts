import { z } from "zod";

/** The part of the edge's configuration that a JSON file can say. What the edge itself checks is not checked twice. */

const names = z.array(z.string().min(1).max(200)).max(100);
const wholeNumber = z.int().nonnegative();
const csp = z.record(z.string(), z.array(z.string()));

/** A header's value, or `false` to leave it out. */
function header<T extends z.ZodType>(value: T) {
  return z.union([value, z.literal(false)]).exactOptional();
}

const hsts = z.strictObject({
  maxAgeSeconds: wholeNumber,
  includeSubDomains: z.boolean().exactOptional(),
  preload: z.boolean().exactOptional(),
});

const REFERRER_POLICIES = [
  "no-referrer",
  "same-origin",
  "strict-origin",
  "strict-origin-when-cross-origin",
  "origin",
  "origin-when-cross-origin",
] as const;

const headers = z.strictObject({
  csp: header(csp),
  cspReportOnly: header(csp),
  hsts: header(hsts),
  frameOptions: header(z.enum(["DENY", "SAMEORIGIN"])),
  referrerPolicy: header(z.enum(REFERRER_POLICIES)),
  permissions: header(z.record(z.string(), z.string())),
  openerPolicy: header(z.enum(["same-origin", "same-origin-allow-popups", "unsafe-none"])),
  embedderPolicy: header(z.enum(["require-corp", "credentialless", "unsafe-none"])),
  resourcePolicy: header(z.enum(["same-origin", "same-site", "cross-origin"])),
});

const rateLimitPolicy = z.strictObject({
  name: z.string(),
  limit: z.int(),
  windowSeconds: z.int(),
  algorithm: z.enum(["sliding-window", "token-bucket", "fixed-window"]).exactOptional(),
  burst: z.int().exactOptional(),
  by: z.array(z.enum(["address", "endpoint"])).exactOptional(),
  shadow: z.boolean().exactOptional(),
});

export const edgeSchema = z.strictObject({
  preset: z.enum(["strict", "api", "development"]).default("strict"),
  hosts: names.exactOptional(),
  httpsOnly: z.boolean().exactOptional(),
  methods: names.exactOptional(),
  proxies: z
    .strictObject({ hops: z.int(), header: z.enum(["x-forwarded-for", "forwarded"]).exactOptional() })
    .exactOptional(),
  requestId: z.strictObject({ acceptInbound: z.boolean().exactOptional() }).exactOptional(),
  limits: z
    .strictObject({
      targetBytes: z.int().exactOptional(),
      headerBytes: z.int().exactOptional(),
      headerCount: z.int().exactOptional(),
      bodyBytes: z.int().exactOptional(),
      headersTimeoutMs: z.int().exactOptional(),
      requestTimeoutMs: z.int().exactOptional(),
      keepAliveTimeoutMs: z.int().exactOptional(),
    })
    .exactOptional(),
  headers: headers.exactOptional(),
  cors: z
    .strictObject({
      origins: names,
      credentials: z.boolean().exactOptional(),
      methods: names.exactOptional(),
      allowedHeaders: names.exactOptional(),
      exposedHeaders: names.exactOptional(),
      maxAgeSeconds: wholeNumber.exactOptional(),
    })
    .exactOptional(),
  csrf: z
    .union([z.literal(false), z.strictObject({ sessionCookie: z.string().exactOptional() })])
    .exactOptional(),
  rateLimit: z
    .union([
      z.literal(false),
      z.strictObject({
        policies: z.array(rateLimitPolicy),
        default: z.union([z.string(), z.literal(false)]).exactOptional(),
        maxKeys: z.int().exactOptional(),
      }),
    ])
    .exactOptional(),
  concurrency: z
    .strictObject({
      floor: z.int().exactOptional(),
      ceiling: z.int().exactOptional(),
      tolerance: z.number().exactOptional(),
    })
    .exactOptional(),
  detector: z
    .union([
      z.literal(false),
      z.strictObject({
        mode: z.enum(["report", "block"]).exactOptional(),
        threshold: z.number().exactOptional(),
      }),
    ])
    .exactOptional(),
});
