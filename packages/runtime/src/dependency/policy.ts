import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  handleWhen,
  isBrokenCircuitError,
  retry,
  TimeoutStrategy,
  timeout,
} from "cockatiel";
import type { DependencyDeclaration } from "./declaration.ts";
import type { CircuitStateName, DependencyEvent } from "./events.ts";

/** Thrown inside the policies for work whose caller has gone: no failure of the dependency. */
export class Abandoned extends Error {}

export interface Policies {
  readonly breaker: CircuitBreakerPolicy;
  /** Runs one call: the budget around the retries around the circuit around the attempt. */
  execute<T>(attempt: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

export function createPolicies(
  declaration: DependencyDeclaration<unknown>,
  emit: (event: DependencyEvent) => void,
): Policies {
  const { name, isFailure = () => true } = declaration;
  const failure = handleWhen((error) => !(error instanceof Abandoned) && isFailure(error));
  // An open circuit answers at once and for a while: asking it again within the same call is useless.
  const retriable = handleWhen(
    (error) => !(error instanceof Abandoned) && !isBrokenCircuitError(error) && isFailure(error),
  );
  const breaker = circuitBreaker(failure, breakerOptions(declaration));
  const retries = retry(retriable, retryOptions(declaration));
  const budget = timeout(declaration.budgetMs, TimeoutStrategy.Aggressive);
  const perAttempt = timeout(declaration.attemptMs ?? declaration.budgetMs, TimeoutStrategy.Aggressive);
  breaker.onStateChange((state) => emit({ type: "circuit", dependency: name, state: circuitName(state) }));
  retries.onRetry(({ attempt, delay }) => emit({ type: "retry", dependency: name, attempt, delayMs: delay }));
  return {
    breaker,
    execute: (attempt) =>
      budget.execute(({ signal: callSignal }) =>
        retries.execute(({ signal: retrySignal }) => {
          // cockatiel wakes up from its pause even when the budget ran out meanwhile.
          if (retrySignal.aborted) throw new Abandoned();
          return breaker.execute(
            ({ signal }) => perAttempt.execute((context) => attempt(context.signal), signal),
            retrySignal,
          );
        }, callSignal),
      ),
  };
}

function breakerOptions({ breaker }: DependencyDeclaration<unknown>) {
  if (breaker === "none")
    return { breaker: new ConsecutiveBreaker(Number.POSITIVE_INFINITY), halfOpenAfter: 1 };
  return { breaker: new ConsecutiveBreaker(breaker.failures), halfOpenAfter: breaker.halfOpenAfterMs };
}

function retryOptions({ retry: declared }: DependencyDeclaration<unknown>) {
  if (declared === "none") return { maxAttempts: 0 };
  const { attempts, initialDelayMs, maxDelayMs } = declared;
  const generator = decorrelatedJitterGenerator;
  return {
    maxAttempts: attempts - 1,
    backoff: new ExponentialBackoff({ generator, initialDelay: initialDelayMs, maxDelay: maxDelayMs }),
  };
}

const CIRCUIT_NAMES: Readonly<Record<CircuitState, CircuitStateName>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "isolated",
};

export function circuitName(state: CircuitState): CircuitStateName {
  return CIRCUIT_NAMES[state];
}
