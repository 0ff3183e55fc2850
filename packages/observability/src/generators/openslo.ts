import { BURNS, type Objective } from "../objectives/objective.ts";
import type { EventSli, FreshnessSli, Sli } from "../objectives/sli.ts";
import { secondsSince } from "../rules/builders.ts";
import type { Select } from "../rules/expression.ts";
import { toPromql } from "../rules/promql.ts";
import { yamlFile } from "./yaml.ts";

/** The objectives of a service as OpenSLO v1 documents: the service, who is told, an SLO with its alert policies for each. */
export function toOpenSlo(service: string, objectives: readonly Objective[]): string {
  const severities = [...new Set(BURNS.map(({ severity }) => severity))];
  return yamlFile([
    documentOf("Service", service, {}),
    ...severities.map((name) => documentOf("AlertNotificationTarget", name, { target: "alertmanager" })),
    ...objectives.map((objective) => sloOf(service, objective)),
  ]);
}

function documentOf(kind: string, name: string, spec: object): object {
  return { apiVersion: "openslo/v1", kind, metadata: { name }, spec };
}

function sloOf(service: string, { name, sli, target, window, alerts }: Objective): object {
  const slug = hyphenated(name);
  return documentOf("SLO", slug, {
    description: `${alerts.map((rule) => rule.name).join(", ")} fire by it.`,
    service,
    indicator: { metadata: { name: `${slug}-ratio` }, spec: metricOf(sli) },
    timeWindow: [{ duration: window, isRolling: true }],
    budgetingMethod: "Occurrences",
    objectives: [{ displayName: name, ...boundOf(sli), target }],
    alertPolicies: BURNS.map((burn) => policyOf(slug, burn)),
  });
}

function metricOf(sli: Sli): object {
  return sli.counts === "time" ? { thresholdMetric: ageOf(sli) } : { ratioMetric: ratioOf(sli) };
}

function boundOf(sli: Sli): object {
  return sli.counts === "time" ? { op: "lte", value: sli.boundSeconds } : {};
}

function ageOf({ of }: FreshnessSli): object {
  return { metricSource: { type: "Prometheus", spec: { query: toPromql(secondsSince(of)) } } };
}

function ratioOf({ counts, of, total }: EventSli): object {
  return {
    counter: true,
    [counts]: { metricSource: sourceOf(of) },
    total: { metricSource: sourceOf(total) },
  };
}

function sourceOf(counter: Select<"counter">): object {
  return { type: "Prometheus", spec: { query: `sum(${toPromql(counter)})` } };
}

/** The short window, for which an alert of ours looks at the rate too, is how long OpenSLO waits. */
function policyOf(slug: string, { suffix, factor, long, short, severity }: (typeof BURNS)[number]): object {
  const name = `${slug}-${hyphenated(suffix)}`;
  return {
    kind: "AlertPolicy",
    metadata: { name },
    spec: {
      alertWhenBreaching: true,
      alertWhenResolved: true,
      alertWhenNoData: false,
      conditions: [
        {
          kind: "AlertCondition",
          metadata: { name: `${name}-rate` },
          spec: {
            severity,
            condition: {
              kind: "burnrate",
              op: "gt",
              threshold: factor,
              lookbackWindow: long,
              alertAfter: short,
            },
          },
        },
      ],
      notificationTargets: [{ targetRef: severity }],
    },
  };
}

/** As names of OpenSLO are written: those of DNS. */
function hyphenated(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();
}
