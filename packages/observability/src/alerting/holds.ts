/** Why an alert that fires is not told. */
import { isActive, type Mute, mutes } from "./mutes.ts";
import {
  type AlertEvent,
  type AlertingState,
  type AlertRecord,
  eventAbout,
  isFiring,
  routingLabels,
} from "./state.ts";
import type { Consequences } from "./topology.ts";

export type Hold =
  | { readonly kind: "silence" | "maintenance"; readonly by: Mute }
  /** A firing alert that says that something is out which this one's component depends on. */
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
  if (hold.kind === "inhibited") return `inhibited by ${hold.by.rule}: ${hold.by.component} is out`;
  const { author, reason, when } = hold.by;
  const end = when.kind === "once" ? ` until ${new Date(when.to).toISOString()}` : ", every week";
  return `${hold.kind} of ${author}${end}: ${reason}`;
}

/** Everything that holds an alert back now. */
export function holdsAt(state: AlertingState, consequences: Consequences, now: number): HoldsOf {
  const active = [...state.mutes.values()].filter((mute) => isActive(mute, now));
  const outages = outagesIn(state, consequences);
  return (record) => [
    ...(active.length === 0 ? [] : mutedBy(record, active)),
    ...inhibitedBy(record, outages),
    ...(now < record.coolUntil ? [{ kind: "cool-down", until: record.coolUntil } as const] : []),
  ];
}

function mutedBy(record: AlertRecord, active: readonly Mute[]): Hold[] {
  const labels = routingLabels(record);
  return active.filter((mute) => mutes(mute, labels)).map((mute) => ({ kind: mute.kind, by: mute }));
}

interface Outage {
  readonly by: Pick<AlertRecord, "fingerprint" | "rule" | "component">;
  readonly components: ReadonlySet<string>;
}

function outagesIn({ alerts }: AlertingState, consequences: Consequences): readonly Outage[] {
  return [...alerts.values()].filter(isFiring).flatMap(({ fingerprint, rule, component }) => {
    const components = consequences.get(rule);
    return components === undefined ? [] : [{ by: { fingerprint, rule, component }, components }];
  });
}

function inhibitedBy({ component }: AlertRecord, outages: readonly Outage[]): Hold[] {
  const outage = outages.find(({ components }) => components.has(component));
  return outage === undefined ? [] : [{ kind: "inhibited", by: outage.by }];
}
