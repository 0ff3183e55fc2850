import type { NotifiedAlert } from "../../alerting/notification.ts";
import type { Labels } from "../../history/series.ts";
import { cut, oneLine } from "./text.ts";
import type { Voice } from "./wording.ts";

export interface Link {
  readonly label: string;
  readonly url: string;
}

type Fact = readonly [word: string, value: string];

export interface RenderedAlert {
  readonly title: string;
  readonly facts: readonly Fact[];
  /** Null where it is a fact, or there is none. */
  readonly runbook: Link | null;
  /** Title and facts. */
  readonly lines: readonly string[];
}

const MAX_NAME = 100;
const MAX_SUMMARY = 500;
const MAX_VALUE = 200;
const MAX_LABELS = 20;
/** They have a line of their own. */
const TOLD: readonly string[] = ["alertname", "severity", "component"];

/** As it was at `at`, in milliseconds since the Unix epoch. */
export function renderAlert(alert: NotifiedAlert, at: number, voice: Voice): RenderedAlert {
  const { phrases, formats } = voice;
  const title = `${oneLine(alert.name, MAX_NAME)}${phrases.colon}${oneLine(alert.summary, MAX_SUMMARY)}`;
  const runbook = runbookLink(alert.runbook, voice);
  const known: readonly Fact[] = [
    [phrases.severity, phrases.severities[alert.severity]],
    [phrases.component, oneLine(alert.component, MAX_NAME)],
    ...timesOf(alert, at, voice),
    [phrases.value, formats.number(alert.value)],
    [phrases.labels, labelText(alert.labels)],
    [phrases.flapping, alert.flapping === true ? phrases.comesAndGoes : ""],
    [phrases.acknowledgedBy, oneLine(alert.acknowledgedBy ?? "", MAX_NAME)],
    [phrases.runbook, runbook === null ? oneLine(alert.runbook, MAX_NAME) : ""],
  ];
  const facts = known.filter(([, value]) => value !== "");
  const lines = facts.map(([word, value]) => `${word}${phrases.colon}${value}`);
  return { title, facts, runbook, lines: [title, ...lines] };
}

/** `HighErrorRate (application)`. */
export function alertName({ name, component }: NotifiedAlert): string {
  return `${oneLine(name, MAX_NAME)} (${oneLine(component, MAX_NAME)})`;
}

function timesOf(
  { firingSince, resolvedAt }: NotifiedAlert,
  at: number,
  { phrases, formats }: Voice,
): readonly Fact[] {
  const since = formats.time(firingSince);
  const duration = formats.duration((resolvedAt ?? at) - firingSince);
  if (resolvedAt === null) return [[phrases.since, phrases.lasting(since, duration)]];
  return [
    [phrases.since, since],
    [phrases.resolvedAt, phrases.lasted(formats.time(resolvedAt), duration)],
  ];
}

function labelText(labels: Labels): string {
  const shown = Object.entries(labels).filter(([name]) => !TOLD.includes(name));
  const texts = shown
    .slice(0, MAX_LABELS)
    .map(([name, value]) => `${oneLine(name, MAX_NAME)}="${quoted(value)}"`);
  if (shown.length > MAX_LABELS) texts.push("…");
  return texts.join(", ");
}

/** A quotation mark would end the value, and begin a label that there is not. */
function quoted(value: string): string {
  return oneLine(cut(value, MAX_VALUE).replaceAll(/["\\]/g, "\\$&"), MAX_VALUE);
}

function runbookLink(runbook: string, { wording: { runbooks }, phrases }: Voice): Link | null {
  if (runbooks === null || runbook === "") return null;
  const folder = `${runbooks.origin}${runbooks.pathname.replace(/\/*$/, "/")}`;
  const page = encodeURIComponent(cut(runbook, MAX_NAME).toWellFormed());
  return { label: phrases.runbook, url: `${folder}${page}.md` };
}
