import { inlined, missingMetrics, SHIPPED_GROUPS } from "@rempart/observability";
import { type Finding, ok, some, warning } from "../finding.ts";

/** Written by the scrape itself. */
const ALWAYS = ["up"];

/** Rules for which no series is there can never fire, and nobody would notice. */
export function silentRules(counted: ReadonlySet<string>): Finding {
  const records = SHIPPED_GROUPS.flatMap((group) => (group.records ?? []).map(({ name }) => name));
  const known = new Set([...counted, ...ALWAYS, ...records]);
  const rules = SHIPPED_GROUPS.flatMap((group) => group.rules);
  const missing = rules.map(({ expression, reads = [] }) =>
    missingMetrics(inlined(expression, reads), (metric) => known.has(metric)),
  );
  const silent = missing.filter((metrics) => metrics.length > 0);
  const what = "rules";
  if (silent.length === 0) return { what, ...ok(`all ${rules.length} find series`) };
  return {
    what,
    ...warning(
      `${silent.length} of ${rules.length} match no series, for want of ${some([...new Set(silent.flat())].sort())}`,
      "use what counts these (an exporter, backups, Redis, the gateway), or do without the alerts",
    ),
  };
}
