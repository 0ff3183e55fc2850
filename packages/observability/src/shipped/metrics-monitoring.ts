/** What the monitor tells of itself, and a Prometheus that it watches. */
import { counter, gauge } from "../metrics/declare.ts";

export const monitorFailedRules = gauge({
  name: "monitor_failed_rules",
  help: "Rules that could not be evaluated at the last tick.",
  unit: "count",
});

export const monitorSeries = gauge({
  name: "monitor_history_series",
  help: "Series in the history.",
  unit: "count",
});

export const monitorRefusedSamples = gauge({
  name: "monitor_refused_samples",
  help: "Samples of the last tick that the history had no room for.",
  unit: "count",
});

export const monitorDuration = gauge({
  name: "monitor_evaluation_duration_seconds",
  help: "How long the rules took at the last tick.",
  unit: "seconds",
});

export const monitorRestarts = counter({
  name: "monitor_thread_restarts_total",
  help: "How often the monitor's thread ended and was started anew, without its history.",
  unit: "count",
});

/** Written by the scrape itself. */
export const up = gauge({
  name: "up",
  help: "1 when the target answered its scrape.",
  unit: "count",
  labels: { job: { limit: 200 }, instance: { limit: 200 } },
});

/** Of Prometheus itself, as the next three. */
export const prometheusRuleFailures = counter({
  name: "prometheus_rule_evaluation_failures_total",
  help: "Rules that Prometheus could not evaluate.",
  unit: "count",
});

export const prometheusNotificationErrors = counter({
  name: "prometheus_notifications_errors_total",
  help: "Alerts that Prometheus could not hand to Alertmanager.",
  unit: "count",
});

export const prometheusReloaded = gauge({
  name: "prometheus_config_last_reload_successful",
  help: "1 when Prometheus took its configuration as it is now.",
  unit: "count",
});

export const alertChanges = counter({
  name: "alert_changes_total",
  help: "Alerts that began to fire, ended, or were found to flap, as far as this process decided it.",
  unit: "count",
  labels: { what: { values: ["fired", "resolved", "flapping"] } },
});

export const alertDeliveries = counter({
  name: "alert_deliveries_total",
  help: "Attempts to tell a receiver, by what came of them; dead is one that is not tried again.",
  unit: "count",
  labels: { receiver: { limit: 20 }, outcome: { values: ["accepted", "retry", "dead"] } },
});

export const alertsRefused = counter({
  name: "alerts_refused_total",
  help: "Alerts that there was no room for, each time they were seen.",
  unit: "count",
});

export const alertStoreAway = gauge({
  name: "alert_store_away",
  help: "1 while the store of alerts does not answer, and this process goes on from its memory.",
  unit: "count",
});
