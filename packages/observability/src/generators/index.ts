export { type Expected, toRuleFile, toRuleTests } from "./prometheus.ts";
export { type PrometheusOptions, type ScrapeJob, toPrometheusConfig } from "./prometheus-config.ts";
