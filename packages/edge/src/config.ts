import { type Clock, type Random, systemClock, systemRandom } from "@rempart/kernel";
import type { TrustedProxies } from "./address/client.ts";
import type { Address } from "./address/ip.ts";
import type { Bans } from "./bans/bans.ts";
import type { DetectorConfig } from "./detector/detector.ts";
import { invalid } from "./errors.ts";
import type { ExperimentsOptions } from "./experiments/experiments.ts";
import type { RequestFacts } from "./facts.ts";
import type { CspDirectives } from "./headers/csp.ts";
import { unsafeSources } from "./headers/csp.ts";
import type { SecurityHeaders } from "./headers/security.ts";
import type { CorsConfig } from "./policies/cors.ts";
import type { CsrfConfig } from "./policies/csrf.ts";
import type { IdempotencyConfig } from "./policies/idempotency.ts";
import type { RequestIdConfig } from "./policies/identify.ts";
import type { RedirectRule } from "./policies/redirect.ts";
import { DEFAULT_LIMITS, type Limits } from "./policies/size.ts";
import type {
  FailureMode,
  IdentityPort,
  Observer,
  RateLimitEvent,
  RateLimiter,
  RateLimitPolicy,
  RateLimitStore,
  RequestTracer,
} from "./ports.ts";
import { PRESETS, type Preset, type PresetName } from "./presets.ts";
import type { Problem } from "./problem.ts";
import type { ConcurrencyConfig } from "./rate/concurrency.ts";
import { type Caller, policiesOf, type RateLimitRule } from "./rate/rules.ts";
import type { RouteRule } from "./routes.ts";
import type { VersionsOptions } from "./versioning/versions.ts";

export interface RateLimitConfig {
  readonly policies: readonly RateLimitRule[];
  /** For routes that name none: a policy, several, or `false` to limit only those that do. The first policy when absent. */
  readonly default?: string | readonly string[] | false;
  /** Most keys kept per policy in memory. */
  readonly maxKeys?: number;
  /** Where counts are kept; default memory. */
  readonly store?: RateLimitStore;
  /** A limiter of your own in place of a store. It must know every policy above, and `name-tier` of each tier. */
  readonly limiter?: RateLimiter;
  /** How long a store or limiter may take, in milliseconds; default 20. */
  readonly budgetMs?: number;
  /** What a request gets when it fails or is late: through, 503 (default), or a count of this process alone. */
  readonly onFailure?: FailureMode;
  /**
   * Who calls, for policies by user, tenant or tier. Asked on each of their requests: it answers from memory, and only what
   * it has verified, or anyone could choose their counter. Null for who is not known: the address stands in.
   */
  readonly caller?: (facts: RequestFacts, client: Address) => Caller | null;
  /** Told when a store goes down or comes back, and of what a policy in shadow mode would have refused. */
  readonly observe?: (event: RateLimitEvent) => void;
  /** Told of every call that was counted or refused, on its way: for metrics. What it throws is dropped. */
  readonly decided?: (policy: string, allowed: boolean) => void;
}

export interface EdgeConfig {
  readonly preset: PresetName;
  /** Absent: the connection's address is the client's and forwarding headers are ignored. */
  readonly proxies?: TrustedProxies;
  /** Values of `Host` that are served, with the port where it is not the default; any other gets 421. Absent: every host. */
  readonly hosts?: readonly string[];
  /** Redirect plain http to https. Needs `hosts`. */
  readonly httpsOnly?: boolean;
  readonly methods?: readonly string[];
  readonly requestId?: RequestIdConfig;
  readonly limits?: Partial<Limits>;
  /** Replaces the preset's, header by header. */
  readonly headers?: SecurityHeaders;
  /** Absent: no other origin may call. */
  readonly cors?: CorsConfig;
  readonly csrf?: CsrfConfig | false;
  readonly rateLimit?: RateLimitConfig | false;
  /** Bound what is under way at once by its latency; what finds no place gets 503. Off when absent. */
  readonly concurrency?: ConcurrencyConfig;
  readonly routes?: readonly RouteRule[];
  /** Versions of the API, for every route but those with `versions: false`. */
  readonly versions?: VersionsOptions;
  /** Who asks, for handlers, idempotency keys and routes that require it. */
  readonly identity?: IdentityPort;
  /** Variants and flags of each browser, as `context.variants`. */
  readonly experiments?: Omit<ExperimentsOptions, "random">;
  /** Carries out POST and PATCH requests with an `Idempotency-Key` once. Needs `identity` or its own `caller`. */
  readonly idempotency?: IdempotencyConfig;
  /** Addresses that moved. */
  readonly redirects?: readonly RedirectRule[];
  /** Looks for attacks in targets and headers; default off. Bodies are shown to it with `edge.inspect`. */
  readonly detector?: DetectorConfig | false;
  /** Banned networks are refused right after the client is known; users are the application's to ask about. */
  readonly bans?: Pick<Bans, "ofAddress">;
  readonly observers?: readonly Observer[];
  /** Follows each request; off when absent. */
  readonly tracer?: RequestTracer;
  /** Translates what a handler threw; null for what is a failure of ours (500). */
  readonly toProblem?: (error: unknown) => Problem | null;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The configuration with every default filled in and every contradiction refused. */
export interface Settings {
  readonly preset: Preset;
  readonly proxies: TrustedProxies | undefined;
  readonly hosts: readonly string[] | undefined;
  readonly httpsOnly: boolean;
  readonly methods: readonly string[];
  readonly requestId: RequestIdConfig;
  readonly limits: Limits;
  readonly headers: Required<SecurityHeaders>;
  readonly cors: CorsConfig;
  readonly csrf: CsrfConfig | false;
  readonly rateLimit: RateLimitConfig | false;
  readonly concurrency: ConcurrencyConfig | undefined;
  readonly routes: readonly RouteRule[];
  readonly versions: VersionsOptions | undefined;
  readonly identity: IdentityPort | undefined;
  readonly experiments: Omit<ExperimentsOptions, "random"> | undefined;
  readonly idempotency: IdempotencyConfig | undefined;
  readonly redirects: readonly RedirectRule[];
  readonly bans: Pick<Bans, "ofAddress"> | null;
  readonly detector: DetectorConfig | false;
  readonly observers: readonly Observer[];
  readonly tracer: RequestTracer | undefined;
  readonly toProblem: (error: unknown) => Problem | null;
  readonly clock: Clock;
  readonly random: Random;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const MAX_HOPS = 10;

/** Throws `EdgeError` `invalid-configuration` that names the field. */
export function readSettings(config: EdgeConfig): Settings {
  const preset = PRESETS[config.preset];
  if (preset === undefined) throw invalid("preset", `expects one of ${Object.keys(PRESETS).join(", ")}`);
  const settings: Settings = {
    preset,
    proxies: config.proxies,
    hosts: config.hosts,
    httpsOnly: config.httpsOnly ?? false,
    methods: config.methods ?? METHODS,
    requestId: config.requestId ?? {},
    limits: { ...DEFAULT_LIMITS, ...config.limits },
    headers: { ...preset.headers, ...config.headers },
    cors: config.cors ?? { origins: [] },
    csrf: config.csrf ?? {},
    rateLimit: config.rateLimit ?? { policies: [preset.rateLimit] },
    concurrency: config.concurrency,
    routes: config.routes ?? [],
    versions: config.versions,
    identity: config.identity,
    experiments: config.experiments,
    idempotency: config.idempotency,
    redirects: config.redirects ?? [],
    bans: config.bans ?? null,
    detector: config.detector ?? false,
    observers: config.observers ?? [],
    tracer: config.tracer,
    toProblem: config.toProblem ?? (() => null),
    clock: config.clock ?? systemClock,
    random: config.random ?? systemRandom,
  };
  checkProxies(settings);
  checkHosts(settings);
  checkLimits(settings.limits);
  checkHeaders(settings);
  checkCors(settings.cors);
  checkCsrf(settings.csrf);
  if (settings.rateLimit !== false) checkRateLimit(settings.rateLimit);
  if (settings.concurrency !== undefined) checkConcurrency(settings.concurrency);
  checkDetector(settings.detector);
  checkRoutes(settings);
  checkIdentified(settings);
  if (settings.idempotency !== undefined) checkIdempotency(settings.idempotency);
  return settings;
}

function checkProxies({ proxies, requestId }: Settings): void {
  const hops = proxies?.hops ?? 0;
  if (!Number.isSafeInteger(hops) || hops < 0 || hops > MAX_HOPS) {
    throw invalid(
      "proxies.hops",
      `expects how many proxies are yours, 0 to ${MAX_HOPS}; all cannot be trusted`,
    );
  }
  if (requestId.acceptInbound && hops === 0) {
    throw invalid("requestId.acceptInbound", "needs proxies.hops: anyone could choose the ids in your logs");
  }
}

function checkHosts({ hosts, httpsOnly }: Settings): void {
  if (hosts !== undefined && hosts.length === 0)
    throw invalid("hosts", "an empty list would refuse every request");
  if (httpsOnly && hosts === undefined) {
    throw invalid("httpsOnly", "needs hosts: the target of a redirect must not come from the request");
  }
}

function checkLimits(limits: Limits): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value <= 0)
      throw invalid(`limits.${name}`, "expects a positive whole number");
  }
  if (limits.headersTimeoutMs > limits.requestTimeoutMs) {
    throw invalid("limits.headersTimeoutMs", "cannot be longer than limits.requestTimeoutMs");
  }
}

function checkHeaders({ headers, preset }: Settings): void {
  if (headers.csp) checkCsp("headers.csp", headers.csp, preset);
}

function checkCsp(field: string, csp: CspDirectives, preset: Preset): void {
  const unsafe = preset.refusesUnsafeCsp ? unsafeSources(csp) : [];
  if (unsafe.length > 0) throw invalid(field, `${unsafe.join(", ")} is only for the development preset`);
}

function checkCors(cors: CorsConfig): void {
  if (cors.credentials && cors.origins.includes("*")) {
    throw invalid("cors.credentials", "cannot go with the origin *: name the origins");
  }
  if (cors.origins.includes("null"))
    throw invalid("cors.origins", "null is every sandboxed page, not an origin");
  for (const name of [
    ...(cors.methods ?? []),
    ...(cors.allowedHeaders ?? []),
    ...(cors.exposedHeaders ?? []),
  ]) {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(name))
      throw invalid("cors", `${JSON.stringify(name)} is not a method or header`);
  }
  const { maxAgeSeconds } = cors;
  if (maxAgeSeconds !== undefined && (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 0)) {
    throw invalid("cors.maxAgeSeconds", "expects a whole number of seconds");
  }
}

const MIN_SECRET_BYTES = 32;
const COOKIE_NAME = /^[A-Za-z0-9_-]{1,64}$/;

function checkCsrf(csrf: CsrfConfig | false): void {
  if (csrf === false) return;
  if (csrf.secret !== undefined && csrf.secret.length < MIN_SECRET_BYTES) {
    throw invalid("csrf.secret", `expects at least ${MIN_SECRET_BYTES} bytes`);
  }
  if (csrf.secret !== undefined && csrf.mac !== undefined) {
    throw invalid("csrf.mac", "stands in the place of csrf.secret");
  }
  const { tokenCookie, tokenHeader } = csrf;
  if (tokenCookie !== undefined && !(COOKIE_NAME.test(tokenCookie) && tokenCookie.startsWith("__Host-"))) {
    throw invalid("csrf.tokenCookie", "expects a cookie name that starts with __Host-");
  }
  if (tokenHeader !== undefined && !COOKIE_NAME.test(tokenHeader)) {
    throw invalid("csrf.tokenHeader", "expects a header name");
  }
}

function checkRateLimit(config: RateLimitConfig): void {
  if (config.policies.length === 0)
    throw invalid("rateLimit.policies", "expects at least one policy, or rateLimit: false");
  const names = new Set<string>();
  for (const policy of policiesOf(config.policies)) {
    const field = `rateLimit.policies.${policy.name}`;
    if (!NAME.test(policy.name))
      throw invalid("rateLimit.policies", `${JSON.stringify(policy.name)} is not a name`);
    if (names.has(policy.name)) throw invalid(field, "is there twice");
    checkQuota(field, policy);
    names.add(policy.name);
  }
  for (const rule of config.policies) checkCaller(rule, config);
  checkNames("rateLimit.default", config.default, config);
  if (config.maxKeys !== undefined && !(Number.isSafeInteger(config.maxKeys) && config.maxKeys >= 2)) {
    throw invalid("rateLimit.maxKeys", "expects at least 2");
  }
  if (config.store !== undefined && config.limiter !== undefined)
    throw invalid("rateLimit.limiter", "cannot go with rateLimit.store: one of them counts");
  if (config.budgetMs !== undefined && !(config.budgetMs > 0 && config.budgetMs <= MAX_BUDGET_MS))
    throw invalid("rateLimit.budgetMs", `expects more than 0 and at most ${MAX_BUDGET_MS} milliseconds`);
}

/** A request that waits longer for its limiter is an outage by itself. */
const MAX_BUDGET_MS = 10_000;

function checkQuota(field: string, { limit, windowSeconds, algorithm, burst }: RateLimitPolicy): void {
  if (!Number.isSafeInteger(limit) || limit < 1) throw invalid(`${field}.limit`, "expects at least 1");
  if (!Number.isSafeInteger(windowSeconds) || windowSeconds < 1)
    throw invalid(`${field}.windowSeconds`, "expects at least 1");
  if (!Number.isSafeInteger(limit * windowSeconds * 1000))
    throw invalid(`${field}.limit`, "cannot be counted exactly over so long a window");
  if (burst === undefined) return;
  if (algorithm !== "token-bucket") throw invalid(`${field}.burst`, "is only for a token bucket");
  if (!Number.isSafeInteger(burst) || burst < 1 || burst > limit)
    throw invalid(`${field}.burst`, "expects 1 to the limit");
}

function checkCaller({ name, by, tiers }: RateLimitRule, { caller }: RateLimitConfig): void {
  const field = `rateLimit.policies.${name}`;
  if (by?.length === 0) throw invalid(`${field}.by`, "expects at least one part");
  if (caller !== undefined) return;
  if (tiers !== undefined) throw invalid(`${field}.tiers`, "needs rateLimit.caller");
  if (by?.includes("user") || by?.includes("tenant")) throw invalid(`${field}.by`, "needs rateLimit.caller");
}

function checkConcurrency({ floor = 4, ceiling = 1000, tolerance = 2, ...times }: ConcurrencyConfig): void {
  if (!Number.isSafeInteger(floor) || floor < 1) throw invalid("concurrency.floor", "expects at least 1");
  if (!Number.isSafeInteger(ceiling) || ceiling < floor)
    throw invalid("concurrency.ceiling", "expects at least the floor");
  if (!(tolerance >= 1 && tolerance <= 10)) throw invalid("concurrency.tolerance", "expects 1 to 10");
  for (const [name, value] of Object.entries(times)) {
    if (!(value > 0)) throw invalid(`concurrency.${name}`, "expects a positive number of milliseconds");
  }
}

/** What needs a caller must be able to know one. */
function checkIdentified({ identity, idempotency, routes }: Settings): void {
  if (idempotency !== undefined && identity === undefined && idempotency.caller === undefined) {
    throw invalid("idempotency.caller", "needs it or identity: two callers may choose the same key");
  }
  routes.forEach((rule, i) => {
    if (rule.identity === "required" && identity === undefined)
      throw invalid(`routes[${i}].identity`, "needs identity: nobody would ever be let in");
    if (rule.idempotency === "required" && idempotency === undefined)
      throw invalid(`routes[${i}].idempotency`, "needs idempotency: nothing would keep its promise");
  });
}

function checkIdempotency({ keepSeconds, holdSeconds, maxAnswer, budgetMs }: IdempotencyConfig): void {
  for (const [name, value] of Object.entries({ keepSeconds, holdSeconds, maxAnswer, budgetMs })) {
    if (value !== undefined && !(value > 0 && value < Number.POSITIVE_INFINITY))
      throw invalid(`idempotency.${name}`, "expects a positive number");
  }
}

function checkDetector(config: DetectorConfig | false): void {
  if (config === false) return;
  if (config.threshold !== undefined && !(config.threshold > 0))
    throw invalid("detector.threshold", "expects more than 0");
  for (const [name, value] of Object.entries(config.behaviour ?? {})) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalid(`detector.behaviour.${name}`, "expects at least 1");
  }
}

/** Every policy that is named exists, and is named once: twice would count one request twice. */
function checkNames(
  field: string,
  named: string | readonly string[] | false | undefined,
  rateLimit: RateLimitConfig | false,
): void {
  if (named === undefined || named === false) return;
  const names = typeof named === "string" ? [named] : named;
  if (names.length === 0) throw invalid(field, "expects at least one policy, or false");
  for (const name of names) {
    if (rateLimit === false || !rateLimit.policies.some((policy) => policy.name === name))
      throw invalid(field, `no policy is named ${name}`);
  }
  if (new Set(names).size !== names.length) throw invalid(field, "names a policy twice");
}

function checkRoutes({ routes, rateLimit, preset, limits }: Settings): void {
  const names = new Set<string>(["default"]);
  routes.forEach((rule, i) => {
    const field = `routes[${i}]`;
    if (!NAME.test(rule.name)) throw invalid(`${field}.name`, `${JSON.stringify(rule.name)} is not a name`);
    names.add(rule.name);
    checkNames(`${field}.rateLimit`, rule.rateLimit, rateLimit);
    const bodyBytes = rule.bodyBytes ?? limits.bodyBytes;
    if (!Number.isSafeInteger(bodyBytes) || bodyBytes < 0)
      throw invalid(`${field}.bodyBytes`, "expects a whole number");
    if (rule.csp) checkCsp(`${field}.csp`, rule.csp, preset);
  });
}
