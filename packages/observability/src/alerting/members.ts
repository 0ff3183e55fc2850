/** Which alerts are told together. */
import type { Labels } from "../history/series.ts";
import { pick } from "../rules/element.ts";
import type { ResolvedRoute, Router } from "./routes.ts";
import { type AlertingState, type AlertRecord, isFiring, routingLabels } from "./state.ts";

export interface Members {
  readonly key: string;
  readonly labels: Labels;
  /** Null for a group that no route makes any more, whose receivers still wait to hear of its end. */
  readonly route: ResolvedRoute | null;
  readonly records: AlertRecord[];
}

/** The groups that have something to tell, or had. */
export function membersByGroup(state: AlertingState, router: Router): ReadonlyMap<string, Members> {
  const groups = new Map<string, Members>();
  for (const record of state.alerts.values()) {
    const isToldSomewhere = Object.keys(record.told).length > 0;
    if (!isFiring(record) && !isToldSomewhere) continue;
    const routed = groupsOf(record, router);
    for (const { key, labels, route } of routed) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { key, labels, route, records: [record] });
      else group.records.push(record);
    }
    for (const key of Object.keys(record.told)) {
      if (routed.some((one) => one.key === key)) continue;
      const labels = state.groups.get(key)?.labels ?? {};
      const group = groups.get(key) ?? { key, labels, route: null, records: [] };
      group.records.push(record);
      groups.set(key, group);
    }
  }
  return groups;
}

interface Placed {
  readonly key: string;
  readonly labels: Labels;
  readonly route: ResolvedRoute;
}

/** The groups that an alert belongs to. */
export function groupsOf(record: AlertRecord, router: Router): readonly Placed[] {
  const all = routingLabels(record);
  return router(all).map((route) => {
    const labels = pick(all, route.groupBy);
    return { key: `${route.key}:${JSON.stringify(labels)}`, labels, route };
  });
}
