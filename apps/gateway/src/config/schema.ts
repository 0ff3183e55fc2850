import type { LogLevel } from "@rempart/observability/telemetry";
import { z } from "zod";
import { edgeSchema } from "./edge-schema.ts";

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const name = z
  .string()
  .regex(NAME, "expects lower-case letters, digits and hyphens, a letter first, at most 40");
const port = z.int().min(0).max(65_535);
const file = z.string().min(1).max(4096);
const milliseconds = (longest: number) => z.int().min(1).max(longest);

const HOUR = 3_600_000;

const tls = z.strictObject({
  /** PEM files: the certificate with its chain, and its key. */
  cert: file,
  key: file,
  minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2"),
  /** How often the files are looked at. */
  watchMs: milliseconds(HOUR).default(5_000),
});

const listen = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  port: port.default(8080),
  tls: tls.exactOptional(),
});

const admin = z.strictObject({ host: z.string().min(1).default("127.0.0.1"), port: port.default(9901) });

const targetUrl = z
  .url({ protocol: /^https?$/ })
  .refine(isOrigin, "expects http(s)://host:port and nothing after it");

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && url.href === `${url.origin}/`;
}

const LOG_LEVELS = ["error", "warn", "info", "debug", "silent"] as const satisfies readonly LogLevel[];

/** Of the command. Whoever starts a gateway in a process of their own brings their own. */
const log = z.strictObject({
  level: z.enum(LOG_LEVELS).default("info"),
  /** Holds a file for each class of retention: `application.log`, `access.log`. Absent: standard output. */
  directory: file.exactOptional(),
});

const traces = z.strictObject({
  /** Base address of an OTLP/HTTP receiver: `http://127.0.0.1:4318`. */
  endpoint: z.url({ protocol: /^https?$/ }),
  /** File with the value of the Authorization field for that receiver. */
  authorization: file.exactOptional(),
  /** What traces call the gateway. */
  serviceName: z.string().min(1).max(100).default("rempart-gateway"),
  /** Share of the requests that are traced. */
  ratio: z.number().min(0).max(1).default(1),
});

const timeouts = z.strictObject({
  connectMs: milliseconds(60_000).default(2_000),
  /** From the request's last byte to the answer's head. */
  headersMs: milliseconds(HOUR).default(30_000),
  /** Between two pieces of a body, either way. Event streams may be silent for as long as they like. */
  idleMs: milliseconds(HOUR).default(60_000),
  /** How long an idle connection is kept; below what the upstream keeps it, or requests race with its end. */
  keepAliveMs: milliseconds(HOUR).default(4_000),
});

const health = z.strictObject({
  /** Asked with GET; any status below 400 passes. Absent: requests alone tell. */
  path: z.string().startsWith("/").max(2048).exactOptional(),
  intervalMs: milliseconds(HOUR).default(5_000),
  timeoutMs: milliseconds(60_000).default(2_000),
  falls: z.int().min(1).max(100).default(3),
  rises: z.int().min(1).max(100).default(2),
  failures: z.int().min(1).max(10_000).default(5),
  ejectMs: milliseconds(HOUR).default(5_000),
  longestEjectMs: milliseconds(HOUR).default(60_000),
});

const breaker = z.strictObject({
  windowMs: milliseconds(HOUR).default(10_000),
  minimum: z.int().min(1).max(1_000_000).default(20),
  threshold: z.number().gt(0).max(1).default(0.5),
  openMs: milliseconds(HOUR).default(5_000),
});

const retry = z.strictObject({
  retries: z.int().min(0).max(5).default(1),
  budget: z.number().min(0).max(1).default(0.2),
});

const upstream = z.strictObject({
  targets: z.array(targetUrl).min(1).max(100),
  /** `client` passes on the Host that was asked for, `target` names the target's own. */
  host: z.enum(["client", "target"]).default("client"),
  /** PEM file of the authority that signed the targets' certificates; the system's when absent. */
  ca: file.exactOptional(),
  /** Connections to each target. A request that finds none is refused, not queued. */
  connections: z.int().min(1).max(65_535).default(256),
  timeouts: timeouts.prefault({}),
  health: health.prefault({}),
  breaker: breaker.prefault({}),
  retry: retry.prefault({}),
});

/** Headers an application may know better than the gateway. Never CORS, HSTS, sniffing or rate limits. */
const KEEPABLE = [
  "content-security-policy",
  "content-security-policy-report-only",
  "referrer-policy",
  "permissions-policy",
  "x-frame-options",
  "cross-origin-opener-policy",
  "cross-origin-embedder-policy",
  "cross-origin-resource-policy",
] as const;

const route = z.strictObject({
  name,
  path: z.string().startsWith("/").max(2048),
  methods: z.array(z.string()).exactOptional(),
  /** Absent only together with `deny`. */
  upstream: name.exactOptional(),
  deny: z.boolean().exactOptional(),
  webSocket: z.enum(["browser", "any-client"]).exactOptional(),
  rateLimit: z.union([z.string(), z.literal(false)]).exactOptional(),
  concurrency: z.literal(false).exactOptional(),
  csrf: z.literal(false).exactOptional(),
  bodyBytes: z.int().min(0).exactOptional(),
  csp: z.record(z.string(), z.array(z.string())).exactOptional(),
  /** Headers of which the upstream's own value holds where it sends one, in place of the edge's. */
  keep: z.array(z.enum(KEEPABLE)).default([]),
});

export const gatewaySchema = z.strictObject({
  listen: listen.prefault({}),
  /** `false`: no administration listener. */
  admin: z.union([admin, z.literal(false)]).prefault({}),
  edge: edgeSchema.prefault({}),
  log: log.prefault({}),
  /** Absent: none are made. */
  traces: traces.exactOptional(),
  upstreams: z.record(name, upstream),
  routes: z.array(route).min(1, "expects at least one: nothing would be served").max(1000),
  drain: z
    .strictObject({
      /** Told unready, still serving: the time a load balancer needs to notice. */
      delayMs: z.int().min(0).max(600_000).default(0),
      /** For what is under way, tunnels and event streams included; then it is cut. */
      deadlineMs: z.int().min(0).max(HOUR).default(30_000),
    })
    .prefault({}),
});

/** As written in the file or given to `startGateway`: everything with a default may be left out. */
export type GatewayConfig = z.input<typeof gatewaySchema>;
/** With every default filled in. */
export type GatewaySettings = z.output<typeof gatewaySchema>;
export type UpstreamSettings = GatewaySettings["upstreams"][string];
export type RouteSettings = GatewaySettings["routes"][number];
