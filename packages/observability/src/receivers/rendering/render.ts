import type { Notification, NotifiedAlert } from "../../alerting/notification.ts";
import type { Labels } from "../../history/series.ts";
import { english } from "./english.ts";
import { formatDuration, formatNumber, formatTime } from "./format.ts";
import { french } from "./french.ts";
import type { Phrases } from "./phrases.ts";
import { cut, oneLine } from "./text.ts";

export type Language = "en" | "fr";

/** How an operator wants to be told. */
export interface Wording {
  readonly language: Language;
  /** Of the IANA database, as `Europe/Paris`. */
  readonly timeZone: string;
  /** Where `NAME.md` stands for each runbook, as in docs/runbooks; null: runbooks are named only. */
  readonly runbooks: URL | null;
  readonly console: URL | null;
}

export interface Link {
  readonly label: string;
  readonly url: string;
}

export interface RenderedAlert {
  readonly title: string;
  readonly facts: readonly (readonly [word: string, value: string])[];
  readonly runbook: Link | null;
  /** The same as lines. */
  readonly lines: readonly string[];
}

/** What a receiver lays out. No text in it breaks a line, or hides or reorders what stands around it; nothing is escaped. */
export interface RenderedNotification {
  readonly title: string;
  readonly lead: string;
  readonly alerts: readonly RenderedAlert[];
  /** How many more alerts there are, in words. */
  readonly more: string | null;
  readonly console: Link | null;
  /** All of it as plain text. */
  readonly text: string;
}

const PHRASES: Readonly<Record<Language, Phrases>> = { en: english, fr: french };
const MAX_NAME = 100;
const MAX_SUMMARY = 500;
const MAX_VALUE = 200;
const MAX_LABELS = 20;
/** They have a line of their own. */
const TOLD: readonly string[] = ["alertname", "severity", "component"];

/** Lists at most `most` of the alerts, and says how many more there are. */
export function renderNotification(
  notification: Notification,
  wording: Wording,
  most = 100,
): RenderedNotification {
  const phrases = PHRASES[wording.language];
  const listed = notification.alerts.slice(0, most);
  const omitted = notification.omitted + notification.alerts.length - listed.length;
  const rendered = {
    title: titleOf(notification, phrases),
    lead: leadOf(notification, phrases),
    alerts: listed.map((alert) => renderAlert(alert, notification.at, wording, phrases)),
    more: omitted === 0 ? null : phrases.notListed(omitted),
    console: wording.console === null ? null : { label: phrases.console, url: wording.console.href },
  };
  return { ...rendered, text: plainText(rendered, phrases) };
}

function titleOf({ occasion, status, severity, alerts, omitted }: Notification, phrases: Phrases): string {
  const first = alerts[0];
  const others = alerts.length + omitted - 1;
  const name =
    first === undefined ? "" : `${oneLine(first.name, MAX_NAME)} (${oneLine(first.component, MAX_NAME)})`;
  const mark = [
    ...(occasion === "test" ? [phrases.test] : []),
    status === "resolved" ? phrases.resolved : phrases.severities[severity],
    ...(status === "firing" && occasion !== "new" && occasion !== "resolved" && occasion !== "test"
      ? [phrases.occasions[occasion]]
      : []),
  ];
  const [head = "", ...rest] = mark;
  const words = [`[${[head.toLocaleUpperCase(phrases.locale), ...rest].join(", ")}]`, name];
  if (others > 0) words.push(phrases.andMore(others));
  return words.filter((word) => word !== "").join(" ");
}

function leadOf({ occasion, status, alerts, omitted }: Notification, phrases: Phrases): string {
  const firing = alerts.filter(({ state }) => state === "firing").length;
  const counts = phrases.counts({ firing, resolved: alerts.length - firing, omitted });
  if (occasion === "test") return `${phrases.testLead} ${counts}`;
  return occasion === "escalated" && status === "firing" ? `${phrases.escalatedLead} ${counts}` : counts;
}

function renderAlert(alert: NotifiedAlert, at: number, wording: Wording, phrases: Phrases): RenderedAlert {
  const title = `${oneLine(alert.name, MAX_NAME)}${phrases.colon}${oneLine(alert.summary, MAX_SUMMARY)}`;
  const labels = labelText(alert.labels);
  const runbook = runbookLink(alert.runbook, wording.runbooks, phrases);
  const facts: (readonly [string, string])[] = [
    [phrases.severity, phrases.severities[alert.severity]],
    [phrases.component, oneLine(alert.component, MAX_NAME)],
    ...timesOf(alert, at, wording.timeZone, phrases),
    [phrases.value, formatNumber(alert.value, phrases.locale)],
    ...(labels === "" ? [] : [[phrases.labels, labels] as const]),
    ...(alert.flapping === true ? [[phrases.flapping, phrases.comesAndGoes] as const] : []),
    ...(runbook === null && alert.runbook !== ""
      ? [[phrases.runbook, oneLine(alert.runbook, MAX_NAME)] as const]
      : []),
  ];
  const links = runbook === null ? [] : [[runbook.label, runbook.url] as const];
  const lines = [...facts, ...links].map(([word, value]) => `${word}${phrases.colon}${value}`);
  return { title, facts, runbook, lines: [title, ...lines] };
}

function timesOf(
  { firingSince, resolvedAt }: NotifiedAlert,
  at: number,
  timeZone: string,
  phrases: Phrases,
): (readonly [string, string])[] {
  const { locale } = phrases;
  const since = formatTime(firingSince, locale, timeZone);
  const duration = formatDuration((resolvedAt ?? at) - firingSince, locale);
  if (resolvedAt === null) return [[phrases.since, phrases.lasting(since, duration)]];
  const end = formatTime(resolvedAt, locale, timeZone);
  return [
    [phrases.since, since],
    [phrases.resolvedAt, phrases.lasted(end, duration)],
  ];
}

function labelText(labels: Labels): string {
  const shown = Object.entries(labels).filter(([name]) => !TOLD.includes(name));
  const texts = shown
    .slice(0, MAX_LABELS)
    .map(([name, value]) => `${oneLine(name, MAX_NAME)}="${oneLine(value, MAX_VALUE)}"`);
  if (shown.length > MAX_LABELS) texts.push("…");
  return texts.join(", ");
}

function runbookLink(runbook: string, base: URL | null, phrases: Phrases): Link | null {
  if (base === null || runbook === "") return null;
  const folder = `${base.origin}${base.pathname.replace(/\/*$/, "/")}`;
  const url = `${folder}${encodeURIComponent(cut(runbook, MAX_NAME).toWellFormed())}.md`;
  return { label: phrases.runbook, url };
}

function plainText(rendered: Omit<RenderedNotification, "text">, { colon }: Phrases): string {
  const { title, lead, alerts, more, console } = rendered;
  const paragraphs = [
    title,
    lead,
    ...alerts.map(({ lines }) => lines.join("\n")),
    ...(more === null ? [] : [more]),
    ...(console === null ? [] : [`${console.label}${colon}${console.url}`]),
  ];
  return `${paragraphs.join("\n\n")}\n`;
}
