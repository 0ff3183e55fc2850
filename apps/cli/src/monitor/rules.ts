import { inlined, missingMetrics, SHIPPED_GROUPS } from "@rempart/observability";
import { type Finding, type Judged, ok, some, warning } from "../finding.ts";

/** Written by the scrape itself. */
const ALWAYS = ["up"];

/** The parts of a histogram, as samples are named. */
const PART = /_(bucket|count|sum)$/;

/**
 * Rules for which no series is there can never fire, and nobody would notice. A metric that is `declared` will have one as
 * soon as something happens.
 */
export function silentRules(counted: ReadonlySet<string>, declared: ReadonlySet<string>): Finding {
  const records = SHIPPED_GROUPS.flatMap((group) => (group.records ?? []).map(({ name }) => name));
  const known = new Set([...counted, ...ALWAYS, ...records]);
  const rules = SHIPPED_GROUPS.flatMap((group) => group.rules);
  const what = "rules";
  const without = rules.map(({ name, expression, reads = [] }) => ({
    name,
    metrics: missingMetrics(inlined(expression, reads), (metric) => known.has(metric)),
  }));
  const waiting = without.filter(({ metrics }) => metrics.length > 0);
  const isCounted = (metric: string): boolean => declared.has(metric.replace(PART, ""));
  const silent = waiting.filter(({ metrics }) => !metrics.every(isCounted));
  if (silent.length > 0) return { what, ...neverFire(silent, rules.length, isCounted) };
  const all = rules.length;
  return waiting.length === 0
    ? { what, ...ok(`all ${all} find series`) }
    : {
        what,
        ...ok(`${all - waiting.length} of ${all} find series, and for the others nothing has happened yet`),
      };
}

interface Without {
  readonly name: string;
  readonly metrics: readonly string[];
}

function neverFire(silent: readonly Without[], all: number, isCounted: (metric: string) => boolean): Judged {
  const metrics = new Set(silent.flatMap((rule) => rule.metrics).filter((metric) => !isCounted(metric)));
  const names = some(silent.map(({ name }) => name));
  return warning(
    `${silent.length} of ${all} can never fire (${names}), for want of ${some([...metrics].sort())}`,
    "use what counts these (an exporter, backups, Redis, the gateway), or do without the alerts",
  );
}
