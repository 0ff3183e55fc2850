import type { AlertView, Hold } from "@rempart/observability";

/** An alert as an administrator is shown it. Times are milliseconds since the Unix epoch. */
export interface ShownAlert {
  readonly id: string;
  readonly rule: string;
  readonly phase: AlertView["phase"];
  readonly severity: AlertView["severity"];
  readonly component: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null is what is no number. */
  readonly value: number | null;
  /** Since when it is seen; null when it is not. */
  readonly since: number | null;
  readonly firingAt: number | null;
  readonly resolvedAt: number | null;
  readonly flapping: boolean;
  readonly acknowledgedBy: string | null;
  /** Why nobody is told of it: what holds it back, and the id of the silence, the alert or the time that does. */
  readonly heldBy: readonly { readonly kind: Hold["kind"]; readonly by: string | number }[];
}

const MAX_SHOWN = 200;
const GRAVEST_FIRST = { critical: 0, warning: 1, info: 2 } as const;

export interface ShownAlerts {
  readonly alerts: readonly ShownAlert[];
  /** How many more there are. */
  readonly omitted: number;
}

/** Those that fire or are about to, gravest first, a bounded number. */
export function shownAlerts(alerts: readonly AlertView[]): ShownAlerts {
  const active = alerts
    .filter(({ phase }) => phase !== "resolved")
    .toSorted((a, b) => GRAVEST_FIRST[a.severity] - GRAVEST_FIRST[b.severity]);
  return {
    alerts: active.slice(0, MAX_SHOWN).map(shownAlert),
    omitted: Math.max(0, active.length - MAX_SHOWN),
  };
}

export function shownAlert(view: AlertView): ShownAlert {
  const { fingerprint, rule, phase, severity, component, labels, value, firingAt, resolvedAt } = view;
  return {
    id: fingerprint,
    rule,
    phase,
    severity,
    component,
    labels,
    value: Number.isFinite(value) ? value : null,
    since: view.seenSince,
    firingAt,
    resolvedAt,
    flapping: view.isFlapping,
    acknowledgedBy: view.acknowledged?.by ?? null,
    heldBy: view.holds.map(heldBy),
  };
}

function heldBy(hold: Hold): { kind: Hold["kind"]; by: string | number } {
  switch (hold.kind) {
    case "cool-down":
      return { kind: hold.kind, by: hold.until };
    case "inhibited":
      return { kind: hold.kind, by: hold.by.fingerprint };
    default:
      return { kind: hold.kind, by: hold.by.id };
  }
}
