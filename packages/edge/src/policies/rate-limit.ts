import type { Address } from "../address/ip.ts";
import type { Exchange } from "../exchange.ts";
import type { RequestFacts } from "../facts.ts";
import type { RateLimitDecision, RateLimitEvent, RateLimiter } from "../ports.ts";
import { EDGE_PROBLEMS } from "../problem.ts";
import type { Caller, CompiledPolicy, CompiledRule } from "../rate/rules.ts";
import { reject, type Verdict } from "../verdict.ts";
import type { Policy } from "./policy.ts";

const UNAVAILABLE = reject(EDGE_PROBLEMS.unavailable, "Retry-After", "1");

export interface RateLimitFaces {
  readonly limiter: RateLimiter;
  readonly rules: ReadonlyMap<string, CompiledRule>;
  readonly caller: (facts: RequestFacts, client: Address) => Caller | null;
  readonly observe: (event: RateLimitEvent) => void;
}

/** A rule as it applies to one request. */
interface Question {
  readonly rule: CompiledRule;
  readonly policy: CompiledPolicy;
  readonly key: string;
}

/** Counts each request against its route's rules. Where there are several, all of them must let it through. */
export function rateLimit({ limiter, rules, caller: callerOf, observe }: RateLimitFaces): Policy {
  const questionOf = (exchange: Exchange, name: string): Question => {
    const rule = rules.get(name) as CompiledRule;
    const caller = rule.needsCaller ? callerOf(exchange.facts, exchange.client) : null;
    return { rule, policy: rule.policyFor(caller), key: rule.keyOf(exchange, caller) };
  };
  const ask = ({ key, policy }: Question, cost?: number) => limiter.check(key, policy.name, cost);
  /** Whether this decision stands in the way; `unavailable` when nobody could count. */
  const settle = (
    exchange: Exchange,
    { rule, policy, key }: Question,
    decision: RateLimitDecision,
  ): "passes" | "refused" | "unavailable" => {
    if (decision.failure !== undefined) exchange.cause = decision.failure.cause;
    if (rule.isShadow) {
      if (!decision.allowed && decision.failure === undefined)
        observe({ kind: "shadow-refusal", policy: policy.name, key, requestId: exchange.requestId });
      return "passes";
    }
    if (isCounted(decision)) {
      exchange.addDecision(decision);
      return decision.allowed ? "passes" : "refused";
    }
    return decision.allowed ? "passes" : "unavailable";
  };

  const single = (exchange: Exchange, question: Question, decision: RateLimitDecision): Verdict | null => {
    const found = settle(exchange, question, decision);
    if (found === "passes") return null;
    return found === "refused" ? question.policy.refused : UNAVAILABLE;
  };
  const conclude = (
    exchange: Exchange,
    questions: readonly Question[],
    decisions: readonly RateLimitDecision[],
  ): Verdict | null => {
    const found = questions.map((question, i) =>
      settle(exchange, question, decisions[i] as RateLimitDecision),
    );
    const refused = questions.filter((_, i) => found[i] === "refused");
    if (refused.length > 0) return refusedBy(refused.map(({ policy }) => policy));
    return found.includes("unavailable") ? UNAVAILABLE : null;
  };
  /** Asked for nothing first: a call that one of them refuses must not use up the others' quota. */
  const several = (exchange: Exchange, questions: readonly Question[]) =>
    whenAll(
      questions.map((question) => ask(question, 0)),
      (free) => {
        const foreseen = free.map(asIfAsked);
        const isRefused = questions.some(({ rule }, i) => !rule.isShadow && foreseen[i]?.allowed === false);
        if (isRefused) return conclude(exchange, questions, foreseen);
        return whenAll(
          questions.map((question) => ask(question)),
          (decisions) => conclude(exchange, questions, decisions),
        );
      },
    );

  return (exchange) => {
    const names = exchange.matched.rateLimits;
    if (names.length === 0) return null;
    if (names.length > 1)
      return several(
        exchange,
        names.map((name) => questionOf(exchange, name)),
      );
    const question = questionOf(exchange, names[0] as string);
    const answer = ask(question);
    return answer instanceof Promise
      ? answer.then((decision) => single(exchange, question, decision))
      : single(exchange, question, answer);
  };
}

/** What a call would have got, from what a call that costs nothing was told. */
function asIfAsked(decision: RateLimitDecision): RateLimitDecision {
  return decision.allowed && isCounted(decision) && decision.remaining < 1
    ? { ...decision, allowed: false }
    : decision;
}

/** The first listed decides which problem it is; the document names all that were violated. */
function refusedBy(policies: readonly CompiledPolicy[]): Verdict {
  const [first, ...others] = policies as [CompiledPolicy, ...CompiledPolicy[]];
  if (others.length === 0) return first.refused;
  return reject({ ...first.problem, members: { "violated-policies": policies.map(({ name }) => name) } });
}

/** Stays synchronous while the answers are. */
function whenAll<Answer, Result>(
  answers: readonly (Answer | Promise<Answer>)[],
  then: (answers: readonly Answer[]) => Result | Promise<Result>,
): Result | Promise<Result> {
  const isThere = (all: typeof answers): all is readonly Answer[] =>
    !all.some((answer) => answer instanceof Promise);
  return isThere(answers) ? then(answers) : Promise.all(answers).then(then);
}

/** Only what was counted may be told to the client. */
export function isCounted({ failure }: RateLimitDecision): boolean {
  return failure === undefined || failure.mode === "local";
}
