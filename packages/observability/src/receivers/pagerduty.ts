import { hash } from "node:crypto";
import type { Clock } from "@rempart/kernel";
import { Secret } from "@rempart/runtime";
import type { Notification } from "../alerting/notification.ts";
import { fittingJson } from "./fitting.ts";
import { type Answer, judgeStatus, post } from "./http.ts";
import { parseObject } from "./parsed-json.ts";
import type { Delivery, Receiver } from "./receiver.ts";
import { renderNotification } from "./rendering/render.ts";
import { cut, oneLine } from "./rendering/text.ts";
import type { Wording } from "./rendering/wording.ts";

export interface PagerDutyOptions {
  readonly url: string;
  /** Of an integration of the Events API v2: 32 characters. */
  readonly routingKey: Secret;
  /** What the alerts are about, as a host name. */
  readonly source: string;
  readonly wording: Wording;
  readonly clock: Clock;
}

/** "PagerDuty's Events API v2", "Send an alert event". */
const MAX_EVENT_BYTES = 512 * 1024;
const MAX_SUMMARY = 1_024;
const MAX_PROBLEMS = 200;
const ROUTING_KEY = /^[a-zA-Z0-9]{32}$/;

export function readRoutingKey(text: string): Secret | null {
  return ROUTING_KEY.test(text) ? new Secret(text) : null;
}

/** Triggers, acknowledges and resolves one PagerDuty alert for each group of alerts. */
export function pagerDuty(name: string, options: PagerDutyOptions): Receiver {
  const { url, routingKey, clock } = options;
  const judge = (answer: Answer): Promise<Delivery> => judgeAnswer(answer, routingKey);
  return {
    name,
    send(notification, signal) {
      const body = fittingJson(notification, MAX_EVENT_BYTES, (fitting) => eventOf(fitting, options));
      return post({ url, headers: {}, body }, { signal, clock }, judge);
    },
  };
}

function eventOf(notification: Notification, options: PagerDutyOptions): object {
  const { status, groupKey, occasion } = notification;
  const { wording, routingKey } = options;
  const key = {
    routing_key: routingKey.reveal(),
    // A group's key has no bound; PagerDuty's is 255 characters.
    dedup_key: hash("sha256", groupKey),
  };
  if (status === "resolved") return { ...key, event_action: "resolve" };
  if (occasion === "acknowledged") return { ...key, event_action: "acknowledge" };
  const rendered = renderNotification(notification, wording);
  const links = rendered.alerts.flatMap(({ runbook }) => (runbook === null ? [] : [runbook]));
  return {
    ...key,
    event_action: "trigger",
    client: "Rempart",
    ...(wording.console === null ? {} : { client_url: wording.console.href }),
    links: distinct(links).map(({ url, label }) => ({ href: url, text: label })),
    payload: {
      summary: cut(rendered.title, MAX_SUMMARY),
      source: options.source,
      severity: notification.severity,
      timestamp: new Date(notification.at).toISOString(),
      ...classOf(notification),
      custom_details: {
        summary: rendered.lead,
        alerts: rendered.alerts.map(({ title, facts }) => ({ alert: title, ...Object.fromEntries(facts) })),
        ...(rendered.more === null ? {} : { more: rendered.more }),
      },
    },
  };
}

function classOf({ alerts, groupKey }: Notification): object {
  const first = alerts[0];
  const group = { group: oneLine(groupKey, MAX_SUMMARY) };
  if (first === undefined) return group;
  return {
    ...group,
    component: oneLine(first.component, MAX_SUMMARY),
    class: oneLine(first.name, MAX_SUMMARY),
  };
}

function distinct<T extends { readonly url: string }>(links: readonly T[]): T[] {
  return [...new Map(links.map((link) => [link.url, link])).values()];
}

/** 202 with the event taken; 400 with what is wrong with it; 429. */
async function judgeAnswer(answer: Answer, routingKey: Secret): Promise<Delivery> {
  if (answer.status === 202) return { kind: "accepted" };
  if (answer.status < 300) return { kind: "retry", reason: "the answer is not PagerDuty's" };
  return judgeStatus(answer, answer.status === 400 ? await problemsIn(answer, routingKey) : "");
}

async function problemsIn(answer: Answer, routingKey: Secret): Promise<string> {
  const errors = parseObject(await answer.text())?.errors;
  const said = Array.isArray(errors) ? errors.filter((error) => typeof error === "string") : [];
  return oneLine(said.join("; ").replaceAll(routingKey.reveal(), "[secret]"), MAX_PROBLEMS);
}
