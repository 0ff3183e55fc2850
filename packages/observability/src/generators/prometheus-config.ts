import type { Duration } from "../rules/duration.ts";
import { yamlFile } from "./yaml.ts";

/** What is scraped under one value of the label `job`. */
export interface ScrapeJob {
  readonly name: string;
  /** Each `host:port`. */
  readonly targets: readonly string[];
  /** Default `http`. */
  readonly scheme?: "http" | "https";
  /** Default `/metrics`. */
  readonly path?: string;
}

export interface PrometheusOptions {
  readonly jobs: readonly ScrapeJob[];
  /** Paths of rule files, relative to the configuration. */
  readonly ruleFiles: readonly string[];
  /** Each `host:port`. None: alerts are evaluated, and nobody is told. */
  readonly alertmanagers: readonly string[];
  /** Between two scrapes, and two evaluations. Default `15s`. */
  readonly interval?: Duration;
  /** Told with every alert: which installation it is of. */
  readonly externalLabels?: Readonly<Record<string, string>>;
}

/** More than a page of a target ever has, and a bound on what a target that went wrong can cost. */
const SAMPLES_A_SCRAPE = 50_000;

/** A configuration for Prometheus. The same options give the same bytes. */
export function toPrometheusConfig(options: PrometheusOptions): string {
  const { jobs, ruleFiles, alertmanagers, interval = "15s", externalLabels } = options;
  return yamlFile([
    {
      global: {
        scrape_interval: interval,
        evaluation_interval: interval,
        ...(externalLabels === undefined ? {} : { external_labels: externalLabels }),
      },
      rule_files: ruleFiles,
      alerting: {
        alertmanagers: alertmanagers.length === 0 ? [] : [{ static_configs: [{ targets: alertmanagers }] }],
      },
      scrape_configs: jobs.filter(({ targets }) => targets.length > 0).map(jobEntry),
    },
  ]);
}

/** A target's own word about which target it is does not count. */
function jobEntry({ name, targets, scheme = "http", path = "/metrics" }: ScrapeJob): object {
  return {
    job_name: name,
    scheme,
    metrics_path: path,
    honor_labels: false,
    sample_limit: SAMPLES_A_SCRAPE,
    static_configs: [{ targets }],
  };
}
