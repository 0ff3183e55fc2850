export {
  type AlertmanagerOptions,
  type MailServer,
  type MaintenanceTime,
  toAlertmanagerConfig,
} from "./alertmanager.ts";
export { type CloudWatchOptions, toCloudWatch } from "./cloudwatch/alarms.ts";
export {
  GENERATED_KINDS,
  type GeneratedKind,
  generate,
  type Surroundings,
  shippedReferencePage,
  shippedWithoutAlarm,
} from "./generate.ts";
export {
  alertPanel,
  type Dashboard,
  type Panel,
  panel,
  queriesOf,
} from "./grafana/dashboard.ts";
export { objectivesDashboard } from "./grafana/objectives.ts";
export { SHIPPED_DASHBOARDS } from "./grafana/shipped.ts";
export { type GrafanaOptions, toGrafana } from "./grafana/to-grafana.ts";
export { toOpenSlo } from "./openslo.ts";
export { type Expected, type RuleFileOptions, toRuleFile, toRuleTests } from "./prometheus.ts";
export { type PrometheusOptions, type ScrapeJob, toPrometheusConfig } from "./prometheus-config.ts";
