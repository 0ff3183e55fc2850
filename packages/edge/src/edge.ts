import { compileAdmission } from "./admission.ts";
import { type EdgeConfig, readSettings, type Settings } from "./config.ts";
import { compileDetector, type Detector } from "./detector/detector.ts";
import { invalid } from "./errors.ts";
import { type EdgeContext, Exchange } from "./exchange.ts";
import type { RequestFacts } from "./facts.ts";
import { type EdgeAnswer, problemAnswer, verdictAnswer } from "./headers/answer.ts";
import { compileBlock, type HeaderBlock } from "./headers/block.ts";
import { storable } from "./idempotency/storable.ts";
import { noncePool } from "./nonce.ts";
import { banned } from "./policies/bans.ts";
import { concurrency } from "./policies/concurrency.ts";
import { type CompiledCors, compileCors } from "./policies/cors.ts";
import { type CsrfIssuer, compileCsrf } from "./policies/csrf.ts";
import { experiments } from "./policies/experiments.ts";
import { type CompiledIdempotency, compileIdempotency } from "./policies/idempotency.ts";
import { identify } from "./policies/identify.ts";
import { identity } from "./policies/identity.ts";
import { isCounted } from "./policies/limit-decision.ts";
import type { Policy } from "./policies/policy.ts";
import { rateLimit } from "./policies/rate-limit.ts";
import { redirects } from "./policies/redirect.ts";
import { type Limits, sizes } from "./policies/size.ts";
import { deny, host, httpsOnly, methods, upgrade, wellFormed } from "./policies/target.ts";
import { trace } from "./policies/trace.ts";
import { bodyValidation, validation } from "./policies/validation.ts";
import { versions } from "./policies/versions.ts";
import type { Observer, RateLimitDecision, RateLimiter, RequestTrace } from "./ports.ts";
import { EDGE_PROBLEMS, type Problem } from "./problem.ts";
import { type ConcurrencyLimit, createConcurrencyLimit } from "./rate/concurrency.ts";
import { createLimiter, limitObserver } from "./rate/limiter.ts";
import { compileRules } from "./rate/rules.ts";
import { compileRoutes } from "./route-table.ts";
import type { FlatHeaders } from "./verdict.ts";

/** A compiled edge. Applications use the first members; adapters call the rest, once per request and in their order. */
export interface Edge {
  readonly limits: Limits;
  /** Counts for the application too, for example per user; null when rate limiting is off. */
  readonly limiter: RateLimiter | null;
  /** Hands out tokens for `GET /api/csrf-token`; null when CSRF protection is off. */
  readonly csrf: CsrfIssuer | null;
  /**
   * Asks the limiter, and lists its decision in the response's rate limit fields. Answer a refused decision with
   * `EDGE_PROBLEMS.rateLimited`.
   */
  limit(context: EdgeContext, key: string, policy: string, cost?: number): Promise<RateLimitDecision>;

  /**
   * Shows a parsed body to the detector: the problem to answer with, or null for one that may pass. Null always while the
   * detector is off or only reports.
   */
  inspect(context: EdgeContext, body: unknown): Problem | null;

  /** Runs the policies. Synchronous unless one of them asks something remote. A policy that fails refuses the request. */
  admit(facts: RequestFacts): Exchange | Promise<Exchange>;
  /**
   * For an admitted exchange with `needsBody`, once its whole body is there: the verdict is final only then. A policy that
   * fails refuses the request.
   */
  admitBody(exchange: Exchange, body: Uint8Array): Promise<void>;
  /**
   * What was answered to an exchange with an `attempt`, before its last byte leaves: headers as the handler gave them, and
   * the body as text; null for a body that is none, or too long. A store that fails changes nothing for the client.
   */
  conclude(
    exchange: Exchange,
    status: number,
    headers: readonly string[],
    body: string | null,
  ): Promise<void>;
  /** For what never became a request: a protocol error on the connection. */
  refuseEarly(facts: RequestFacts, problem: Problem): Exchange;
  /** The edge's own answer to an exchange that did not pass. */
  answer(exchange: Exchange): EdgeAnswer;
  /** Every header the edge owes the response, as a fresh list the adapter may add to. */
  headers(exchange: Exchange): FlatHeaders;
  /** The same as lines of HTTP/1.1, each with its end and fit to be sent unchecked. */
  headerLines(exchange: Exchange): string;
  /** Whether a handler's header of this lower-case name is ignored, because the edge answers for it. */
  owns(name: string): boolean;
  /** A problem document as the answer to a request that passed. */
  problem(exchange: Exchange, problem: Problem): EdgeAnswer;
  /** What a handler threw, as the problem to answer with; the cause is kept for the observers. */
  failure(exchange: Exchange, error: unknown): Problem;
  /** The answer is out, or the peer is gone: tells the observers. */
  settle(exchange: Exchange, status: number, aborted: boolean): void;
}

/** Throws `EdgeError` `invalid-configuration`, naming the field, for a configuration that contradicts itself. */
export function createEdge(config: EdgeConfig): Edge {
  const settings = readSettings(config);
  const { clock, random, observers } = settings;
  const cors = readCors(settings);
  const limiter = settings.rateLimit === false ? null : createLimiter(settings.rateLimit, clock);
  const csrf = settings.csrf === false ? null : compileCsrf(settings.csrf, cors.origins, clock, random);
  const routes = compileRoutes(settings);
  const block = compileBlock(routes.fallback, cors, {
    rateLimit: limiter !== null,
    versions: settings.versions !== undefined,
    idempotency: settings.idempotency !== undefined,
  });
  const idempotency = settings.idempotency === undefined ? null : compileIdempotency(settings.idempotency);
  const detector = settings.detector === false ? null : compileDetector(settings.detector, clock);
  const policies = orderPolicies(settings, cors.policy, limiter, csrf?.policy ?? null, detector, idempotency);
  const bodyPolicies = idempotency === null ? [bodyValidation] : [bodyValidation, idempotency.claim];

  return {
    limits: settings.limits,
    limiter,
    csrf: csrf?.issuer ?? null,
    ...compileAdmission(policies, routes, clock, noncePool(random), bodyPolicies),
    conclude: (exchange, status, headers, body) => conclude(exchange, block, status, headers, body),
    answer: (exchange) => verdictAnswer(exchange, exchange.decided, block.write),
    headers: block.write,
    headerLines: block.lines,
    owns: block.owns,
    problem: (exchange, problem) => problemAnswer(exchange, problem, block.write),
    async limit(context, key, policy, cost) {
      if (limiter === null) throw new TypeError("rate limiting is off");
      const decision = await limiter.check(key, policy, cost);
      if (context instanceof Exchange && isCounted(decision)) context.addDecision(decision);
      return decision;
    },
    inspect: (context, body) =>
      detector !== null && context instanceof Exchange ? detector.body(context, body) : null,
    failure(exchange, error) {
      exchange.cause = error;
      return settings.toProblem(error) ?? EDGE_PROBLEMS.internal;
    },
    settle(exchange, status, aborted) {
      exchange.status = status;
      exchange.aborted = aborted;
      exchange.durationMs = clock.monotonic() - exchange.startedAt;
      if (exchange.place !== null) giveBack(exchange, exchange.place);
      detector?.settled(exchange);
      exchange.run(() => {
        for (const observer of observers) notify(observer, exchange);
      });
      if (exchange.trace !== null) endTrace(exchange, exchange.trace);
    },
  };
}

async function conclude(
  exchange: Exchange,
  block: HeaderBlock,
  status: number,
  headers: readonly string[],
  body: string | null,
): Promise<void> {
  const { attempt } = exchange;
  if (attempt === null) return;
  exchange.attempt = null;
  try {
    if (status >= 500) await attempt.abandon();
    else await attempt.conclude(body === null ? null : storable(status, headers, body, block, exchange));
  } catch (error) {
    exchange.cause = error;
  }
}

/** A request that was cut short, or failed at once, was fast for a reason that says nothing about load. */
function giveBack(exchange: Exchange, place: ConcurrencyLimit): void {
  exchange.place = null;
  const isTelling = !exchange.aborted && exchange.status < 500 && exchange.verdict === "pass";
  place.release(isTelling ? exchange.durationMs : null);
}

/** An observer's trouble is its own: a request never fails because it was watched. */
function notify(observer: Observer, exchange: Exchange): void {
  try {
    observer.settled(exchange);
  } catch {
    // Nothing sensible can be told to anyone from here.
  }
}

function endTrace(exchange: Exchange, trace: RequestTrace): void {
  exchange.trace = null;
  try {
    trace.end(exchange);
  } catch {
    // As above.
  }
}

function readCors(settings: Settings): CompiledCors {
  try {
    return compileCors(settings.cors);
  } catch (error) {
    throw invalid("cors.origins", error instanceof Error ? error.message : String(error));
  }
}

/** A policy whose options contradict themselves is a fault of the configuration. */
function compiled<Options>(field: string, options: Options, compile: (options: Options) => Policy): Policy {
  try {
    return compile(options);
  } catch (error) {
    throw invalid(field, error instanceof Error ? error.message : String(error));
  }
}

/** Cheap refusals first; what keeps state comes after what needs none. */
function orderPolicies(
  settings: Settings,
  cors: Policy,
  limiter: RateLimiter | null,
  csrf: Policy | null,
  detector: Detector | null,
  idempotency: CompiledIdempotency | null,
): readonly [Policy, ...Policy[]] {
  const policies: [Policy, ...Policy[]] = [
    identify(settings.proxies, settings.requestId),
    ...(settings.tracer === undefined ? [] : [trace(settings.tracer)]),
    ...(settings.bans === null ? [] : [banned(settings.bans)]),
    wellFormed,
    host(settings.hosts),
    methods(settings.methods),
    deny,
    sizes(settings.limits),
  ];
  if (settings.httpsOnly && settings.hosts !== undefined) policies.push(httpsOnly(settings.hosts));
  if (settings.redirects.length > 0) policies.push(redirects(settings.redirects));
  policies.push(cors, upgrade);
  if (settings.versions !== undefined) policies.push(compiled("versions", settings.versions, versions));
  if (limiter !== null && settings.rateLimit !== false) {
    const { policies: rules, caller = () => null } = settings.rateLimit;
    policies.push(
      rateLimit({ limiter, rules: compileRules(rules), caller, observe: limitObserver(settings.rateLimit) }),
    );
  }
  if (csrf !== null) policies.push(csrf);
  if (settings.identity !== undefined) policies.push(identity(settings.identity));
  if (settings.routes.some(({ validate }) => validate !== undefined)) policies.push(validation);
  if (settings.experiments !== undefined) {
    const options = { ...settings.experiments, random: settings.random };
    policies.push(compiled("experiments", options, experiments));
  }
  if (idempotency !== null) policies.push(idempotency.key);
  if (detector !== null) policies.push(detector.policy);
  if (settings.concurrency !== undefined) {
    policies.push(concurrency(createConcurrencyLimit({ ...settings.concurrency, clock: settings.clock })));
  }
  return policies;
}
