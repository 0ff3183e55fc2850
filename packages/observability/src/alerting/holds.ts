/** Why an alert that fires is not told. */
import { isActive, type Mute, mutes } from "./mutes.ts";
import {
  type AlertEvent,
  type AlertingState,
  type AlertRecord,
  eventAbout,
  isFiring,
  rankOf,
  routingLabels,
} from "./state.ts";

export type Hold =
  | { readonly kind: "silence" | "maintenance"; readonly by: Mute }
  /** A firing alert, at least as grave, about something that this one's component depends on. */
  | { readonly kind: "inhibited"; readonly by: Pick<AlertRecord, "fingerprint" | "rule" | "component"> }
  | { readonly kind: "cool-down"; readonly until: number };

export type HoldsOf = (record: AlertRecord) => readonly Hold[];

/** The holds of alerts that fire, and the events of their beginning and end: silences are gone when somebody asks for them. */
export function noteHolds(
  state: AlertingState,
  holdsOf: HoldsOf,
  now: number,
): { readonly state: AlertingState; readonly events: readonly AlertEvent[] } {
  const events: AlertEvent[] = [];
  const alerts = new Map(state.alerts);
  for (const [fingerprint, record] of state.alerts) {
    const heldBy = isFiring(record) ? holdsOf(record).map(holdText).join("; ") || null : null;
    if (heldBy === record.heldBy) continue;
    alerts.set(fingerprint, { ...record, heldBy });
    if (heldBy !== null) events.push(eventAbout(record, now, "held", heldBy));
    else if (isFiring(record)) events.push(eventAbout(record, now, "released"));
  }
  return { state: { ...state, alerts }, events };
}

/** In a line. */
export function holdText(hold: Hold): string {
  if (hold.kind === "cool-down") return `cool-down until ${new Date(hold.until).toISOString()}`;
  if (hold.kind === "inhibited") return `inhibited by ${hold.by.rule}, about ${hold.by.component}`;
  const { author, reason, when } = hold.by;
  const end = when.kind === "once" ? ` until ${new Date(when.to).toISOString()}` : ", every week";
  return `${hold.kind} of ${author}${end}: ${reason}`;
}

/** Everything that holds an alert back now. */
export function holdsAt(
  state: AlertingState,
  causes: ReadonlyMap<string, ReadonlySet<string>>,
  now: number,
): HoldsOf {
  const active = [...state.mutes.values()].filter((mute) => isActive(mute, now));
  const gravest = gravestByComponent(state);
  return (record) => [
    ...(active.length === 0 ? [] : mutedBy(record, active)),
    ...inhibitedBy(record, causes, gravest),
    ...(now < record.coolUntil ? [{ kind: "cool-down", until: record.coolUntil } as const] : []),
  ];
}

function mutedBy(record: AlertRecord, active: readonly Mute[]): Hold[] {
  const labels = routingLabels(record);
  return active.filter((mute) => mutes(mute, labels)).map((mute) => ({ kind: mute.kind, by: mute }));
}

function gravestByComponent({ alerts }: AlertingState): ReadonlyMap<string, AlertRecord> {
  const gravest = new Map<string, AlertRecord>();
  for (const record of alerts.values()) {
    if (!isFiring(record)) continue;
    const other = gravest.get(record.component);
    if (other === undefined || rankOf(record.severity) > rankOf(other.severity))
      gravest.set(record.component, record);
  }
  return gravest;
}

function inhibitedBy(
  record: AlertRecord,
  causes: ReadonlyMap<string, ReadonlySet<string>>,
  gravest: ReadonlyMap<string, AlertRecord>,
): Hold[] {
  for (const component of causes.get(record.component) ?? []) {
    const root = gravest.get(component);
    if (root === undefined || rankOf(root.severity) < rankOf(record.severity)) continue;
    return [{ kind: "inhibited", by: { fingerprint: root.fingerprint, rule: root.rule, component } }];
  }
  return [];
}
