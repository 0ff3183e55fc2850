export {
  type Alerting,
  type AlertingOptions,
  createAlerting,
  type RuleExplanation,
} from "./alerting/alerting.ts";
export type { AlertingEvent } from "./alerting/alerting-event.ts";
export {
  type AlertDesk,
  type AlertExplanation,
  createAlertDesk,
  type DeskOptions,
  type Listing,
} from "./alerting/desk.ts";
export { type Hold, holdText } from "./alerting/holds.ts";
export type { Letter } from "./alerting/letters.ts";
export type { Mute, MuteRequest, Once, Weekly } from "./alerting/mutes.ts";
export type { Notification, NotifiedAlert, Occasion } from "./alerting/notification.ts";
export type { Reason } from "./alerting/reason.ts";
export {
  checkRoutes,
  type Escalation,
  type ResolvedRoute,
  type Route,
  type RouteTree,
  routesFor,
} from "./alerting/routes.ts";
export type { AlertEvent, AlertingPolicy, Phase } from "./alerting/state.ts";
export type { AlertStore } from "./alerting/store.ts";
export type { Topology } from "./alerting/topology.ts";
export type { AlertView, GroupView, Untaken } from "./alerting/view.ts";
export { alertIncidents } from "./delivery/alert-incidents.ts";
export type { Band } from "./delivery/bands.ts";
export type { Deployment, Incident } from "./delivery/deployment.ts";
export {
  type DeliveryMetrics,
  type DeliveryWindow,
  deliveryMetrics,
  type Measure,
} from "./delivery/metrics.ts";
export { type DeliveryDatabase, type DeliveryStore, deliveryStore } from "./delivery/store.ts";
export { ObservabilityError, type ObservabilityErrorCode } from "./errors.ts";
export { type ExpositionLimits, parseExposition, type ScrapedSample } from "./history/exposition.ts";
export { Feed, type Taken } from "./history/feed.ts";
export { type Appended, History, type HistoryOptions } from "./history/history.ts";
export { acceptedPage, type Page, readRegistry, registryPage } from "./history/registry.ts";
export type { Labels, Sample, Series } from "./history/series.ts";
export { timeline } from "./history/timeline.ts";
export type { LabelValues } from "./metrics/children.ts";
export {
  type CounterMetric,
  counter,
  type GaugeMetric,
  gauge,
  type HistogramMetric,
  histogram,
  type LabelBound,
  type LabelBounds,
  type Metric,
  type MetricOptions,
  type Unit,
} from "./metrics/declare.ts";
export {
  type BoundCounter,
  type BoundGauge,
  type BoundHistogram,
  type Labelled,
  type LabelledReader,
  type Reader,
  type Reading,
  type RegisterOptions,
  registerLabelledReader,
  registerMetrics,
  registerReader,
} from "./metrics/register.ts";
export { observabilityMigrations } from "./migrations.ts";
export type {
  Evaluation,
  Explanation,
  FailedRule,
  RangeSeries,
  RuleResult,
  TargetState,
} from "./monitor/evaluation.ts";
export type { Range } from "./monitor/messages.ts";
export { type Monitor, type MonitorOptions, startMonitor } from "./monitor/monitor.ts";
export { Remembering } from "./monitor/remembering.ts";
export type { Target } from "./monitor/scrape.ts";
export { type Alert, type Alerts, nextAlerts } from "./objectives/alerts.ts";
export { type Objective, type ObjectiveOptions, objective, type Reachable } from "./objectives/objective.ts";
export { type RecordingRule, type RecordOptions, record } from "./objectives/record.ts";
export { type Rehearsal, rehearse } from "./objectives/rehearse.ts";
export {
  type AlertOptions,
  type AlertRule,
  alert,
  type RuleGroup,
  type Severity,
} from "./objectives/rule.ts";
export { type Run, type Scenario, type ScenarioSeries, samplesOf, series } from "./objectives/scenario.ts";
export {
  type EventSli,
  errorsOf,
  type FreshnessSli,
  fasterThan,
  fresherThan,
  type Sli,
} from "./objectives/sli.ts";
export { type MadOptions, mad, type ZscoreOptions, zscore } from "./rules/bands.ts";
export * from "./rules/builders.ts";
export { type Duration, milliseconds } from "./rules/duration.ts";
export type { Element } from "./rules/element.ts";
export { evaluate } from "./rules/evaluate.ts";
export type { Expression, Matching, Operand, Vector } from "./rules/expression.ts";
export { inlined } from "./rules/inline.ts";
export { type Counted, missingMetrics } from "./rules/missing.ts";
export { toPromql } from "./rules/promql.ts";
export type { Source } from "./rules/select.ts";
export { SHIPPED_GROUPS } from "./shipped/groups.ts";
export * as shippedMetrics from "./shipped/metrics.ts";
export { PROMETHEUS_WATCH, prometheusTarget, WATCHDOG } from "./shipped/monitoring.ts";
export { SHIPPED_OBJECTIVES } from "./shipped/objectives.ts";
export { SHIPPED_TOPOLOGY } from "./shipped/topology.ts";
export { memoryAlertStore } from "./stores/memory.ts";
export { type AlertDatabase, postgresAlertStore } from "./stores/postgres.ts";
