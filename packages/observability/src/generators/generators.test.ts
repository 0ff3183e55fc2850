import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import { errorsOf, objective } from "../index.ts";
import { counter, gauge, histogram } from "../metrics/declare.ts";
import {
  above,
  abs,
  absent,
  below,
  both,
  changes,
  compare,
  counterOf,
  either,
  gaugeOf,
  increase,
  quantile,
  rate,
  ratio,
  secondsSince,
  sumBy,
} from "../rules/builders.ts";
import type { Vector } from "../rules/expression.ts";
import { SHIPPED_GROUPS } from "../shipped/groups.ts";
import * as shippedMetrics from "../shipped/metrics.ts";
import { SHIPPED_OBJECTIVES } from "../shipped/objectives.ts";
import { toMetricMath } from "./cloudwatch/metric-math.ts";
import { shippedReferencePage } from "./generate.ts";
import { queriesOf } from "./grafana/dashboard.ts";
import { SHIPPED_DASHBOARDS } from "./grafana/shipped.ts";
import { toGrafana } from "./grafana/to-grafana.ts";
import { toCloudWatch, toOpenSlo, toPrometheusConfig } from "./index.ts";
import { watchedBy } from "./watched.ts";
import { yamlFile } from "./yaml.ts";

const help = "For a test.";
const unit = "count";
const hits = counter({ name: "hits_total", help, unit, labels: { status: { limit: 9 } } });
const level = gauge({ name: "level", help, unit });
const room = gauge({ name: "room", help, unit });
const waits = histogram({ name: "waits", help, unit, buckets: [1, 2] });

test("whatever a text holds, YAML reads it as that text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      assert.deepEqual(parse(yamlFile([{ key: text, list: [text] }])), { key: text, list: [text] });
    }),
  );
  for (const text of ["yes", "012", "1:30", "~", "<<", "- a", "#b", "key: value", "\u2028"]) {
    assert.equal(parse(yamlFile([{ text }]), { version: "1.1" }).text, text);
  }
});

test("a configuration scrapes what has targets, and only that", () => {
  const text = toPrometheusConfig({
    jobs: [
      { name: "shop", targets: ["shop:443"], scheme: "https", path: "/internal/metrics" },
      { name: "none", targets: [] },
    ],
    ruleFiles: ["rules.yml"],
    alertmanagers: ["alerts:9093"],
    interval: "30s",
  });
  const { global, scrape_configs: jobs, alerting } = parse(text);
  assert.equal(global.evaluation_interval, "30s");
  assert.equal(jobs.length, 1);
  assert.deepEqual(
    [jobs[0].scheme, jobs[0].metrics_path, jobs[0].honor_labels],
    ["https", "/internal/metrics", false],
  );
  assert.deepEqual(alerting.alertmanagers, [{ static_configs: [{ targets: ["alerts:9093"] }] }]);
});

test("what a rule watches is its comparison, its other conditions beside it", () => {
  const high = above(gaugeOf(level), 5);
  assert.deepEqual(watchedBy({ expression: high }), {
    value: gaugeOf(level),
    op: ">",
    threshold: 5,
    also: [],
  });
  const enough = compare(gaugeOf(room), ">=", 1);
  assert.deepEqual(watchedBy({ expression: both(high, enough) })?.also, [enough]);
  assert.equal(watchedBy({ expression: either(high, above(gaugeOf(room), 5)) })?.value.kind, "set");
  assert.equal(watchedBy({ expression: either(high, above(gaugeOf(room), 6)) }), null, "two lines are none");
  assert.equal(watchedBy({ expression: absent(gaugeOf(level)) }), null);
});

interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly targets?: readonly { readonly expr: string }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly thresholds?: { readonly steps: readonly { value: number | null; color: string }[] };
    };
  };
}

function panelsOf(dashboard: (typeof SHIPPED_DASHBOARDS)[number]): GrafanaPanel[] {
  return JSON.parse(toGrafana(dashboard, { runbookBase: "https://example.org/" })).panels;
}

test("every panel has a unit, a meaning and queries, and every identity is there once", () => {
  const uids = SHIPPED_DASHBOARDS.map(({ uid }) => uid);
  assert.equal(new Set(uids).size, uids.length);
  for (const dashboard of SHIPPED_DASHBOARDS) {
    const panels = panelsOf(dashboard);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const drawn = panels.filter(({ type }) => type !== "row");
    assert.equal(drawn.flatMap(({ targets = [] }) => targets).length, queriesOf(dashboard).length);
    for (const { title, description, targets, fieldConfig } of drawn) {
      assert.ok(description && fieldConfig?.defaults.unit && targets?.length, title);
    }
  }
});

test("the line in a panel is the line at which the alert fires", () => {
  const panels = SHIPPED_DASHBOARDS.flatMap(panelsOf);
  const rules = SHIPPED_GROUPS.flatMap((group) => group.rules);
  const shown = panels.flatMap(({ description = "", fieldConfig }) => {
    const rule = rules.find(({ name }) => description.includes(`Alert: ${name}.`));
    return rule === undefined ? [] : [{ rule, steps: fieldConfig?.defaults.thresholds?.steps ?? [] }];
  });
  assert.ok(shown.length > 20);
  for (const { rule, steps } of shown) {
    const { op, threshold } = watchedBy(rule) ?? assert.fail(rule.name);
    const [low, high] = steps;
    assert.equal(Math.abs((high?.value ?? Number.NaN) - threshold) < 1e-8, true, rule.name);
    const colour = rule.severity === "critical" ? "red" : "orange";
    assert.equal(
      (op.startsWith(">") || (op === "==" && threshold > 0) ? high : low)?.color,
      colour,
      rule.name,
    );
  }
});

const values = { status: ["500", "503"] };
const math = (expression: Vector): string => {
  const written = toMetricMath(expression, values);
  return "reason" in written ? written.reason : written.expression;
};

test("CloudWatch computes sums of windows, differences and the worst of gauges", () => {
  const failed = increase(counterOf(hits, { status: { startsWith: "5" } }), "5m");
  const all = increase(counterOf(hits), "5m");
  assert.equal(math(above(ratio(sumBy([], failed), sumBy([], all)), 0.1)), "((m1 + m2) / m3) > 0.1");
  assert.equal(
    math(above(sumBy([], rate(counterOf(hits, { status: { not: "ok" } }), "2m")), 1)),
    "((m2 - m1) / 120) > 1",
  );
  assert.equal(math(both(above(gaugeOf(level), 1), below(gaugeOf(room), 2))), "(m1 > 1) AND (m2 < 2)");
  assert.equal(math(above(secondsSince(gaugeOf(level)), 60)), "((m1 - EPOCH(m1)) * -1) > 60");
  const written = toMetricMath(above(abs(gaugeOf(level)), 1), values);
  assert.deepEqual("metrics" in written && written.metrics.map(({ stat }) => stat), ["Maximum", "Minimum"]);
  const since = toMetricMath(above(secondsSince(gaugeOf(level)), 60), values);
  assert.deepEqual(
    "metrics" in since && since.metrics.map(({ stat }) => stat),
    ["Minimum"],
    "the oldest is the worst",
  );
});

test("what CloudWatch cannot compute has a reason and no alarm", () => {
  assert.match(math(above(quantile(0.9, waits, { window: "5m" }), 1)), /histograms/);
  assert.match(math(above(changes(gaugeOf(level), "5m"), 1)), /changes/);
  assert.match(math(absent(gaugeOf(level))), /not there/);
  assert.match(math(above(ratio(gaugeOf(level), gaugeOf(room)), 1)), /series by series/);
  const two = both(above(increase(counterOf(hits), "5m"), 1), above(increase(counterOf(hits), "1h"), 1));
  assert.match(math(two), /two windows/);
  assert.match(
    math(above(increase(counterOf(hits, { status: { startsWith: "9" } }), "5m"), 1)),
    /begins with 9/,
  );
  const options = { namespace: "N", job: "j", values };
  const template = JSON.parse(toCloudWatch(SHIPPED_GROUPS, options));
  const missing: { rule: string }[] = template.Metadata.Rempart.WithoutAlarm;
  const all = SHIPPED_GROUPS.flatMap((group) => group.rules.map(({ name }) => name));
  assert.deepEqual(
    [...Object.keys(template.Resources), ...missing.map(({ rule }) => rule)].sort(),
    all.sort(),
  );
});

/** RFC 1123, as OpenSLO v1 asks of names. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const DURATION = /^[1-9]\d*[mhdwMQY]$/;

test("objectives are documents as OpenSLO v1 has them", () => {
  const own = objective({
    name: "SellsWell",
    sli: errorsOf(hits, { status: "500" }),
    target: 0.999,
    runbook: "none",
  });
  const documents = parseAllDocuments(toOpenSlo("shop", [own, ...SHIPPED_OBJECTIVES])).map((one) =>
    one.toJS(),
  );
  for (const { apiVersion, kind, metadata } of documents) {
    assert.equal(apiVersion, "openslo/v1");
    assert.ok(["Service", "SLO", "AlertNotificationTarget"].includes(kind));
    assert.match(metadata.name, NAME);
  }
  const names = (wanted: string): string[] =>
    documents.filter(({ kind }) => kind === wanted).map(({ metadata }) => metadata.name);
  const slos = documents.filter(({ kind }) => kind === "SLO").map(({ spec }) => spec);
  assert.equal(slos.length, SHIPPED_OBJECTIVES.length + 1);
  for (const { service, indicator, timeWindow, budgetingMethod, objectives, alertPolicies } of slos) {
    assert.deepEqual(names("Service"), [service]);
    assert.match(indicator.metadata.name, NAME);
    const { ratioMetric, thresholdMetric } = indicator.spec;
    assert.equal((ratioMetric === undefined) !== (thresholdMetric === undefined), true, "one of both");
    if (ratioMetric !== undefined)
      assert.equal("good" in ratioMetric !== "bad" in ratioMetric && "total" in ratioMetric, true);
    assert.equal(
      timeWindow.length === 1 && timeWindow[0].isRolling && DURATION.test(timeWindow[0].duration),
      true,
    );
    assert.equal(budgetingMethod, "Occurrences");
    assert.ok(objectives.length === 1 && objectives[0].target > 0 && objectives[0].target < 1);
    assert.equal("op" in objectives[0] && "value" in objectives[0], thresholdMetric !== undefined);
    for (const { kind, metadata, spec } of alertPolicies) {
      assert.equal(kind, "AlertPolicy");
      assert.match(metadata.name, NAME);
      const [{ spec: alerting }] = spec.conditions;
      assert.equal(spec.conditions.length, 1);
      assert.ok(alerting.condition.threshold > 0 && alerting.condition.kind === "burnrate");
      assert.match(alerting.condition.lookbackWindow, DURATION);
      assert.match(alerting.condition.alertAfter, DURATION);
      for (const { targetRef } of spec.notificationTargets)
        assert.ok(names("AlertNotificationTarget").includes(targetRef));
    }
  }
});

test("the page has every metric, recorded value, objective and alert", () => {
  const page = shippedReferencePage("runbooks/");
  const metrics = Object.values(shippedMetrics).map(({ name }) => name);
  const alerts = SHIPPED_GROUPS.flatMap((group) => group.rules.map(({ name }) => name));
  const records = SHIPPED_GROUPS.flatMap((group) => (group.records ?? []).map(({ name }) => name));
  for (const name of [...metrics, ...alerts, ...records]) assert.ok(page.includes(`\n| \`${name}\` |`), name);
  for (const { name } of SHIPPED_OBJECTIVES) assert.ok(page.includes(`\n| ${name} |`), name);
});
