import type { DeliveryMetrics, Deployment, Measure } from "@rempart/observability";
import { table } from "../table.ts";
import { durationText, timeText } from "../text.ts";

export function deploymentTable(deployments: readonly Deployment[]): string {
  const rows = deployments.map(({ deployedAt, version, commit, committedAt, failed }) => [
    timeText(deployedAt),
    version,
    commit,
    committedAt === null ? "–" : durationText(Math.max(0, deployedAt - committedAt)),
    failed ? "failed" : "",
  ]);
  return table([["deployed", "version", "commit", "lead time", ""], ...rows]);
}

export function metricsText(metrics: DeliveryMetrics): string {
  const { deploymentFrequency, leadTime, changeFailureRate, recoveryTime, unrecovered } = metrics;
  const open = unrecovered === 0 ? "" : `, and ${unrecovered} not recovered from yet`;
  return table([
    ["deployment frequency", ...cells(deploymentFrequency, (value) => `${round(value)} a day`)],
    ["lead time for changes", ...cells(leadTime, durationText)],
    ["change failure rate", ...cells(changeFailureRate, (value) => `${round(value * 100)} %`)],
    ["recovery time", ...cells(recoveryTime, durationText, open)],
  ]);
}

function cells({ value, band, samples }: Measure, text: (value: number) => string, more = ""): string[] {
  const count = `${samples} deployment${samples === 1 ? "" : "s"}${more}`;
  return [value === null ? "–" : text(value), band ?? "–", count];
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
