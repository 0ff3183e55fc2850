export type { Client, TrustedProxies } from "./address/client.ts";
export { type Address, parseAddress } from "./address/ip.ts";
export {
  type Ban,
  type BanOptions,
  type BanSnapshot,
  type BanSource,
  type Bans,
  createBans,
  type NetworkBan,
  type UserBan,
} from "./bans/bans.ts";
export type { EdgeConfig, RateLimitConfig } from "./config.ts";
export { readCookie } from "./cookies.ts";
export type { BehaviourLimits } from "./detector/behaviour.ts";
export type { DetectorConfig, DetectorEvent } from "./detector/detector.ts";
export type { AttackFamily, Finding } from "./detector/finding.ts";
export type { Evidence, Place } from "./detector/inspect.ts";
export { createEdge, type Edge } from "./edge.ts";
export { EdgeError, type EdgeErrorCode } from "./errors.ts";
export type { EdgeContext, Exchange } from "./exchange.ts";
export {
  type Assignment,
  createExperiments,
  type Experiment,
  type ExperimentsOptions,
  type FlagSource,
} from "./experiments/experiments.ts";
export type { RequestFacts } from "./facts.ts";
export type { EdgeAnswer } from "./headers/answer.ts";
export { clearSiteData, type SiteData } from "./headers/clear-site-data.ts";
export { type CspDirectives, NONCE } from "./headers/csp.ts";
export {
  cspHash,
  GOOGLE_CONSENT_SOURCES,
  mergeCsp,
  type PageCspOptions,
  pageCsp,
  STRIPE_SOURCES,
} from "./headers/page-csp.ts";
export type { Hsts, SecurityHeaders } from "./headers/security.ts";
export {
  type Attempt,
  type Begun,
  createIdempotency,
  type Idempotency,
  type IdempotencyOptions,
  type IdempotentOutcome,
  type IdempotentRequest,
} from "./idempotency/idempotency.ts";
export {
  createMemoryIdempotencyStore,
  type IdempotencyEntry,
  type IdempotencyStore,
  type MemoryIdempotencyOptions,
  type MemoryIdempotencyStore,
  type StoredAnswer,
} from "./idempotency/store.ts";
export { type AccessLog, type AccessLogOptions, createAccessLog } from "./observers/access-log.ts";
export { createMetricsObserver, type RequestMetrics } from "./observers/metrics.ts";
export type { CorsConfig } from "./policies/cors.ts";
export type { CsrfConfig, CsrfIssuer } from "./policies/csrf.ts";
export type { CsrfMac } from "./policies/csrf-token.ts";
export type { IdempotencyConfig, IdempotencyMode } from "./policies/idempotency.ts";
export type { RequestIdConfig } from "./policies/identify.ts";
export type { RedirectRule } from "./policies/redirect.ts";
export type { Limits } from "./policies/size.ts";
export type {
  FailureMode,
  Identification,
  Identity,
  IdentityPort,
  KeyPart,
  Observer,
  Outcome,
  RateLimitAlgorithm,
  RateLimitDecision,
  RateLimitEvent,
  RateLimiter,
  RateLimitPolicy,
  RateLimitStore,
  RequestTrace,
  RequestTracer,
} from "./ports.ts";
export type { PresetName } from "./presets.ts";
export { EDGE_PROBLEMS, PROBLEM_MEDIA_TYPE, type Problem, problemBody } from "./problem.ts";
export {
  type ConcurrencyConfig,
  type ConcurrencyLimit,
  type ConcurrencyStats,
  createConcurrencyLimit,
} from "./rate/concurrency.ts";
export { type GuardedLimiter, type GuardOptions, type GuardStats, guardLimiter } from "./rate/guard.ts";
export { type KeyParts, limitKey } from "./rate/keys.ts";
export { developmentLimits, multiTenantLimits, productionLimits } from "./rate/presets.ts";
export type { Caller, RateLimitRule, Tier } from "./rate/rules.ts";
export { type RedirectTargetOptions, safeRedirectTarget } from "./redirect-target.ts";
export type { RouteRule } from "./routes.ts";
export { formatEvent, readLastEventId, type ServerEvent } from "./sse/event.ts";
export {
  createEventStream,
  type EventStream,
  type EventStreamOptions,
  SSE_HEADERS,
} from "./sse/event-stream.ts";
export {
  createMemoryLimiter,
  type MemoryLimiter,
  type MemoryLimiterOptions,
  memoryStore,
} from "./stores/memory.ts";
export { createTimingFloor, type TimingOptions } from "./timing.ts";
export { type Fields, type JsonBody, parseCookies, parseJson, parseQuery } from "./validation/parts.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./validation/standard-schema.ts";
export { cleanText, type TextOptions } from "./validation/text.ts";
export { validated } from "./validation/validated.ts";
export {
  createValidator,
  type RequestParts,
  type RequestSchemas,
  type Validated,
  type Validation,
  type ValidationError,
  validationFailed,
} from "./validation/validator.ts";
export type { FlatHeaders, Verdict } from "./verdict.ts";
export {
  type ApiVersion,
  createVersions,
  type VersionChoice,
  type VersionedRequest,
  type VersionPlace,
  type VersionsOptions,
} from "./versioning/versions.ts";
export { createMemoryReplayStore, type ReplayStore } from "./webhooks/replay-store.ts";
export { type HmacSchemeOptions, hmacScheme, stripeScheme, type WebhookScheme } from "./webhooks/scheme.ts";
export {
  createWebhookVerifier,
  type WebhookOptions,
  type WebhookRefusal,
  type WebhookVerdict,
  type WebhookVerifier,
} from "./webhooks/verifier.ts";
