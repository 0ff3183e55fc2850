export type Band = "elite" | "high" | "medium" | "low";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;

/** The worst value of each band, best band first; what is worse than all of them is `low`. */
type Limits = readonly (readonly [Exclude<Band, "low">, number])[];

/**
 * After the clusters of the 2024 "Accelerate State of DevOps" report: days of 24 hours, months of 30 days. The report's clusters
 * leave gaps (nobody recovers in two days there), and its middle cluster fails less often than the one above (10 % and 20 %):
 * a value between two clusters counts as the lower, and 20 % as `high`.
 */
const LEAD_TIME_MS: Limits = [
  ["elite", DAY],
  ["high", WEEK],
  ["medium", MONTH],
];
const RECOVERY_MS: Limits = [
  ["elite", HOUR],
  ["high", DAY],
  ["medium", WEEK],
];
const FAILURE_RATE: Limits = [
  ["elite", 0.05],
  ["high", 0.2],
  ["medium", 0.4],
];
/** Of the time between two deployments: several a day, one a day to one a week, one a week to one a month. */
const INTERVAL_MS: Limits = [
  ["elite", DAY],
  ["high", WEEK],
  ["medium", MONTH],
];

export const leadTimeBand = (ms: number): Band => bandOf(ms, LEAD_TIME_MS);
export const recoveryBand = (ms: number): Band => bandOf(ms, RECOVERY_MS);
export const failureRateBand = (share: number): Band => bandOf(share, FAILURE_RATE);
/** Deployments a day; none at all is `low`. */
export const frequencyBand = (perDay: number): Band => bandOf(DAY / perDay, INTERVAL_MS);

function bandOf(value: number, limits: Limits): Band {
  return limits.find(([, worst]) => value <= worst)?.[0] ?? "low";
}
