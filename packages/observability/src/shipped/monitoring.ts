/** Who watches the watchers. */
import type { Target } from "../monitor/scrape.ts";
import { alert, type RuleGroup } from "../objectives/rule.ts";
import { series } from "../objectives/scenario.ts";
import { above, compare, countBy, counterOf, gaugeOf, increase, sumBy } from "../rules/builders.ts";
import {
  alertDeliveries,
  alertsRefused,
  monitorFailedRules,
  monitorRefusedSamples,
  prometheusNotificationErrors,
  prometheusReloaded,
  prometheusRuleFailures,
  up,
} from "./metrics.ts";
import { burstScenario, gaugeScenario } from "./scenarios.ts";

const component = "monitoring";

/** Kept away from people by its route: it fires while all is well. */
export const WATCHDOG = "Watchdog";

export const MONITORING_RULES = [
  alert({
    name: WATCHDOG,
    expression: above(countBy([], gaugeOf(up)), 0),
    severity: "info",
    component,
    summary: "Rules are evaluated. Who expects to hear this and does not knows that nobody watches any more.",
    runbook: "monitoring",
    beats: true,
    scenario: { every: "1m", series: [series(up, {}, 1, [9, 0])], firesAt: "5m", resolvedAt: "20m" },
  }),
  alert({
    name: "RulesFail",
    expression: above(gaugeOf(monitorFailedRules), 0),
    for: "2m",
    severity: "warning",
    component,
    summary: "Some rules cannot be evaluated: what they watch is not watched.",
    runbook: "monitoring",
    scenario: gaugeScenario(monitorFailedRules, 0, 1),
  }),
  alert({
    name: "HistoryFull",
    expression: above(gaugeOf(monitorRefusedSamples), 0),
    for: "5m",
    severity: "warning",
    component,
    summary: "There are more series than the history has room for: rules do not see all of them.",
    runbook: "monitoring",
    scenario: gaugeScenario(monitorRefusedSamples, 0, 300),
  }),
  alert({
    name: "AlertsUndelivered",
    expression: above(
      sumBy(["receiver"], increase(counterOf(alertDeliveries, { outcome: "dead" }), "1h")),
      0,
    ),
    severity: "warning",
    component,
    summary: "A receiver was not told of an alert, and will not be.",
    runbook: "monitoring",
    scenario: burstScenario(alertDeliveries, 1, "75m", { receiver: "team", outcome: "dead" }),
  }),
  alert({
    name: "AlertsRefused",
    expression: above(sumBy([], increase(counterOf(alertsRefused), "15m")), 0),
    severity: "critical",
    component,
    summary: "There are more alerts than are kept: some are told to nobody.",
    runbook: "monitoring",
    scenario: burstScenario(alertsRefused, 50, "25m"),
  }),
];

const PROMETHEUS = "prometheus";
const labels = { job: PROMETHEUS };

/** For an installation whose rules a Prometheus evaluates: what the process itself goes on to watch. */
export const PROMETHEUS_WATCH: RuleGroup = {
  name: PROMETHEUS,
  rules: [
    alert({
      name: "PrometheusDown",
      expression: compare(gaugeOf(up, { job: PROMETHEUS }), "==", 0),
      for: "1m",
      severity: "critical",
      component,
      summary: "Prometheus does not answer: its alerts do not fire. The process's own go on.",
      runbook: "monitoring",
      scenario: gaugeScenario(up, 1, 0, labels),
    }),
    alert({
      name: "PrometheusRulesFail",
      expression: above(sumBy([], increase(counterOf(prometheusRuleFailures), "15m")), 0),
      severity: "warning",
      component,
      summary: "Prometheus cannot evaluate some rules.",
      runbook: "monitoring",
      scenario: burstScenario(prometheusRuleFailures, 4, "25m", labels),
    }),
    alert({
      name: "PrometheusAlertsLost",
      expression: above(sumBy([], increase(counterOf(prometheusNotificationErrors), "15m")), 0),
      severity: "critical",
      component,
      summary: "Prometheus cannot hand alerts to Alertmanager: nobody is told.",
      runbook: "monitoring",
      scenario: burstScenario(prometheusNotificationErrors, 4, "25m", labels),
    }),
    alert({
      name: "PrometheusConfigurationRefused",
      expression: compare(gaugeOf(prometheusReloaded), "==", 0),
      for: "5m",
      severity: "warning",
      component,
      summary: "Prometheus works with an old configuration: it refused the new one.",
      runbook: "monitoring",
      scenario: gaugeScenario(prometheusReloaded, 1, 0, labels),
    }),
  ],
};

/** What of its own page a Prometheus at `address` is watched by. Throws TypeError for what is no address. */
export function prometheusTarget(address: string, headers?: Target["headers"]): Target {
  return {
    url: new URL("metrics", address.endsWith("/") ? address : `${address}/`).href,
    job: PROMETHEUS,
    only: [prometheusRuleFailures.name, prometheusNotificationErrors.name, prometheusReloaded.name],
    ...(headers === undefined ? {} : { headers }),
  };
}
