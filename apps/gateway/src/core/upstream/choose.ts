import { type Health, isEjected } from "./health.ts";

/** What is looked at to choose a target. */
export interface Candidate {
  readonly health: Health;
  /** Requests under way. */
  readonly inFlight: number;
}

/**
 * The target with the least under way, the next one in turn among equals; null when the checks found none up.
 * `tried` are passed over while there is another. Ejected ones too: when all are, the one soonest back is taken, since a
 * doubtful target is better than none and the breaker watches over the whole.
 */
export function chooseTarget<T extends Candidate>(
  candidates: readonly T[],
  turn: number,
  now: number,
  tried: ReadonlySet<Candidate> | null,
): T | null {
  let best: T | null = null;
  for (let step = 0; step < candidates.length; step += 1) {
    const candidate = candidates[(turn + step) % candidates.length] as T;
    if (!candidate.health.isUp) continue;
    if (best === null || isBetter(candidate, best, now, tried)) best = candidate;
  }
  return best;
}

function isBetter(
  one: Candidate,
  other: Candidate,
  now: number,
  tried: ReadonlySet<Candidate> | null,
): boolean {
  const isTried = tried?.has(one) === true;
  if (isTried !== (tried?.has(other) === true)) return !isTried;
  const oneOut = isEjected(one.health, now);
  const otherOut = isEjected(other.health, now);
  if (oneOut !== otherOut) return !oneOut;
  if (oneOut) return one.health.ejectedUntil < other.health.ejectedUntil;
  return one.inFlight < other.inFlight;
}
