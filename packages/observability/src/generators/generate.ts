import type { RouteTree } from "../alerting/routes.ts";
import { rehearse } from "../objectives/rehearse.ts";
import type { RuleGroup } from "../objectives/rule.ts";
import type { ReceiverConfig } from "../receivers/address.ts";
import type { Duration } from "../rules/duration.ts";
import { SHIPPED_GROUPS } from "../shipped/groups.ts";
import * as shippedMetrics from "../shipped/metrics.ts";
import { SHIPPED_OBJECTIVES } from "../shipped/objectives.ts";
import { SHIPPED_TOPOLOGY } from "../shipped/topology.ts";
import { type MailServer, type MaintenanceTime, toAlertmanagerConfig } from "./alertmanager.ts";
import { type NoAlarm, toCloudWatch, withoutAlarm } from "./cloudwatch/alarms.ts";
import { toDashboardsPage } from "./grafana/page.ts";
import { SHIPPED_DASHBOARDS } from "./grafana/shipped.ts";
import { toGrafana } from "./grafana/to-grafana.ts";
import { toOpenSlo } from "./openslo.ts";
import { type RuleFileOptions, toRuleFile, toRuleTests } from "./prometheus.ts";
import { type ScrapeJob, toPrometheusConfig } from "./prometheus-config.ts";
import { toReferencePage } from "./reference-page.ts";

/** What the files of one installation depend on beside the shipped declarations. */
export interface Surroundings {
  /** As OpenSLO calls it, and the dimension `job` of its metrics in CloudWatch. */
  readonly service: string;
  readonly jobs: readonly ScrapeJob[];
  /** Each `host:port`. */
  readonly alertmanagers: readonly string[];
  /** Default `15s`. */
  readonly interval?: Duration;
  readonly routes: RouteTree;
  readonly receivers: readonly ReceiverConfig[];
  readonly maintenance?: readonly MaintenanceTime[];
  readonly mail?: MailServer;
  /** Folder of secrets, as Alertmanager sees it. */
  readonly secrets: string;
  /** Where runbooks are read, with a slash at its end. */
  readonly runbookBase: string;
}

export const GENERATED_KINDS = [
  "prometheus",
  "alertmanager",
  "grafana",
  "cloudwatch",
  "openslo",
  "dashboards.md",
] as const;

const SHIPPED_RULES = SHIPPED_GROUPS.flatMap((group) => group.rules);

export type GeneratedKind = (typeof GENERATED_KINDS)[number];

type Files = readonly (readonly [path: string, text: string])[];

/** The files of one kind, by their paths. The same surroundings give the same bytes. */
export function generate(kind: GeneratedKind, around: Surroundings): ReadonlyMap<string, string> {
  return new Map(FILES[kind](around));
}

const FILES: Readonly<Record<GeneratedKind, (around: Surroundings) => Files>> = {
  prometheus: prometheusFiles,
  alertmanager: (around) => [
    [
      "alertmanager/alertmanager.yml",
      toAlertmanagerConfig({ ...around, topology: SHIPPED_TOPOLOGY, rules: SHIPPED_RULES }),
    ],
  ],
  grafana: ({ runbookBase }) =>
    SHIPPED_DASHBOARDS.map((dashboard) => [
      `grafana/dashboards/${dashboard.uid}.json`,
      toGrafana(dashboard, { runbookBase }),
    ]),
  cloudwatch: ({ service }) => [
    [
      "cloudwatch/alarms.json",
      toCloudWatch(SHIPPED_GROUPS, { namespace: "Rempart", job: service, values: KNOWN_VALUES }),
    ],
  ],
  openslo: ({ service }) => [["openslo/objectives.yml", toOpenSlo(service, SHIPPED_OBJECTIVES)]],
  "dashboards.md": () => [["grafana/dashboards.md", toDashboardsPage(SHIPPED_DASHBOARDS)]],
};

/** What CloudWatch must be told for a prefix. */
const KNOWN_VALUES = { status: ["500", "502", "503", "504"] };

/** By the file they stand in. promtool evaluates all rules of a file in each of its tests: objectives have one each. */
const RULE_FILES: readonly RuleGroup[] = [
  ...SHIPPED_GROUPS.filter(({ name }) => name !== "objectives"),
  ...SHIPPED_OBJECTIVES.map(({ name, alerts, records }) => ({
    name: `objective-${name}`,
    records,
    rules: alerts,
  })),
];

function prometheusFiles({ jobs, alertmanagers, interval, runbookBase }: Surroundings): Files {
  const config = toPrometheusConfig({
    jobs,
    alertmanagers,
    ruleFiles: RULE_FILES.map(rulePath),
    ...(interval === undefined ? {} : { interval }),
  });
  return [
    ["prometheus/prometheus.yml", config],
    ...RULE_FILES.map(
      (group) => [`prometheus/${rulePath(group)}`, toRuleFile([group], { runbookBase })] as const,
    ),
    ...RULE_FILES.filter(({ rules }) => rules.length > 0).map((group) => testFile(group, { runbookBase })),
  ];
}

function rulePath({ name }: RuleGroup): string {
  return `rules/${name}.yml`;
}

function testFile(group: RuleGroup, options: RuleFileOptions): readonly [string, string] {
  const expected = group.rules.map((rule) => ({ rule, firing: rehearse(rule).firing }));
  return [`prometheus/tests/${group.name}.test.yml`, toRuleTests(`../${rulePath(group)}`, expected, options)];
}

/** The shipped rules that have no alarm in CloudWatch. */
export function shippedWithoutAlarm(): readonly NoAlarm[] {
  return withoutAlarm(SHIPPED_GROUPS, KNOWN_VALUES);
}

/** The page of the shipped metrics and alerts. */
export function shippedReferencePage(runbookBase: string): string {
  return toReferencePage({
    metrics: Object.values(shippedMetrics),
    groups: SHIPPED_GROUPS,
    objectives: SHIPPED_OBJECTIVES,
    withoutAlarm: shippedWithoutAlarm(),
    runbookBase,
  });
}
