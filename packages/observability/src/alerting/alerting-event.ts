import type { Delivery } from "../receivers/receiver.ts";
import type { Notification } from "./notification.ts";
import type { AlertEvent } from "./state.ts";

/** For metrics, and for whoever goes on from what was told. */
export type AlertingEvent =
  | { readonly kind: "alert"; readonly rule: string; readonly what: AlertEvent["kind"] }
  /** What became of an attempt. */
  | {
      readonly kind: "delivery";
      readonly notification: Notification;
      readonly outcome: Delivery["kind"];
      readonly isDead: boolean;
    }
  /** Alerts that there was no room for. */
  | { readonly kind: "refused"; readonly count: number }
  | { readonly kind: "store"; readonly isAway: boolean };

export type Observe = (event: AlertingEvent) => void;
