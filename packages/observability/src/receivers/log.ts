import type { Logger } from "@rempart/runtime";
import type { Notification } from "../alerting/notification.ts";
import { boundedLabels } from "./fitting.ts";
import type { Receiver } from "./receiver.ts";
import { renderNotification } from "./rendering/render.ts";
import type { Wording } from "./rendering/wording.ts";

const LEVELS = { critical: "error", warning: "warn", info: "info" } as const;
/** A line is read by people, and cut by what carries it. */
const MOST_ALERTS = 20;

/** One line for each notification. */
export function logReceiver(name: string, log: Logger, wording: Wording): Receiver {
  return {
    name,
    async send(notification) {
      const { title } = renderNotification(notification, wording, 0);
      log[levelOf(notification)](fieldsOf(notification), title);
      return { kind: "accepted" };
    },
  };
}

function levelOf({ status, occasion, severity }: Notification): "error" | "warn" | "info" {
  const isCalm = status === "resolved" || occasion === "acknowledged" || occasion === "test";
  return isCalm ? "info" : LEVELS[severity];
}

function fieldsOf({ alerts, omitted, groupLabels, at: _, ...rest }: Notification): object {
  const listed = alerts.slice(0, MOST_ALERTS);
  return {
    ...rest,
    groupLabels: boundedLabels(groupLabels),
    alerts: listed.map(({ name, state, value, labels }) => ({
      name,
      state,
      value,
      labels: boundedLabels(labels),
    })),
    omitted: omitted + alerts.length - listed.length,
  };
}
