/**
 * The page of a registry in OpenMetrics 1.0, which alone carries exemplars: of an observation in a bucket, the trace that it was
 * made in. https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
import type { MetricObjectWithValues, MetricValue } from "prom-client";

type Value = MetricValue<string> & {
  readonly metricName?: string;
  readonly exemplar?: Exemplar | null;
};

interface Exemplar {
  readonly labelSet: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
}

/** One metric's part of the page. After the last comes `# EOF`. */
export function openMetricsFamily(metric: MetricObjectWithValues<MetricValue<string>>): string {
  const { name, help, values } = metric;
  // The type is declared as `MetricType`, and is the word.
  const type = String(metric.type);
  const family = type === "counter" ? name.replace(/_total$/, "") : name;
  const lines = values.map((value) => sampleLine(name, value));
  return [`# TYPE ${family} ${type}`, `# HELP ${family} ${escaped(help)}`, ...lines, ""].join("\n");
}

function sampleLine(metric: string, { labels, value, metricName = metric, exemplar }: Value): string {
  const sample = `${metricName}${labelText(labels)} ${numberText(value)}`;
  if (exemplar === undefined || exemplar === null) return sample;
  const { labelSet, value: seen, timestamp } = exemplar;
  return `${sample} # ${labelText(labelSet)} ${numberText(seen)} ${timestamp.toFixed(3)}`;
}

function labelText(labels: Partial<Record<string, string | number>>): string {
  const list = Object.entries(labels).map(([label, value]) => `${label}="${escaped(String(value))}"`);
  return list.length === 0 ? "" : `{${list.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
