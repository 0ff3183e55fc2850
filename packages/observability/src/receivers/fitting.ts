import type { Notification } from "../alerting/notification.ts";
import type { Labels } from "../history/series.ts";
import { cut } from "./rendering/text.ts";

const MAX_LABELS = 32;
const MAX_NAME = 100;
const MAX_VALUE = 1_000;

/** Labels for a program to read: as they are, but bounded. */
export function boundedLabels(labels: Labels): Record<string, string> {
  const shown = Object.entries(labels).slice(0, MAX_LABELS);
  return Object.fromEntries(
    shown.map(([name, value]) => [cut(name, MAX_NAME).toWellFormed(), cut(value, MAX_VALUE).toWellFormed()]),
  );
}

/** JSON of at most `maxBytes`: alerts are left out, the least grave first, until it fits. */
export function fittingJson(
  notification: Notification,
  maxBytes: number,
  compose: (notification: Notification) => object,
): string {
  const { alerts, omitted } = notification;
  let kept = alerts.length;
  for (;;) {
    const left = { ...notification, alerts: alerts.slice(0, kept), omitted: omitted + alerts.length - kept };
    const text = JSON.stringify(compose(left));
    if (kept === 0 || Buffer.byteLength(text) <= maxBytes) return text;
    kept = Math.floor(kept / 2);
  }
}
