import { createHmac } from "node:crypto";
import { type Clock, fromBase64Url } from "@rempart/kernel";
import type { Notification, NotifiedAlert } from "../alerting/notification.ts";
import { boundedLabels, fittingJson } from "./fitting.ts";
import { judgeStatus, post } from "./http.ts";
import type { Receiver } from "./receiver.ts";
import { cut } from "./rendering/text.ts";

export interface WebhookOptions {
  readonly url: string;
  /** Each signs: there are several while the receiver changes from one to the next. */
  readonly keys: readonly Uint8Array[];
  readonly clock: Clock;
}

const MAX_BODY_BYTES = 256 * 1024;
const MAX_KEYS = 3;
/** What Standard Webhooks asks of a secret ("Signature scheme"). */
const MIN_KEY_BYTES = 24;
const MAX_KEY_BYTES = 64;

/**
 * Posts what schemas/alerts-1.json describes, signed as standardwebhooks.com says (`webhook-id`, `webhook-timestamp`,
 * `webhook-signature: v1,…`). The id is the same in every attempt. Any 2xx accepts.
 */
export function webhook(name: string, { url, keys, clock }: WebhookOptions): Receiver {
  return {
    name,
    send(notification, signal) {
      const body = fittingJson(notification, MAX_BODY_BYTES, bodyOf);
      const timestamp = String(Math.floor(clock.now() / 1000));
      const signed = `${notification.id}.${timestamp}.${body}`;
      const signatures = keys.map((key) => `v1,${sign(key, signed)}`);
      const headers = {
        "webhook-id": notification.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signatures.join(" "),
      };
      return post({ url, headers, body }, { signal, clock }, judgeStatus);
    },
  };
}

function sign(key: Uint8Array, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64");
}

/** The keys of one to three `whsec_…`, apart by blanks; null when one of them is none. */
export function readWebhookKeys(secrets: string): Uint8Array[] | null {
  const texts = secrets.trim().split(/\s+/);
  const keys = texts.map(readKey).filter((key) => key !== null);
  return keys.length === texts.length && keys.length <= MAX_KEYS ? keys : null;
}

function readKey(text: string): Uint8Array | null {
  const [, base64 = ""] = /^whsec_([A-Za-z0-9+/]+)={0,2}$/.exec(text) ?? [];
  const key = fromBase64Url(base64.replaceAll("+", "-").replaceAll("/", "_"));
  return key !== null && key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES ? key : null;
}

/** `version` rises when a field changes its meaning or goes; receivers ignore fields they do not know. */
function bodyOf({ at, status, alerts, groupKey, groupLabels, ...rest }: Notification): object {
  return {
    type: `alerts.${status}`,
    timestamp: iso(at),
    version: 1,
    data: {
      ...rest,
      status,
      groupKey: cut(groupKey, 1_000).toWellFormed(),
      groupLabels: boundedLabels(groupLabels),
      alerts: alerts.map(alertOf),
    },
  };
}

function alertOf(alert: NotifiedAlert): object {
  const { value, firingSince, resolvedAt, labels } = alert;
  return {
    ...alert,
    labels: boundedLabels(labels),
    value: Number.isFinite(value) ? value : null,
    firingSince: iso(firingSince),
    resolvedAt: resolvedAt === null ? null : iso(resolvedAt),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
