import { isFlapping } from "./advance.ts";
import type { Notification, NotifiedAlert, Occasion } from "./notification.ts";
import { type AlertingPolicy, type AlertRecord, type GroupRecord, isFiring, rankOf } from "./state.ts";

export interface Telling {
  readonly group: GroupRecord;
  readonly alerts: readonly AlertRecord[];
  readonly occasion: Occasion;
  readonly now: number;
}

export interface Composition {
  readonly policy: AlertingPolicy;
  readonly newId: () => string;
}

/** What one receiver is told of a group. */
export function notificationFor(
  receiver: string,
  { group, alerts, occasion, now }: Telling,
  { policy, newId }: Composition,
): Notification {
  const gravestFirst = alerts.toSorted(
    (a, b) => Number(isFiring(b)) - Number(isFiring(a)) || rankOf(b.severity) - rankOf(a.severity),
  );
  const gravest = alerts.reduce((one, other) =>
    rankOf(other.severity) > rankOf(one.severity) ? other : one,
  );
  return {
    id: newId(),
    receiver,
    groupKey: group.key,
    groupLabels: group.labels,
    occasion,
    status: alerts.some(isFiring) ? "firing" : "resolved",
    severity: gravest.severity,
    alerts: gravestFirst.slice(0, policy.maxListed).map((record) => notified(record, policy)),
    omitted: Math.max(0, alerts.length - policy.maxListed),
    at: now,
  };
}

function notified(record: AlertRecord, policy: AlertingPolicy): NotifiedAlert {
  const { rule, fingerprint, severity, component, labels, value, summary, runbook } = record;
  const { firingAt, resolvedAt, acknowledged } = record;
  return {
    name: rule,
    fingerprint,
    state: isFiring(record) ? "firing" : "resolved",
    severity,
    component,
    labels,
    value,
    summary,
    runbook,
    firingSince: firingAt ?? 0,
    resolvedAt,
    ...(isFiring(record) && isFlapping(record, policy) ? { flapping: true } : {}),
    ...(acknowledged === null ? {} : { acknowledgedBy: acknowledged.by }),
  };
}
