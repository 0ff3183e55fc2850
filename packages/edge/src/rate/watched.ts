import type { RateLimiter } from "../ports.ts";

/** Tells of each decision. Asking at no cost is no call: nothing is told of it. */
export function watchedLimiter(
  limiter: RateLimiter,
  decided: (policy: string, allowed: boolean) => void,
): RateLimiter {
  const tell = (policy: string, allowed: boolean): void => {
    try {
      decided(policy, allowed);
    } catch {
      // As for every observer: a decision never fails because it was watched.
    }
  };
  return {
    check(key, policy, cost) {
      const answer = limiter.check(key, policy, cost);
      if (cost === 0) return answer;
      if (!(answer instanceof Promise)) {
        tell(policy, answer.allowed);
        return answer;
      }
      return answer.then((decision) => {
        tell(policy, decision.allowed);
        return decision;
      });
    },
  };
}
