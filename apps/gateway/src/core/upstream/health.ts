/** One target's health. Pure: states are values, time is an argument (monotonic milliseconds). */

export interface HealthRules {
  /** Failed checks in a row that take a target out, and passed ones that bring it back. */
  readonly falls: number;
  readonly rises: number;
  /** Failed requests in a row that eject a target. */
  readonly failures: number;
  /** The first ejection; each further one without a success between is twice as long, up to the longest. */
  readonly ejectMs: number;
  readonly longestEjectMs: number;
}

export interface Health {
  /** What the checks say; true until they say otherwise. */
  readonly isUp: boolean;
  /** Checks in a row that contradict `isUp`. */
  readonly contradictions: number;
  /** Failed requests in a row. */
  readonly failures: number;
  readonly ejectedUntil: number;
  readonly ejections: number;
}

export type HealthEvent = "check-passed" | "check-failed" | "request-succeeded" | "request-failed";

export const HEALTHY: Health = {
  isUp: true,
  contradictions: 0,
  failures: 0,
  ejectedUntil: Number.NEGATIVE_INFINITY,
  ejections: 0,
};

/** The same value when nothing changes, so that the usual success costs nothing. */
export function nextHealth(health: Health, event: HealthEvent, now: number, rules: HealthRules): Health {
  switch (event) {
    case "check-passed":
    case "check-failed":
      return checked(health, event === "check-passed", rules);
    case "request-succeeded":
      return health.failures === 0 && health.ejections === 0
        ? health
        : { ...health, failures: 0, ejections: 0, ejectedUntil: HEALTHY.ejectedUntil };
    case "request-failed":
      return failed(health, now, rules);
  }
}

function checked(health: Health, passed: boolean, { falls, rises }: HealthRules): Health {
  if (passed === health.isUp) return health.contradictions === 0 ? health : { ...health, contradictions: 0 };
  const contradictions = health.contradictions + 1;
  if (contradictions < (health.isUp ? falls : rises)) return { ...health, contradictions };
  // Back up by its checks: traffic judges it afresh.
  return { ...(passed ? HEALTHY : health), isUp: passed, contradictions: 0 };
}

/** A target just back from an ejection goes again at its first failure. */
function failed(health: Health, now: number, rules: HealthRules): Health {
  const failures = health.failures + 1;
  if (now < health.ejectedUntil) return health;
  if (health.ejections === 0 && failures < rules.failures) return { ...health, failures };
  const forMs = Math.min(rules.longestEjectMs, rules.ejectMs * 2 ** health.ejections);
  return { ...health, failures: 0, ejections: health.ejections + 1, ejectedUntil: now + forMs };
}

export function isEjected(health: Health, now: number): boolean {
  return now < health.ejectedUntil;
}

export type HealthChange = "target-up" | "target-down" | "target-ejected";

/** What changed for the worse or the better, else null. */
export function healthChange(before: Health, after: Health): HealthChange | null {
  if (before.isUp !== after.isUp) return after.isUp ? "target-up" : "target-down";
  return after.ejectedUntil > before.ejectedUntil ? "target-ejected" : null;
}

/** Statuses of an upstream that stands but does not serve. */
const FAILING = new Set([502, 503, 504]);

export function isFailing(status: number): boolean {
  return FAILING.has(status);
}
