import type { Labels } from "../history/series.ts";
import type { Evaluation } from "../monitor/evaluation.ts";
import type { AlertRule } from "../objectives/rule.ts";
import { fingerprintOf, storable } from "./fingerprint.ts";
import type { AlertingPolicy, AlertingState, AlertRecord, Reporter } from "./state.ts";

/** What one process sees at one time. */
export interface Report {
  readonly reporter: string;
  readonly sightings: readonly Sighting[];
  readonly blind: readonly string[];
}

export interface Sighting {
  readonly fingerprint: string;
  readonly rule: AlertRule;
  readonly labels: Labels;
  readonly value: number;
}

/** A rule that failed, or whose history is too young, says nothing about the alerts that it does not show. */
export function reportOf(
  reporter: string,
  rules: ReadonlyMap<string, AlertRule>,
  { results, failed }: Pick<Evaluation, "results" | "failed">,
): Report {
  const sightings = results.flatMap(({ rule: name, elements }) => {
    const rule = rules.get(name);
    return rule === undefined
      ? []
      : elements.map(({ labels, value }) => sighting(rule, storable(labels), value));
  });
  const unsettled = results.filter(({ settled }) => !settled);
  return { reporter, sightings, blind: [...unsettled, ...failed].map(({ rule }) => rule) };
}

function sighting(rule: AlertRule, labels: Labels, value: number): Sighting {
  return { fingerprint: fingerprintOf(rule.name, labels), rule, labels, value };
}

export interface Absorbed {
  readonly state: AlertingState;
  /** Alerts that there was no room for. */
  readonly refused: number;
}

/** The state after a report. Entries that say nothing new stay the same objects. */
export function absorb(state: AlertingState, report: Report, now: number, policy: AlertingPolicy): Absorbed {
  const alerts = new Map(state.alerts);
  const rules = new Set([...alerts.values()].map(({ rule }) => rule));
  const seen = new Set<string>();
  let refused = 0;
  for (const one of report.sightings) {
    const before = alerts.get(one.fingerprint);
    // A rule that nothing is known of has room: one that runs wild hides no other.
    const hasRoom = before !== undefined || alerts.size < policy.maxAlerts || !rules.has(one.rule.name);
    rules.add(one.rule.name);
    if (!hasRoom) refused += 1;
    else alerts.set(one.fingerprint, sighted(before ?? created(one, now), one, report.reporter, now));
    seen.add(one.fingerprint);
  }
  const blind = new Set(report.blind);
  for (const record of state.alerts.values()) {
    if (seen.has(record.fingerprint) || blind.has(record.rule)) continue;
    alerts.set(record.fingerprint, unseenBy(record, report.reporter));
  }
  const reporter: Reporter = { id: report.reporter, heardAt: now, blind: report.blind };
  return {
    state: { ...state, alerts, reporters: new Map(state.reporters).set(reporter.id, reporter) },
    refused,
  };
}

function created({ fingerprint, rule, labels, value }: Sighting, now: number): AlertRecord {
  return {
    fingerprint,
    rule: rule.name,
    labels,
    ...described(rule),
    value,
    valueAt: now,
    seenBy: [],
    seenSince: null,
    unseenSince: null,
    firingAt: null,
    resolvedAt: null,
    firings: [],
    told: {},
    coolUntil: 0,
    acknowledged: null,
    heldBy: null,
  };
}

function described({ severity, component, summary, runbook, forMs }: AlertRule) {
  return { severity, component, summary, runbook, forMs };
}

/** A value is written once a minute at most: ten thousand alerts are not ten thousand writes at each evaluation. */
const VALUE_EVERY_MS = 60_000;

function sighted(record: AlertRecord, { rule, value }: Sighting, reporter: string, now: number): AlertRecord {
  const isKnown = record.seenBy.includes(reporter);
  const isCurrent = Object.is(value, record.value) || Math.abs(now - record.valueAt) < VALUE_EVERY_MS;
  if (isKnown && isCurrent) return record;
  const seenBy = isKnown ? record.seenBy : [...record.seenBy, reporter];
  return { ...record, ...described(rule), seenBy, value, valueAt: now };
}

export function unseenBy(record: AlertRecord, reporter: string): AlertRecord {
  if (!record.seenBy.includes(reporter)) return record;
  return { ...record, seenBy: record.seenBy.filter((one) => one !== reporter) };
}
