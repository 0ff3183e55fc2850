import type { Notification } from "../../alerting/notification.ts";
import { alertName, type Link, type RenderedAlert, renderAlert } from "./alert.ts";
import type { Phrases } from "./phrases.ts";
import { type Voice, voiceOf, type Wording } from "./wording.ts";

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

/** Lists at most `most` of the alerts, and says how many more there are. */
export function renderNotification(
  notification: Notification,
  wording: Wording,
  most = 100,
): RenderedNotification {
  const voice = voiceOf(wording);
  const { phrases, formats } = voice;
  const listed = notification.alerts.slice(0, most);
  const omitted = notification.omitted + notification.alerts.length - listed.length;
  const rendered = {
    title: titleOf(notification, voice),
    lead: leadOf(notification, voice),
    alerts: listed.map((alert) => renderAlert(alert, notification.at, voice)),
    more: omitted === 0 ? null : phrases.notListed(omitted, formats.number),
    console: wording.console === null ? null : { label: phrases.console, url: wording.console.href },
  };
  return { ...rendered, text: plainText(rendered, phrases) };
}

function titleOf(notification: Notification, { phrases, formats }: Voice): string {
  const { alerts, omitted } = notification;
  const [first] = alerts;
  const [head = "", ...rest] = marksOf(notification, phrases);
  const words = [`[${[head.toLocaleUpperCase(phrases.locale), ...rest].join(", ")}]`];
  if (first !== undefined) words.push(alertName(first));
  const others = alerts.length + omitted - 1;
  if (others > 0) words.push(phrases.andMore(others, formats.number));
  return words.join(" ");
}

/** The most important first. */
function marksOf({ occasion, status, severity }: Notification, phrases: Phrases): string[] {
  const state = status === "resolved" ? phrases.resolved : phrases.severities[severity];
  if (occasion === "test") return [phrases.test, state];
  if (status === "resolved" || !(occasion in phrases.occasions)) return [state];
  return [state, phrases.occasions[occasion as keyof Phrases["occasions"]]];
}

function leadOf({ occasion, status, alerts, omitted }: Notification, { phrases, formats }: Voice): string {
  const firing = alerts.filter(({ state }) => state === "firing").length;
  const counts = phrases.counts({ firing, resolved: alerts.length - firing, omitted }, formats.number);
  if (occasion === "test") return `${phrases.testLead} ${counts}`;
  return occasion === "escalated" && status === "firing" ? `${phrases.escalatedLead} ${counts}` : counts;
}

function plainText(rendered: Omit<RenderedNotification, "text">, { colon }: Phrases): string {
  const { title, lead, alerts, more, console } = rendered;
  const line = ({ label, url }: Link): string => `${label}${colon}${url}`;
  const paragraphs = [
    title,
    lead,
    ...alerts.map(({ lines, runbook }) =>
      [...lines, ...(runbook === null ? [] : [line(runbook)])].join("\n"),
    ),
    ...(more === null ? [] : [more]),
    ...(console === null ? [] : [line(console)]),
  ];
  return `${paragraphs.join("\n\n")}\n`;
}
