import { type Band, failureRateBand, frequencyBand, leadTimeBand, recoveryBand } from "./bands.ts";
import type { Deployment, Incident } from "./deployment.ts";

export interface Measure {
  /** Null where there is nothing to measure. */
  readonly value: number | null;
  readonly band: Band | null;
  /** How many deployments it rests on. */
  readonly samples: number;
}

/** DORA's four measures of one environment over one window. */
export interface DeliveryMetrics {
  readonly from: number;
  readonly to: number;
  /** Deployments a day. */
  readonly deploymentFrequency: Measure;
  /** Median milliseconds from a change's commit to its deployment, of those that told. */
  readonly leadTime: Measure;
  /** Share of the deployments that failed or caused an incident. */
  readonly changeFailureRate: Measure;
  /** Median milliseconds until a failed deployment was recovered from, of those that were. */
  readonly recoveryTime: Measure;
  /** Failed deployments that nobody has recovered from yet. */
  readonly unrecovered: number;
}

const DAY_MS = 86_400_000;
/** An incident nobody has put down to a deployment is held against the last one before it, when it was that recent. */
export const BLAME_MS = 60 * 60_000;

export interface DeliveryWindow {
  readonly from: number;
  readonly to: number;
}

/** Of the deployments within `from` ≤ time < `to`. Later deployments and incidents count as what they recovered from. */
export function deliveryMetrics(
  deployments: readonly Deployment[],
  incidents: readonly Incident[],
  { from, to }: DeliveryWindow,
): DeliveryMetrics {
  if (!(to > from)) throw new TypeError("a window has a beginning and a later end");
  const inOrder = deployments.toSorted((a, b) => a.deployedAt - b.deployedAt);
  const within = inOrder.filter(({ deployedAt }) => deployedAt >= from && deployedAt < to);
  const blamed = blame(incidents, inOrder);
  const failed = within.filter((one) => one.failed || blamed.has(one));
  const recoveries = failed.map((one) => recoveryOf(one, blamed.get(one) ?? [], inOrder));
  const recovered = recoveries.filter((time) => time !== null);
  const leadTimes = within.flatMap(({ deployedAt, committedAt }) =>
    committedAt === null ? [] : [sinceOf(committedAt, deployedAt)],
  );
  const perDay = within.length / ((to - from) / DAY_MS);
  const failureRate = within.length === 0 ? null : failed.length / within.length;
  return {
    from,
    to,
    deploymentFrequency: { value: perDay, band: frequencyBand(perDay), samples: within.length },
    leadTime: measure(median(leadTimes), leadTimeBand, leadTimes.length),
    changeFailureRate: measure(failureRate, failureRateBand, within.length),
    recoveryTime: measure(median(recovered), recoveryBand, recovered.length),
    unrecovered: recoveries.length - recovered.length,
  };
}

function measure(value: number | null, bandOf: (value: number) => Band, samples: number): Measure {
  return { value, band: value === null ? null : bandOf(value), samples };
}

/** Which incidents each deployment answers for. `inOrder`: oldest first. */
function blame(
  incidents: readonly Incident[],
  inOrder: readonly Deployment[],
): ReadonlyMap<Deployment, readonly Incident[]> {
  const blamed = new Map<Deployment, Incident[]>();
  for (const incident of incidents) {
    const cause = causeOf(incident, inOrder);
    if (cause !== undefined) blamed.set(cause, [...(blamed.get(cause) ?? []), incident]);
  }
  return blamed;
}

function causeOf(incident: Incident, inOrder: readonly Deployment[]): Deployment | undefined {
  const { environment, deployment, openedAt } = incident;
  const there = inOrder.filter((one) => one.environment === environment);
  if (deployment !== null) return there.find(({ id }) => id === deployment);
  return there.findLast(({ deployedAt }) => deployedAt <= openedAt && openedAt - deployedAt <= BLAME_MS);
}

/**
 * Until the last of its incidents closed; without one, until the next deployment that did not fail. Null while neither
 * has happened.
 */
function recoveryOf(
  failed: Deployment,
  incidents: readonly Incident[],
  inOrder: readonly Deployment[],
): number | null {
  if (incidents.length === 0) {
    const next = inOrder.find(
      (one) => one.environment === failed.environment && !one.failed && one.deployedAt > failed.deployedAt,
    );
    return next === undefined ? null : next.deployedAt - failed.deployedAt;
  }
  let end = 0;
  for (const { closedAt } of incidents) {
    if (closedAt === null) return null;
    end = Math.max(end, closedAt);
  }
  return sinceOf(failed.deployedAt, end);
}

/** Clocks of two machines may disagree, and one may have gone back: what seems to end before it began took no time. */
function sinceOf(begin: number, end: number): number {
  return Math.max(0, end - begin);
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
