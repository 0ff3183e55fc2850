/** The contract's application as a Worker. What cannot cross into another process is asked and told over bindings. */
import { workersHandler } from "../../src/adapters/workers.ts";
import type { Outcome, RateLimitDecision } from "../../src/index.ts";
import { answerFetch } from "../application.ts";
import { type ContractConfig, contractEdge } from "../features.ts";

interface Env {
  readonly CONFIG: ContractConfig;
  readonly OUTCOMES: { fetch(url: string, init: RequestInit): Promise<Response> };
  /** There when the limiter is remote. */
  readonly LIMITER?: { fetch(url: string, init: RequestInit): Promise<Response> };
}

const URL = "http://test.invalid/";

export default workersHandler<Env>(
  (env, waitUntil) => {
    const { rateLimit, ...config } = env.CONFIG;
    const { LIMITER } = env;
    const check = async (...asked: readonly unknown[]): Promise<RateLimitDecision> => {
      const answer = await LIMITER?.fetch(URL, { method: "POST", body: JSON.stringify(asked) });
      return (await answer?.json()) as RateLimitDecision;
    };
    const remote = LIMITER === undefined || !rateLimit ? rateLimit : { ...rateLimit, limiter: { check } };
    const settled = (outcome: Outcome): void => {
      const body = JSON.stringify(plain(outcome));
      waitUntil(env.OUTCOMES.fetch(URL, { method: "POST", body }));
    };
    return contractEdge({
      ...config,
      ...(remote === undefined ? undefined : { rateLimit: remote }),
      observers: [{ settled }],
    });
  },
  (request, _env, _worker, context) => answerFetch(request, context),
);

function plain(outcome: Outcome): Outcome {
  const {
    requestId,
    method,
    path,
    routeClass,
    route,
    status,
    durationMs,
    address,
    verdict,
    code,
    reason,
    aborted,
  } = outcome;
  const cause = String(outcome.cause);
  return {
    requestId,
    method,
    path,
    routeClass,
    route,
    status,
    durationMs,
    address,
    verdict,
    code,
    reason,
    aborted,
    cause,
  };
}
