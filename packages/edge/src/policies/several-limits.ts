import type { Exchange } from "../exchange.ts";
import type { RateLimitDecision } from "../ports.ts";
import type { CompiledPolicy, CompiledRule } from "../rate/rules.ts";
import { reject, type Verdict } from "../verdict.ts";
import { isCounted, type RateLimitFaces, stands, UNAVAILABLE } from "./limit-decision.ts";

/** A rule as it applies to one request. */
interface Question {
  readonly rule: CompiledRule;
  readonly policy: CompiledPolicy;
  readonly key: string;
}

type Decisions = readonly RateLimitDecision[];

/**
 * Several rules, all of which must let the request through. They are asked for nothing first: a call that one of them
 * refuses must not use up the others' quota.
 */
export function severalLimits({ limiter, rules, caller: callerOf, observe }: RateLimitFaces) {
  const questionsOf = (exchange: Exchange, names: readonly string[]): Question[] => {
    const named = names.map((name) => rules.get(name) as CompiledRule);
    const needsCaller = named.some((rule) => rule.needsCaller);
    const caller = needsCaller ? callerOf(exchange.facts, exchange.client) : null;
    return named.map((rule) => ({ rule, policy: rule.policyFor(caller), key: rule.keyOf(exchange, caller) }));
  };
  const askAll = (questions: readonly Question[], cost: number) =>
    questions.map(({ key, policy }) => limiter.check(key, policy.name, cost));
  const conclude = (
    exchange: Exchange,
    questions: readonly Question[],
    decisions: Decisions,
  ): Verdict | null => {
    const refusing = questions.flatMap(({ rule, policy, key }, i) => {
      const decision = decisions[i] as RateLimitDecision;
      return stands(exchange, rule, policy, key, decision, observe) ? [] : [{ policy, decision }];
    });
    if (refusing.length === 0) return null;
    const violated = refusing.filter(({ decision }) => isCounted(decision)).map(({ policy }) => policy);
    return violated.length === 0 ? UNAVAILABLE : refusedBy(violated);
  };
  return (exchange: Exchange, names: readonly string[]): Verdict | null | Promise<Verdict | null> => {
    const questions = questionsOf(exchange, names);
    return whenAll(askAll(questions, 0), (free) => {
      const foreseen = free.map(asIfAsked);
      const isRefused = questions.some(({ rule }, i) => !rule.isShadow && !foreseen[i]?.allowed);
      if (isRefused) return conclude(exchange, questions, foreseen);
      return whenAll(askAll(questions, 1), (decisions) => conclude(exchange, questions, decisions));
    });
  };
}

/** What a call would have got, from what a call that costs nothing was told. */
function asIfAsked(decision: RateLimitDecision): RateLimitDecision {
  const isEmpty = decision.allowed && isCounted(decision) && decision.remaining < 1;
  return isEmpty ? { ...decision, allowed: false } : decision;
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
