import type { Database } from "@rempart/database";
import type { MessengerConfig } from "@rempart/messenger-server/operator";
import type { ScrapedSample } from "@rempart/observability";

export type Verdict = "pass" | "warn" | "fail" | "unknown";

export interface Finding {
  readonly verdict: Verdict;
  /** What was found, in one line. */
  readonly figure: string;
  /** What somebody needs to look further. */
  readonly details?: readonly string[];
}

/** One thing to look at every week. */
export interface CheckItem {
  readonly id: string;
  readonly title: string;
  readonly target: string;
  readonly source: string;
  /** What to do where it is not met. */
  readonly advice: string;
  /** What it throws becomes `unknown`: a look that failed is no proof. */
  look(place: CheckPlace): Promise<Finding>;
}

export interface CheckPlace {
  readonly config: MessengerConfig;
  /** Unix milliseconds. */
  readonly now: number;
  /** Where the lock file stands. */
  readonly directory: string;
  /** Rejects where the database is not to be had. */
  database(): Promise<Database>;
  /** What the running server counts. Rejects where it is not to be had. */
  samples(): Promise<readonly ScrapedSample[]>;
}

const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;

/** Sum over the samples of one name whose labels are these; null when there is none. */
export function sumOf(
  samples: readonly ScrapedSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const wanted = Object.entries(labels);
  const found = samples.filter(
    (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
  );
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
