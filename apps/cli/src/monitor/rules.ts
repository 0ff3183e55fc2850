import { missingMetrics, SHIPPED_GROUPS } from "@rempart/observability";
import { type Finding, ok, some, warning } from "../finding.ts";

/** Written by the scrape itself. */
const ALWAYS = ["up"];

/** Rules for which no series is there can never fire, and nobody would notice. */
export function silentRules(counted: ReadonlySet<string>): Finding {
  const records = SHIPPED_GROUPS.flatMap((group) => (group.records ?? []).map(({ name }) => name));
  const known = new Set([...counted, ...ALWAYS, ...records]);
  const rules = SHIPPED_GROUPS.flatMap((group) => group.rules);
  const silent = rules.flatMap(({ name, expression }) => {
    const missing = missingMetrics(expression, (metric) => known.has(metric));
    return missing.length === 0 ? [] : [`${name} (${missing.join(", ")})`];
  });
  const what = "rules";
  if (silent.length === 0) return { what, ...ok(`all ${rules.length} find series`) };
  return {
    what,
    ...warning(
      `${silent.length} of ${rules.length} match no series: ${some(silent)}`,
      "use what counts these (an exporter, backups, Redis, the gateway), or do without the alerts",
    ),
  };
}
